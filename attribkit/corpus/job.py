"""What every worker of a run needs to know: strings and numbers only, so that it can be sent anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from attribkit.attribution.label_index import LabelName
from attribkit.errors import RunError


@dataclass(frozen=True)
class Settings:
    """What is computed and what is kept.

    Attributes:
        target: as `attribkit.explain` takes it.
        output: as `attribkit.explain` takes it.
        method: as `attribkit.explain` takes it.
        baseline: as `attribkit.explain` takes it.
        tolerance: as `attribkit.explain` takes it.
        keep_text: whether each row holds its text, so that it can be drawn by itself.
        words: whether each word's scores are summed up as well.
        max_steps: as `attribkit.explain` takes it.
    """

    target: LabelName | Sequence[LabelName] | None = None
    output: str | None = None
    method: str | None = None
    baseline: str = "pad"
    tolerance: float = 1e-4
    keep_text: bool = False
    words: bool = False
    max_steps: int | None = None

    def described(self) -> dict[str, Any]:
        """As the manifest holds them; one that older versions do not have only where it was set."""
        return {name: value for name, value in asdict(self).items() if name != "max_steps" or value is not None}


@dataclass(frozen=True)
class Job:
    """What a worker needs to know, in plain data.

    Attributes:
        model: a model folder, or a bundled name.
        dtype: of the network's numbers, if it is not that of the folder.
        folder: where parts are written; every worker must reach it.
        settings: what is computed.
        imports: modules that register networks or methods of the user's own, imported before the model is loaded.
        long: what becomes of a text that is longer than a transformer reads, as `attribkit.load` takes it.
        stride: of its windows, likewise.
    """

    model: str
    dtype: str | None
    folder: str
    settings: Settings
    imports: tuple[str, ...] = ()
    long: str | None = None
    stride: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As `from_json` reads it."""
        return asdict(self)

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> "Job":
        """Read what `to_json` wrote."""
        read = {"settings": Settings(**content["settings"]), "imports": tuple(content["imports"])}
        return Job(**{**content, **read})


def check_worker(introduction: Mapping[str, Any], first: Mapping[str, Any]) -> None:
    """Check that a worker has the versions and the model of the first one.

    Raises:
        RuntimeError: if something differs; the sentence names it.
    """
    others = differing(introduction["versions"], first["versions"])
    if introduction["model"] != first["model"]:
        others = f"another model{f' and {others}' if others else ''}"
    if others:
        raise RunError(
            f"a worker has {others}, which would mix numbers; let all of them have the same, and run the same command "
            "again: finished parts are kept"
        )


def differing(now: Mapping[str, str], then: Mapping[str, str]) -> str:
    """Which versions differ, in words; "" if none does."""
    names = [name for name in sorted({**then, **now}) if now.get(name) != then.get(name)]
    return ", ".join(f"{name} {now.get(name, 'not at all')} instead of {then.get(name, 'none')}" for name in names)
