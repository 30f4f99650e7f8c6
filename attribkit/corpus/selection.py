"""The rows of a corpus that are explained: by conditions on their columns, a sample, and a limit."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from attribkit.errors import InputError

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": eq,
    "!=": ne,
    ">=": ge,
    "<=": le,
    "=": eq,
    ">": gt,
    "<": lt,
}
_MEANT = {"=>": ">=", "=<": "<=", "<>": "!="}
"""Comparisons of other languages, and those that stand for them here."""
_CONDITION = re.compile(r"\s*(.+?)\s*(==|!=|>=|<=|=|>|<)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """`column operator value`: compared as numbers if both are, else as text."""

    column: str
    operator: str
    value: str

    @staticmethod
    def parse(text: str) -> "Condition":
        """Read `rating>=7`, `label = neg`, `lang != 'en'`.

        Raises:
            ValueError: for anything else; for `rating=>7` the sentence says which comparison was meant.
        """
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise InputError(f"a condition such as rating>=7 or label=neg was expected as `where`, got {text!r}")
        column, operator, value = match.groups()
        written = text[match.start(2) :][:2]
        if written in _MEANT:
            meant = f"{column}{_MEANT[written]}{value[1:].lstrip()}"
            raise InputError(f"`where` has no comparison {written}, got {text!r}; write {meant!r} if that was meant")
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        return Condition(column, operator, value)

    def holds(self, cells: Mapping[str, Any]) -> bool:
        """Whether a row meets it. A missing value differs from every value and is neither larger nor smaller."""
        cell = cells.get(self.column)
        if cell is None:
            return self.operator == "!="
        try:
            return _COMPARE[self.operator](float(cell), float(self.value))
        except (TypeError, ValueError, OverflowError):
            return _COMPARE[self.operator](str(cell), self.value)


@dataclass(frozen=True)
class Selection:
    """Which rows of a corpus are explained.

    Attributes:
        where: conditions that must all hold; a row that could not be read meets them all, so that none disappears.
        sample: the share of rows, drawn by number: the same rows every time.
        seed: of the sample.
        limit: the most of the rows left, from the first; None for all.

    Raises:
        ValueError: for a share that is not in (0, 1], or a limit below 1.
    """

    where: tuple[Condition, ...] = ()
    sample: float = 1.0
    seed: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.sample <= 1:
            raise InputError(f"`sample` must be a share above 0 and at most 1, such as 0.01, got {self.sample}")
        if self.limit is not None and self.limit < 1:
            raise InputError(f"`limit` must be at least 1, got {self.limit}")

    @staticmethod
    def of(where: str | Sequence[str], sample: float, seed: int, limit: int | None) -> "Selection":
        """Make it from the options of `explain_corpus`."""
        texts = [where] if isinstance(where, str) else where
        return Selection(tuple(Condition.parse(text) for text in texts), sample, seed, limit)

    @property
    def columns(self) -> list[str]:
        """The columns it looks at."""
        return [condition.column for condition in self.where]

    def takes(self, number: int, cells: Mapping[str, Any] | None) -> bool:
        """Whether the row of that number is explained, the limit left aside."""
        if self.sample < 1:
            drawn = blake2b(f"{self.seed}:{number}".encode(), digest_size=8).digest()
            if int.from_bytes(drawn, "big") >= self.sample * 2**64:
                return False
        return cells is None or all(condition.holds(cells) for condition in self.where)
