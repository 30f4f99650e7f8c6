"""The windows of a text that is longer than its model reads."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.plurals import number_of
from attribkit.results.panels.arrays import ArrayEquality, freeze


@dataclass(frozen=True, eq=False)
class TextWindows(ArrayEquality):
    """What each of W windows says by itself, explained as a text of its own.

    Attributes:
        starts: (W,) where each begins in the original text, in characters.
        ends: (W,) where it ends.
        tokens: (W,) how many tokens it has as the model reads them, special ones not counted.
        answers: (W,) what the model predicts of it alone, such as "pos (97.1%)".
        outputs: (W,) F(window), from the network's own forward pass, in the panel's unit.
        baselines: (W,) F(baseline) likewise.
        totals: (W,) Σ of the scores of the window alone.
        relative_errors: (W,) |Σ scores − (F(window) − F(baseline))| / Σ|scores|, with 0/0 = 0.
        steps: (W,) how often the network was evaluated.
        converged: (W,) whether every criterion was met; None for a method that does not promise completeness.
        verdicts: (W,) the same as a sentence.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: NDArray[np.int64]
    answers: tuple[str, ...]
    outputs: NDArray[np.float64]
    baselines: NDArray[np.float64]
    totals: NDArray[np.float64]
    relative_errors: NDArray[np.float64]
    steps: NDArray[np.int64]
    converged: tuple[bool | None, ...]
    verdicts: tuple[str, ...]

    def __post_init__(self) -> None:
        freeze(self, starts=np.int64, ends=np.int64, tokens=np.int64, steps=np.int64)
        freeze(self, outputs=float, baselines=float, totals=float, relative_errors=float)
        for name in ("answers", "converged", "verdicts"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        lengths = {len(column) for column in vars(self).values()}
        if len(lengths) != 1:
            raise InputError(f"windows need one entry each in every column, got lengths {sorted(lengths)}")

    @property
    def note(self) -> str:
        """What a reader of the whole text's scores must know of them, in a sentence."""
        answers = [re.sub(r" \([^()]*%\)", "", answer) for answer in self.answers]
        if len(answers) > _NAMED:
            answers = [f"{answer} ({number_of(answers.count(answer), 'time')})" for answer in dict.fromkeys(answers)]
        missed = [number for number, converged in enumerate(self.converged, 1) if converged is False]
        alone = f"by themselves the windows say {', '.join(answers)}"
        if missed:
            which = f"window {missed[0]}" if len(missed) == 1 else f"windows {', '.join(map(str, missed))}"
            first = self.verdicts[missed[0] - 1]
            return f"{alone}; {which} of {len(self.answers)} did not converge, the first: {first}"
        if None in self.converged:
            return alone
        return f"{alone}; the scores of each sum to its own output, relative error ≤ {self.relative_errors.max():.1e}"


_NAMED = 6
"""So many windows' answers are listed; of more it is said how often each was given."""
