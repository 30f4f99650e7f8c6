"""The protocol of a view: settings, then a call with encoded texts that returns panels."""

from collections.abc import Sequence
from dataclasses import Field
from typing import Any, ClassVar, Protocol

from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.results.panels import Panel


class View(Protocol):
    """A view of a classifier: a frozen dataclass of settings, called with a classifier and texts.

    `explain` sets each field of a view from its own option of the same name.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def needs(self) -> str:
        """What a model must have for this view, such as "a network with attention"."""
        ...

    def supports(self, classifier: Classifier) -> bool:
        """Whether a model has what the view needs."""
        ...

    def __call__(self, classifier: Classifier, batch: EncodedBatch) -> Sequence[Sequence[Panel]]:
        """Each text's panels; the model is left exactly as it was."""
        ...
