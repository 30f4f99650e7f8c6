"""Several measures of the same tokens, one below the other, and their rank agreement."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.results.panels.arrays import ArrayEquality, check_tokens, freeze, nested


@dataclass(frozen=True, eq=False)
class HeatmapRow(ArrayEquality):
    """One measure of every token.

    Attributes:
        name: "attention", "integrated gradients", "leave-one-out", or a head's name.
        values: (T,), in `unit`.
        unit: "weight" for attention, whose values are at least 0 and sum to 1; else what the scores share out.
    """

    name: str
    values: NDArray[np.float64]
    unit: str

    def __post_init__(self) -> None:
        freeze(self, values=float)

    @property
    def signed(self) -> bool:
        """Whether the values have a sign, for or against; weights only have a size."""
        return self.unit != "weight"

    def opposite_signs(self, other: "HeatmapRow") -> tuple[int, int] | None:
        """At how many tokens the signs of the two differ, and how many both score; None where one has no signs."""
        if not (self.signed and other.signed):
            return None
        signs = np.sign(self.values) * np.sign(other.values)
        return int((signs < 0).sum()), int((signs != 0).sum())


@dataclass(frozen=True)
class Agreement:
    """The rank agreement of two rows of a heatmap, by the size of their values.

    Attributes:
        first: the name of one row.
        second: the name of the other.
        tau: Kendall's τ-b, −1 to 1; None where a row is constant or there is one token.
        shared: how many of the `top` strongest tokens the rows share; None where τ is.
        top: how many of the strongest tokens are compared.
    """

    first: str
    second: str
    tau: float | None
    shared: int | None
    top: int


@dataclass(frozen=True, eq=False)
class Heatmap(ArrayEquality):
    """Rows of values over a text's tokens, in reading order; repeated words keep columns of their own.

    Attributes:
        title: what is shown.
        starts: (T,) where each token begins in the original text, in characters.
        ends: (T,) where it ends.
        tokens: (T,) as the model read them.
        known: (T,) False where the model's vocabulary lacks the token.
        rows: the measures, the first of which is the view's own.
        agreements: of pairs of rows, if there are several.
        tokens_total: tokens in the whole text; more than T if it was truncated.
        notes: sentences a reader must know.
    """

    title: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: tuple[str, ...]
    known: NDArray[np.bool_]
    rows: tuple[HeatmapRow, ...]
    agreements: tuple[Agreement, ...]
    tokens_total: int
    notes: tuple[str, ...] = ()

    kind = "heatmap"

    def __post_init__(self) -> None:
        freeze(self, starts=np.int64, ends=np.int64, known=np.bool_)
        object.__setattr__(self, "tokens", tuple(self.tokens))
        object.__setattr__(self, "notes", tuple(self.notes))
        object.__setattr__(self, "rows", tuple(nested(HeatmapRow, row) for row in self.rows))
        object.__setattr__(self, "agreements", tuple(nested(Agreement, agreement) for agreement in self.agreements))
        lengths = {len(self.starts), len(self.ends), len(self.tokens), len(self.known)}
        if len(lengths | {len(row.values) for row in self.rows}) != 1 or not self.rows:
            raise InputError("a heatmap needs at least one row and one entry per token in every row and column")
        check_tokens(self, "heatmaps")

    @property
    def truncated(self) -> bool:
        """Whether the model read only part of the text."""
        return self.tokens_total > len(self.tokens)
