"""keep_training(): a model carries what its last layer reads of its training rows."""

from pathlib import Path

from attribkit.data.dataset import Dataset
from attribkit.data.split_record import SplitRecord
from attribkit.data.tables import encodings_of
from attribkit.data.text_tables import Data
from attribkit.errors import InputTypeError
from attribkit.last_layer.kept_layer import kept_of
from attribkit.last_layer.refitted_layer import RefittedLayer
from attribkit.models.classifier import Classifier
from attribkit.models.training_features import TrainingFeatures
from attribkit.progress import Progress
from attribkit.task import check_one_label


def keep_training(
    model: Classifier,
    train: Data | RefittedLayer,
    *,
    l2: float | None = None,
    other_rows: bool = False,
    source: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    batch_size: int | None = None,
    progress: bool | Progress | None = None,
) -> TrainingFeatures:
    """Store in a model what its last layer reads of its training rows: `explain` then shows what taught it an answer.

    They are saved with the model: of each row the features, 4 bytes each, its label and the first 120 characters of its
    text; 25,000 rows of 192 features take 22 MB. A model holds none unless this function was called: think of who may
    read the texts before you give the folder away. They are no longer used once the model's weights change. A model
    that did not know its training texts then knows them by their hashes, and is measured on others.

    Args:
        model: a classifier of one label of several, whose last layer is linear; its attribute `training_features` is
            set.
        train: the rows it was trained on, as `attribkit.training_influence` takes them.
        l2: λ for each row of the refitted layer; None for the strength that leaves its answers nearest to the
            network's.
        other_rows: whether rows are taken that are not those the model was trained on.
        source: what the rows are, for a reader; the data's own name if not given.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        batch_size: the most texts at once; None chooses by their length.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        the features, which are the model's `training_features` now.

    Raises:
        TypeError: for what is no classifier, or data of the wrong kind.
        ValueError: as `attribkit.training_influence`.

    Example:
        >>> import attribkit as ak
        >>> data = ak.load_dataset("demo").sample(100)
        >>> model = ak.train("cnn", data, epochs=2, filters=8, embedding_size=16, progress=False)
        >>> kept = ak.keep_training(model, data)
        >>> kept.values.shape
        (100, 24)
        >>> [panel.columns[2] for panel in ak.explain(model, "A great film", views="training").panels()]
        ['effect (log-odds)']
    """
    if not isinstance(model, Classifier):
        raise InputTypeError(
            f"a Classifier was expected, got {type(model).__name__}; load one with attribkit.load(folder)"
        )
    check_one_label(model.task, "`keep_training`", "`keep_reference` works")
    layer = train
    encodings_of(encoding, train)
    if not isinstance(layer, RefittedLayer):
        layer = RefittedLayer.of(
            model, layer, l2=l2, other_rows=other_rows, checked=0, text=text, label=label, encoding=encoding,
            batch_size=batch_size, progress=progress,
        )  # fmt: skip
    layer.check_model(model)
    model.training_features = kept_of(layer, source or "; ".join((_name(train), *layer.rows.notes)))
    if model.splits is None and layer.rows.own:
        model.splits = SplitRecord.of({"train": layer.rows.texts, "validation": (), "test": ()})
    return model.training_features


def _name(train: Data | RefittedLayer) -> str:
    if isinstance(train, (str, Path)):
        return Path(train).name
    return train.name if isinstance(train, Dataset) else "unnamed rows"
