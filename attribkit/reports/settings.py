"""The settings of a report, checked before anything is computed."""

from dataclasses import dataclass

from attribkit.booleans import check_booleans
from attribkit.errors import InputError

_LEAST = {
    "texts": 0,
    "mistakes": 0,
    "taught": 0,
    "suspects": 0,
    "words": 1,
    "counted": 1,
    "tested": 0,
    "mapped": 3,
}


@dataclass(frozen=True)
class ReportSettings:
    """How much of everything a report holds.

    Attributes:
        texts: how many explained texts, to be searched.
        mistakes: how many of the most confident mistakes, with their scores.
        taught: for how many mistakes the training rows that taught them are named.
        suspects: how many training rows are listed whose label is likeliest wrong.
        words: rows of each table of words.
        counted: the most texts whose words are counted.
        tested: on how many texts the explanations are tested; 0 leaves that out.
        map: whether the map of a layer is drawn.
        layer: which layer; None for what the last layer reads.
        mapped: the most texts on the map.
        baselines: with which the explanations are computed again; the first is the report's own.
        seed: of every draw.
        batch_size: the most texts at once; None chooses by their length.
    """

    texts: int = 200
    mistakes: int = 10
    taught: int = 5
    suspects: int = 10
    words: int = 15
    counted: int = 5_000
    tested: int = 100
    map: bool = False
    layer: str | None = None
    mapped: int = 2_000
    baselines: tuple[str, ...] = ("pad", "unk", "mean")
    seed: int = 0
    batch_size: int | None = None

    def __post_init__(self) -> None:
        check_booleans(map=self.map)
        object.__setattr__(self, "baselines", tuple(self.baselines))
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise InputError(f"`{name}` must be at least {least}, got {getattr(self, name)}")
        if not self.baselines:
            raise InputError("`baselines` must name at least one baseline, such as 'pad', got none")
