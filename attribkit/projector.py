"""project(): from a classifier and a set of texts to maps of its layers."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch

from attribkit.data.intake import Rows, all_rows
from attribkit.data.tables import encodings_of
from attribkit.data.text_tables import Data
from attribkit.errors import InputError, InputTypeError
from attribkit.models.classifier import Classifier
from attribkit.models.other_inputs import check_text_alone
from attribkit.models.reference import Reference
from attribkit.progress import Progress, shown
from attribkit.projection.fitted_map import FittedMaps
from attribkit.projection.panels import make_maps
from attribkit.projection.pooling import Reduction
from attribkit.projection.reference_map import POINTS, make_reference
from attribkit.projection.settings import MapSettings
from attribkit.results.projected_maps import ProjectedMaps
from attribkit.versions import versions_of


def project(
    model: Classifier,
    data: Data,
    *,
    layer: str | None = None,
    layers: Sequence[str] | None = None,
    method: str = "pca",
    dimensions: int = 2,
    seed: int = 0,
    colour: str = "label",
    epochs: str | int | Sequence[int] | None = None,
    reduce: str | None = None,
    sample: int | None = None,
    place: Data = (),
    neighbours: int = 10,
    perplexity: float = 30.0,
    umap_neighbours: int = 15,
    metric: str = "euclidean",
    delay: int = 1,
    dimension: int = 3,
    stride: int = 1,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    progress: bool | Progress | None = None,
) -> ProjectedMaps:
    """Map texts by the outputs of a layer, and measure how far the layer mixes the classes.

    The same seed gives the same map. The model is left exactly as it was.

    Args:
        model: any classifier.
        data: texts, with labels if they are known: a list, a Series or an array; a table, or several by split; a
            `Dataset`; or a named set, a file or a folder as `load_dataset` takes it.
        layer: a name from `model.layers()`; None for the layer that the network's last one reads.
        layers: several of them, instead of `layer`.
        method: "pca", "tsne" (of the first 20 principal components) or "umap" (needs `attribkit[maps]`).
        dimensions: of the map: 2 or 3.
        seed: of samples and of the method.
        colour: "label", "prediction", "error" (right or wrong) or "confidence" (the predicted label's probability).
        epochs: "all" for every snapshot that the training kept, or some of their epochs, 0 = before training: one map
            per epoch, all on the same axes; None for the model as it is.
        reduce: how a text's steps become points: "first", "last", "mean", "max", "attention", "tokens" or "takens";
            None for what suits the layer. See `attribkit.layer_outputs`.
        sample: the most texts (or tokens) shown, drawn by the seed; None for up to 25,000 texts or 5,000 tokens.
        place: one new text, or several, to mark among the points, with their nearest neighbours.
        neighbours: k, the number of nearest neighbours in the measures of mixing and in the trustworthiness.
        perplexity: of t-SNE.
        umap_neighbours: of UMAP.
        metric: of t-SNE and UMAP: "euclidean", or "cosine" for the angle between outputs, whatever their lengths.
        delay: for `reduce="takens"`: tokens from one step of a window to the next.
        dimension: for `reduce="takens"`: steps in a window.
        stride: for `reduce="takens"`: tokens from the beginning of one window to that of the next.
        split: "train", "validation", "test" or "all"; None for the test split or, without one, the rows not trained on.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of the files among the data; None to guess, and say so: see `attribkit.load_dataset`.
        batch_size: the most texts at once; None chooses by their length.
        device: where to compute; None for where the model is.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        the maps, their measures of mixing (in the layer's space and on the map, on a stated sample of at most 5,000),
        and tables: layers ranked by mixing, classes, the most mixed pairs of classes, texts on the border. They hold
        excerpts of the texts.

    Raises:
        TypeError: for data of the wrong kind.
        ValueError: for data that cannot be read; for a layer, reduction, epoch or colour that does not exist (the
            sentence lists those that do); for too few points; for outputs that are NaN or infinite.
        ModuleNotFoundError: for a method whose library is not installed; the sentence says how to install it.

    Example:
        >>> import pandas as pd
        >>> import attribkit as ak
        >>> texts = ["A great film", "Such a great show!", "A dull and horrible movie", "The worst plot ever"]
        >>> reviews = pd.DataFrame({"text": texts, "label": ["pos", "pos", "neg", "neg"]})
        >>> projection = ak.project(ak.load("imdb-cnn"), reviews, neighbours=1)
        >>> [panel.title for panel in projection.panels()][:2]
        ['Where the layer dropout puts 4 texts', 'Mixing by class, the most mixed first']
    """
    if not isinstance(model, Classifier):
        raise InputTypeError(
            f"a Classifier was expected, got {type(model).__name__}; load one with attribkit.load(folder)"
        )
    if model.task == "regression":
        raise InputError(
            "a map is coloured by labels, and a regression has none; attribkit.layer_outputs gives its points"
        )
    if layer is not None and layers is not None:
        raise InputError("`layer` and `layers` both say what to map; give one of them")
    names = [layer] if layer is not None else [layers] if isinstance(layers, str) else layers
    settings = MapSettings(
        layers=None if names is None else tuple(names),
        reducer=method,
        dimensions=dimensions,
        colour=colour,
        epochs=_epochs(model, epochs),
        reduction=Reduction(reduce, delay, dimension, stride, 5_000 if sample is None else sample, seed),
        sample=sample,
        neighbours=neighbours,
        perplexity=perplexity,
        umap_neighbours=umap_neighbours,
        metric=metric,
        seed=seed,
        batch_size=batch_size,
    )
    of_data, of_place = encodings_of(encoding, data, [place] if isinstance(place, str) else place)
    model = model.on(device)
    rows = Rows.of(model, data, split=split, text=text, label=label, encoding=of_data, progress=progress)
    texts, model = rows.labelled_texts(), model.given(len(rows.table), table=rows.table)
    new = all_rows(model, place, encoding=of_place)
    new_ids = model.ids(new.texts)
    with shown(progress) as tell:
        mapped = make_maps(model, texts, settings, tell)
    scatter, tables = mapped.scatter, mapped.tables
    if new_ids:
        scatter, nearest = mapped.marked(new.texts, new_ids, batch_size)
        scatter = replace(scatter, notes=(*scatter.notes, *new.reading))
        tables = (*tables, *nearest)
    return ProjectedMaps(
        scatter,
        tables,
        {**rows.provenance(model.name, len(scatter.maps[0].points)), **_provenance(model, settings, mapped)},
    )


def keep_reference(
    model: Classifier,
    data: Data,
    *,
    layer: str | None = None,
    reduce: str | None = None,
    sample: int = POINTS,
    seed: int = 0,
    source: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    progress: bool | Progress | None = None,
) -> Reference:
    """Store reference points in a model, so that `explain` can place a text among them without any data.

    They are saved with the model: the first 120 characters of at most `sample` texts, their labels, and 20 coordinates
    each. A model holds none unless this function was called. They are no longer used once the model's weights change.

    Args:
        model: any classifier; its attribute `reference` is set.
        data: as `project` takes it.
        layer: as `project` takes it.
        reduce: as `project` takes it.
        sample: the most texts to keep.
        seed: of the sample.
        source: what the texts are, for a reader; the data's own name if not given.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        the reference points, which are the model's `reference` now.

    Raises:
        TypeError: as `project`.
        ValueError: as `project`.

    Example:
        >>> import pandas as pd
        >>> import attribkit as ak
        >>> texts = ["A great film", "Such a great show!", "A dull and horrible movie", "The worst plot ever"]
        >>> reviews = pd.DataFrame({"text": texts, "label": ["pos", "pos", "neg", "neg"]})
        >>> model = ak.load("imdb-cnn")
        >>> reference = ak.keep_reference(model, reviews)
        >>> reference.layer, reference.points.shape
        ('dropout', (4, 4))
        >>> [panel.title for panel in ak.explain(model, "A horrible movie", views="projection").panels()]
        ['Where the layer dropout puts 4 texts']
    """
    check_text_alone(model.other_inputs, "`keep_reference`")
    if model.task == "regression":
        raise InputError("a map is coloured by labels, and a regression has none; attribkit.layer_outputs gives points")
    rows = Rows.of(model, data, text=text, label=label, encoding=encoding, progress=progress)
    named = source or "; ".join([rows.origin or "unnamed texts", *rows.reading])
    with shown(progress) as tell:
        model.reference = make_reference(
            model, rows.labelled_texts(), named, layer=layer, reduce=reduce, sample=sample, seed=seed, progress=tell
        )
    return model.reference


def _epochs(model: Classifier, epochs: str | int | Sequence[int] | None) -> tuple[int, ...] | None:
    if epochs is None:
        return None
    if not isinstance(epochs, str):
        return tuple(epochs) if isinstance(epochs, Iterable) else (epochs,)
    if epochs != "all":
        raise InputError(f"`epochs` must be 'all' or a list of epochs, got {epochs!r}")
    if not model.snapshots:
        raise InputError("`epochs='all'` needs snapshots, the model keeps none; train it with snapshots=[0, 1, …]")
    return tuple(sorted(model.snapshots))


def _provenance(model: Classifier, settings: MapSettings, mapped: FittedMaps) -> dict[str, Any]:
    reduction = settings.reduction
    return {
        "model": model.name,
        "network": type(model.network).__name__,
        "fingerprint": model.fingerprint(),
        "device": str(model.device),
        "settings": {
            "layers": list(dict.fromkeys(panel.layer.name for panel in mapped.panels)),
            "epochs": None if settings.epochs is None else list(settings.epochs),
            "colour": settings.colour,
            "sample": settings.sample,
            "neighbours": settings.neighbours,
            "seed": settings.seed,
            "reduce": reduction.name,
            **(
                {"delay": reduction.delay, "dimension": reduction.dimension, "stride": reduction.stride}
                if reduction.name == "takens"
                else {}
            ),
            "reducers": [panel.layout.settings for panel in mapped.panels],
        },
        "versions": versions_of("attribkit", "torch", "numpy", "scikit-learn", "openTSNE", "umap-learn"),
    }
