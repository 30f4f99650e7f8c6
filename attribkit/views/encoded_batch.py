"""What a view is given and what it must answer to: texts as a classifier read them, and a call that draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from attribkit.models.classifier import Classifier
from attribkit.models.logits import check_finite
from attribkit.results.panels import Panel
from attribkit.text.tokenizer import Encoded


@dataclass(frozen=True, eq=False)
class EncodedBatch:
    """Some texts as a classifier read them.

    Attributes:
        texts: (N,) as the user wrote them.
        encoded: (N,) their tokens.
        logits: (N, C) what the network said of them, from its own forward pass.
    """

    texts: tuple[str, ...]
    encoded: tuple[Encoded, ...]
    logits: NDArray[np.float64]

    @staticmethod
    def of(classifier: Classifier, texts: Sequence[str], batch_size: int | None = None) -> "EncodedBatch":
        """Read them. Raises as `Classifier.probabilities`."""
        encoded = classifier.encode(texts)
        logits = classifier.logits([one.ids for one in encoded], batch_size)
        return EncodedBatch(tuple(texts), tuple(encoded), check_finite(logits, texts))


class View(Protocol):
    """One way of looking at a classifier: a frozen dataclass of settings, then a call.

    `explain` makes each view from those of its own options that the view has a field for.
    """

    @property
    def needs(self) -> str:
        """What a model must have for this view, such as "a network with attention"."""
        ...

    def supports(self, classifier: Classifier) -> bool:
        """Whether a model has it."""
        ...

    def __call__(self, classifier: Classifier, reading: EncodedBatch) -> Sequence[Sequence[Panel]]:
        """Each text's panels; the model is given back as it was found."""
        ...
