"""What a model predicts for one text."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from attribkit.errors import InputError
from attribkit.task import THRESHOLD, Task, check_task

Truth = str | tuple[str, ...] | float | None
"""What is known of a text: its label, the labels that hold, its number, or nothing."""


@dataclass(frozen=True)
class Prediction:
    """What a model predicts for one text.

    Attributes:
        label: the predicted label; of several that may hold the likeliest; of a regression the name of its number.
        labels: (C,) every label, in the model's order.
        probabilities: (C,) one per label: summing to 1, or each by itself if several may hold; empty for a regression.
        true_label: what is known: the label, the labels that hold, or the number; None for nothing.
        task: "multiclass", "multilabel" or "regression".
        value: the number of a regression; None otherwise.
        unit: of that number.
    """

    label: str
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    true_label: Truth = None
    task: Task = "multiclass"
    value: float | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        check_task(self.task)
        object.__setattr__(self, "labels", tuple(str(label) for label in self.labels))
        object.__setattr__(self, "probabilities", tuple(float(p) for p in self.probabilities))
        if self.task == "multilabel" and self.true_label is not None:
            object.__setattr__(self, "true_label", _several(self.true_label))
        if self.label not in self.labels:
            raise InputError(f"`label` must be one of {', '.join(self.labels)}, got {self.label!r}")
        if self.task == "regression":
            if self.value is None or not np.isfinite(self.value) or self.probabilities:
                raise InputError("a regression's prediction has a finite `value`, and no probabilities")
            return
        if len(self.labels) != len(self.probabilities):
            raise InputError(
                f"`probabilities` must hold one number per label, got {len(self.probabilities)} for "
                f"{len(self.labels)} labels"
            )
        if not np.isfinite(self.probabilities).all():
            raise InputError("`probabilities` must be finite; check the model's weights for NaN")

    @property
    def probability(self) -> float | None:
        """The probability of `label`; None for a regression."""
        return self.probabilities[self.labels.index(self.label)] if self.probabilities else None

    @property
    def answer(self) -> Truth:
        """What is predicted, as the true answer is known: the label, the labels that hold, or the number."""
        if self.task == "regression":
            return self.value
        return self.predicted if self.task == "multilabel" else self.label

    @property
    def in_words(self) -> str:
        """What is predicted, in a sentence: "pos (97.1%)", "sport (97.1%), politics (60.2%)", "3.87 stars"."""
        if self.value is not None:
            return f"{self.value:.4g} {self.unit}"
        chances = dict(zip(self.labels, self.probabilities, strict=True))
        return ", ".join(f"{label} ({chances[label]:.1%})" for label in self.predicted) or "no label"

    @property
    def predicted(self) -> tuple[str, ...]:
        """The labels that are predicted, the likeliest first: one, or those at or above a probability of 0.5."""
        if self.task == "multiclass":
            return (self.label,)
        pairs = sorted(zip(self.labels, self.probabilities, strict=False), key=lambda pair: -pair[1])
        return tuple(label for label, p in pairs if p >= THRESHOLD)

    @property
    def right(self) -> bool | None:
        """Whether exactly the true labels are predicted; None if they are not known, and for a regression."""
        if self.true_label is None or self.task == "regression":
            return None
        true = _several(self.true_label)
        return set(self.predicted) == set(true)


def _several(true: Any) -> tuple[str, ...]:
    return (true,) if isinstance(true, str) else tuple(str(label) for label in true or ())
