"""The view of a layer: where it puts a text, among texts whose labels are known."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from attribkit.data.labelled_texts import LabelledTexts
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.progress import Progress, silent
from attribkit.projection.fitted_map import FittedMaps
from attribkit.projection.panels import make_maps
from attribkit.projection.reference_map import fits, map_reference
from attribkit.projection.settings import MapSettings
from attribkit.results.panels import Panel

_SHOWN = 5_000


@dataclass(frozen=True)
class Projection:
    """Each text on a map of reference texts. Call it with a classifier and the texts it has read.

    The map is a PCA of what the network's last layer reads: the only kind of map whose axes and distances have a
    meaning of their own, and on which a new text gets the place that it would have had among the others.
    `attribkit.project` draws other layers and other maps, and marks texts on them too.

    Attributes:
        reference: texts to place others among; None for the model's own reference points.
        seed: draws at most 5,000 of them.
        batch_size: the most texts at once; None chooses by their length.
        progress: is called as the map of `reference` is made.
    """

    reference: LabelledTexts | None = None
    seed: int = 0
    batch_size: int | None = None
    progress: Progress = field(default=silent, repr=False, compare=False)

    needs = "texts to place others among: give `reference=data`, or a model that carries some; and layers"

    def supports(self, classifier: Classifier) -> bool:
        """Whether the model has layers, and there are reference texts."""
        return classifier.capabilities.layers and (self.reference is not None or fits(classifier))

    def __call__(self, classifier: Classifier, batch: EncodedBatch) -> Sequence[Sequence[Panel]]:
        """Each text marked on the map, with its nearest neighbours."""
        if not batch.texts:
            return []
        ids = [encoded.ids for encoded in batch.encoded]
        scatter, _ = self._fitted_maps(classifier).marked(batch.texts, ids, self.batch_size)
        return [[replace(scatter, placed=(text,))] for text in scatter.placed]

    def _fitted_maps(self, classifier: Classifier) -> FittedMaps:
        if self.reference is None:
            return map_reference(classifier)
        settings = MapSettings(sample=_SHOWN, seed=self.seed, batch_size=self.batch_size)
        return make_maps(classifier, self.reference, settings, self.progress)
