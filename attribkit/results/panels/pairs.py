"""How much each pair of tokens moved one output of the model together, beyond what each moved alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.results.panels.arrays import ArrayEquality, check_tokens, freeze

INDICES = {"shapley": "Shapley interaction index", "integrated_hessians": "integrated Hessians"}
"""What is shared out over pairs, by the name a user types."""


@dataclass(frozen=True, eq=False)
class Pairs(ArrayEquality):
    """The interactions of a text's tokens: of a symmetric matrix, the pairs above the diagonal that are not 0.

    For every index, own_i + Σ_j value_ij is what token i contributes within the whole text, which `expected` holds:

    - Shapley interaction index: own_i is what the token adds to the baseline alone, expected_i what the output loses
      if that token alone is replaced by its baseline; both from the network's own forward pass.
    - integrated Hessians: own_i is the token's own curvature and slope, the matrix's diagonal, expected_i its
      integrated gradient; Σ own + 2 Σ values is F(text) − F(baseline).

    Attributes:
        title: what is shown.
        starts: (T,) where each token begins in the original text, in characters, in reading order.
        ends: (T,) where it ends.
        tokens: (T,) as the model read them.
        known: (T,) False where the model's vocabulary lacks the token.
        firsts: (P,) int64, each pair's first token, in reading order; a pair that is not listed has the value 0.
        seconds: (P,) int64, its second token, after the first.
        values: (P,) in `unit`; positive if the two together speak more for `target` than each alone.
        own: (T,) in `unit`, own_i above.
        expected: (T,) in `unit`, expected_i above.
        unit: "log-odds" or "logit".
        target: the label explained, or "a − b" for why a and not b.
        index: one of `INDICES`.
        baseline: the baseline's name, or its text.
        output_text: F(text), from the network's own forward pass.
        output_baseline: F(baseline), likewise.
        tolerance: the largest relative error that counts as converged.
        tokens_total: tokens in the whole text; more than T if it was truncated.
        notes: sentences a reader must know.
    """

    title: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: tuple[str, ...]
    known: NDArray[np.bool_]
    firsts: NDArray[np.int64]
    seconds: NDArray[np.int64]
    values: NDArray[np.float64]
    own: NDArray[np.float64]
    expected: NDArray[np.float64]
    unit: str
    target: str
    index: str
    baseline: str
    output_text: float
    output_baseline: float
    tolerance: float
    tokens_total: int
    notes: tuple[str, ...] = ()

    kind = "pairs"

    def __post_init__(self) -> None:
        freeze(self, starts=np.int64, ends=np.int64, known=np.bool_, firsts=np.int64, seconds=np.int64)
        freeze(self, values=float, own=float, expected=float)
        object.__setattr__(self, "tokens", tuple(self.tokens))
        object.__setattr__(self, "notes", tuple(self.notes))
        check_tokens(self, "pairs", "own", "expected")
        if self.index not in INDICES:
            raise InputError(f"`index` must be one of {', '.join(INDICES)}, got {self.index!r}")
        self._check_pairs()

    def _check_pairs(self) -> None:
        count = len(self.tokens)
        if not len(self.firsts) == len(self.seconds) == len(self.values):
            raise InputError(
                f"`firsts`, `seconds` and `values` must be as long as each other, got {len(self.firsts)}, "
                f"{len(self.seconds)} and {len(self.values)}"
            )
        if np.any(self.firsts < 0) or np.any(self.firsts >= self.seconds) or np.any(self.seconds >= count):
            raise InputError(f"every pair must be two of the {count} tokens, the earlier first")
        if np.any(np.diff(self.firsts * count + self.seconds) <= 0):
            raise InputError("the pairs must stand in reading order, each once")

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(T, T) symmetric, `own` on the diagonal."""
        matrix = np.diag(self.own)
        matrix[self.firsts, self.seconds] = matrix[self.seconds, self.firsts] = self.values
        return matrix

    @property
    def relative_error(self) -> float:
        """The largest |own_i + Σ_j value_ij − expected_i|, or the completeness error, / Σ|matrix|, with 0/0 = 0.

        Infinite if sums are too large for a float.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            size = float(np.abs(self.own).sum() + 2 * np.abs(self.values).sum())
            rows = self.own.copy()
            np.add.at(rows, self.firsts, self.values)
            np.add.at(rows, self.seconds, self.values)
            error = float(np.abs(rows - self.expected).max(initial=0.0))
            if self.index == "integrated_hessians":
                error = max(error, abs(float(rows.sum()) - (self.output_text - self.output_baseline)))
        if not np.isfinite(size + error):
            return float("inf")
        return error / size if size else (0.0 if error == 0 else float("inf"))

    @property
    def converged(self) -> bool:
        """Whether the relative error is within the tolerance."""
        return self.relative_error <= self.tolerance

    @property
    def verdict(self) -> str:
        """One sentence on how far the values can be trusted; printed on every picture."""
        relative = "0" if self.relative_error == 0 else f"{self.relative_error:.1e}"
        if self.converged:
            return f"values sum to the model’s output for every word: relative error {relative} ≤ {self.tolerance:g}"
        return f"values do not sum to the model’s output: relative error {relative} > {self.tolerance:g}"

    @property
    def truncated(self) -> bool:
        """Whether the model read only part of the text."""
        return self.tokens_total > len(self.tokens)

    def strongest(self, count: int) -> list[int]:
        """The places of up to `count` pairs whose value is not 0, the largest in size first."""
        order = np.argsort(-np.abs(self.values), kind="stable")[:count]
        return [int(i) for i in order if self.values[i] != 0]
