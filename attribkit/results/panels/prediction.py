"""A model's probabilities for one text."""

from dataclasses import dataclass

import numpy as np

from attribkit.errors import InputError


@dataclass(frozen=True)
class Prediction:
    """A model's probabilities for one text.

    Attributes:
        label: the predicted label.
        labels: (C,) every label, in the model's order.
        probabilities: (C,) one per label, summing to 1.
        true_label: the known label, if there is one.
    """

    label: str
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    true_label: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(str(label) for label in self.labels))
        object.__setattr__(self, "probabilities", tuple(float(p) for p in self.probabilities))
        if len(self.labels) != len(self.probabilities):
            raise InputError(
                f"`probabilities` must hold one number per label, got {len(self.probabilities)} for "
                f"{len(self.labels)} labels"
            )
        if self.label not in self.labels:
            raise InputError(f"`label` must be one of {', '.join(self.labels)}, got {self.label!r}")
        if not np.isfinite(self.probabilities).all():
            raise InputError("`probabilities` must be finite; check the model's weights for NaN")

    @property
    def probability(self) -> float:
        """The probability of the predicted label."""
        return self.probabilities[self.labels.index(self.label)]
