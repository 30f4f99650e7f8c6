"""How many explanations of a set converged, to be shown beside every figure made from their scores."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from attribkit.plurals import number_of
from attribkit.results.panels.token_scores import TokenScores


@dataclass(frozen=True)
class Convergence:
    """How many explanations of a set converged; one verdict for each text and target.

    Attributes:
        converged: how many met their tolerance.
        failed: how many did not.
        not_applicable: how many are of methods without completeness: sampled ones, gradients, attention.
        worst_relative_error: the largest relative completeness error of those that converged or failed; None if there
            are none, infinite if a sum was too large for a float.
    """

    converged: int = 0
    failed: int = 0
    not_applicable: int = 0
    worst_relative_error: float | None = None

    def __post_init__(self) -> None:
        if self.worst_relative_error is not None:  # JSON has "inf" as a string
            object.__setattr__(self, "worst_relative_error", float(self.worst_relative_error))

    @staticmethod
    def of(panels: Iterable[TokenScores]) -> "Convergence":
        """Count the verdicts of panels."""
        return Convergence.counted((panel.converged, panel.relative_error) for panel in panels)

    @staticmethod
    def counted(verdicts: Iterable[tuple[bool | None, float]]) -> "Convergence":
        """Count verdicts, each given with its relative error."""
        pairs = list(verdicts)
        checked = [(verdict, float(error)) for verdict, error in pairs if verdict is not None]
        converged = sum(bool(verdict) for verdict, _ in checked)
        worst = max((error for _, error in checked), default=None)
        return Convergence(converged, len(checked) - converged, len(pairs) - len(checked), worst)

    def __add__(self, other: "Convergence") -> "Convergence":
        errors = [error for error in (self.worst_relative_error, other.worst_relative_error) if error is not None]
        return Convergence(
            self.converged + other.converged,
            self.failed + other.failed,
            self.not_applicable + other.not_applicable,
            max(errors, default=None),
        )

    @property
    def checked(self) -> int:
        """How many have a verdict."""
        return self.converged + self.failed

    @property
    def total(self) -> int:
        """How many explanations there are."""
        return self.checked + self.not_applicable

    @property
    def share(self) -> float | None:
        """The share of those with a verdict that converged; None if none has one."""
        return self.converged / self.checked if self.checked else None

    @property
    def sentence(self) -> str:
        """The counts in words; printed beside every figure that was made from these scores."""
        parts = []
        if self.checked:
            worst = f"largest relative error {self.worst_relative_error:.1e}"
            failures = f"{self.failed:,} of {number_of(self.checked, 'explanation')} did not converge"
            every = "the explanation" if self.checked == 1 else f"all {self.checked:,} explanations"
            parts.append(f"{failures if self.failed else f'{every} converged'} ({worst})")
        if self.not_applicable:
            whose = number_of(self.not_applicable, "more explanation" if self.checked else "explanation")
            parts.append(f"of {whose} adding up proves nothing: their method is sampled or promises no sum")
        return "; ".join(parts) or "nothing was explained"

    def to_json(self) -> dict[str, Any]:
        """The fields and the total, as JSON and a table's `attrs` hold them."""
        worst = self.worst_relative_error
        return {
            "converged": self.converged,
            "failed": self.failed,
            "not_applicable": self.not_applicable,
            "total": self.total,
            "worst_relative_error": worst if worst is None or math.isfinite(worst) else str(worst),
        }

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> "Convergence":
        """Read what `to_json` wrote."""
        return Convergence(**{name: value for name, value in content.items() if name != "total"})


def by_method(convergences: Mapping[str, Convergence]) -> str:
    """One sentence for several methods: those with a verdict first, then those without."""
    parts = [f"{name}: {convergence.sentence}" for name, convergence in convergences.items() if convergence.checked]
    rest = [name for name, convergence in convergences.items() if not convergence.checked]
    if rest:
        parts.append(f"{', '.join(rest)}: adding up proves nothing, for they are sampled or promise no sum")
    return "; ".join(parts)
