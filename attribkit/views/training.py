"""The view of the training rows: those that most raised the answer, and those that most lowered it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from attribkit.attribution.targets import TargetName, scalars_of
from attribkit.last_layer.features import read_features
from attribkit.last_layer.kept_layer import carries_rows, kept_layer
from attribkit.last_layer.refitted_layer import RefittedLayer
from attribkit.last_layer.targets import Answer
from attribkit.last_layer.text_influence import influence_on, table_of
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.progress import Progress, silent
from attribkit.results.panels import Table


@dataclass(frozen=True)
class Training:
    """Which training rows taught the answer, for the last layer refitted on the network's features.

    `attribkit.training_influence` says more of them: their own token scores, and how far the layer is to be trusted.

    Attributes:
        target: as in `Attribution`.
        train: the layer, refitted on the rows; None for that of the rows that the model carries.
        batch_size: the most texts at once; None chooses by their length.
        most: rows shown that raised the answer, and that lowered it.
        progress: is called with the number of texts that are done.
    """

    target: TargetName | None = None
    train: RefittedLayer | None = None
    batch_size: int | None = None
    most: int = 3
    progress: Progress = field(default=silent, repr=False, compare=False)

    needs = "the rows it was trained on: give `train=data`, or a model that carries them (attribkit.keep_training)"

    def supports(self, classifier: Classifier) -> bool:
        """Whether there are training rows to ask."""
        return self.train is not None or carries_rows(classifier)

    def __call__(self, classifier: Classifier, batch: EncodedBatch) -> Sequence[Sequence[Table]]:
        """For each text a table of the rows for each target."""
        layer = kept_layer(classifier) if self.train is None else self.train
        layer.check_model(classifier)
        features = read_features(classifier, [each.ids for each in batch.encoded], batch_size=self.batch_size)
        scalars = [scalar for _, scalar in scalars_of(self.target, "log_odds", classifier.labels, batch.logits)]
        tables: list[list[Table]] = []
        for place, text in enumerate(batch.texts):
            tables.append([])
            for scalar in scalars:
                against = None if scalar.against is None else int(scalar.against[place])
                answer = Answer(int(scalar.index[place]), against)
                influence = influence_on(layer, layer.leave_one_out, text, features, place, answer, self.most)
                table = table_of(layer, influence)
                notes = (*table.notes, layer.distance_sentence, *layer.rows.notes)
                tables[place].append(replace(table, notes=notes))
            self.progress(place + 1, len(batch.texts), "training rows")
        return tables
