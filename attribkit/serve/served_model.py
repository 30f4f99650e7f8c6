"""Models of a server: private copies that never change, so that what depends on their weights is computed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from attribkit.models.classifier import Classifier
from attribkit.projection.fitted_map import FittedMaps
from attribkit.projection.reference_map import fits, map_reference


@dataclass(frozen=True)
class Neighbour:
    """A word near another in the embedding, and the cosine of the angle between them, −1 to 1."""

    word: str
    similarity: float


class ServedModel(Classifier):
    """A private copy of a classifier: its weights cannot change, so they are hashed once."""

    @staticmethod
    def of(model: Classifier) -> "ServedModel":
        """A copy with a network of its own."""
        network = model.copy().network.eval().requires_grad_(False)
        frozen = ServedModel(
            network,
            model.tokenizer,
            model.labels,
            name=model.name,
            provenance=model.provenance,
            task=model.task,
            unit=model.unit,
        )
        frozen.reference, frozen.training_features = model.reference, model.training_features
        return frozen

    def fingerprint(self) -> str:
        """As `Classifier.fingerprint`, computed at the first call."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        return super().fingerprint()

    @cached_property
    def map(self) -> FittedMaps | None:
        """The map of the model's reference points, if it has any."""
        return map_reference(self) if fits(self) else None

    @cached_property
    def words(self) -> tuple[str, ...]:
        """(V,) the word of each row of the embedding, "" where it has none; empty if the tokenizer tells no words."""
        vocabulary = getattr(self.tokenizer, "vocabulary", {})
        words = [""] * (self.vocabulary_size if vocabulary else 0)
        for word, row in vocabulary.items():
            if row not in (self.tokenizer.pad_id, self.tokenizer.unk_id):
                words[row] = word
        return tuple(words)

    @cached_property
    def _directions(self) -> NDArray[np.float32]:
        """(V, E) the embedding's rows at length 1."""
        weight = self.network.embedding.weight.detach().float().cpu().numpy()
        directions: NDArray[np.float32] = weight / np.maximum(np.linalg.norm(weight, axis=1, keepdims=True), 1e-12)
        return directions

    def nearest(self, row: int, count: int) -> Sequence[Neighbour]:
        """The words nearest to that of a row of the embedding, nearest first; empty if no words are known."""
        if not self.words:
            return []
        cosines = self._directions @ self._directions[row]
        order = np.argsort(-cosines, kind="stable")[: count + 3]
        neighbours = [Neighbour(self.words[i], float(cosines[i])) for i in order.tolist() if i != row and self.words[i]]
        return neighbours[:count]
