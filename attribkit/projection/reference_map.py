"""The map of a model's reference points: making it, and placing texts on it without any data."""

from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np

from attribkit.data.labelled_texts import LabelledTexts
from attribkit.errors import InputError
from attribkit.models.classifier import Classifier
from attribkit.models.reference import Reference, first_two
from attribkit.progress import Progress, silent
from attribkit.projection.components import Components
from attribkit.projection.fitted_map import FittedMap, FittedMaps
from attribkit.projection.measures import NEIGHBOURS, measure_if_enough
from attribkit.projection.outputs import LayerOutputs
from attribkit.projection.panels import draw, make_maps
from attribkit.projection.points import PointMetadata, classes_of, places_of
from attribkit.projection.pooling import Reduction
from attribkit.projection.reducers import PCA_FIRST, Layout
from attribkit.projection.regions import RegionWords
from attribkit.projection.settings import MapSettings
from attribkit.results.panels import Map

POINTS = 300
"""Texts of a reference, unless more are wanted."""


def make_reference(
    classifier: Classifier,
    data: LabelledTexts,
    source: str,
    *,
    layer: str | None = None,
    reduce: str | None = None,
    sample: int = POINTS,
    seed: int = 0,
    progress: Progress = silent,
) -> Reference:
    """Up to 20 principal components of a layer, and the coordinates and excerpts of some texts.

    Args:
        classifier: the model.
        data: the texts, with labels if they are known.
        source: what the texts are, for a reader.
        layer: as `attribkit.project` takes it.
        reduce: as `attribkit.project` takes it.
        sample: the most texts.
        seed: of the sample.
        progress: called as `attribkit.progress.Progress` says.

    Raises:
        ValueError: as `make_maps`; for a reduction that makes several points of a text.
    """
    reduction = Reduction(reduce, seed=seed)
    if reduction.by_step:
        raise InputError(f"a reference needs one point for each text, `reduce={reduce!r}` makes many; take another one")
    settings = MapSettings(
        layers=None if layer is None else (layer,), reduction=reduction, sample=sample, seed=seed, neighbours=1
    )
    mapped = make_maps(classifier, data, settings, progress)
    values = mapped.panels[0].values
    parts = Components.of(values, min(PCA_FIRST, *values.shape))
    return Reference(
        layer=mapped.panels[0].layer.name,
        reduce=reduce,
        fingerprint=classifier.fingerprint(),
        source=source,
        mean=parts.mean.astype(np.float32),
        axes=parts.axes.astype(np.float32),
        explained=parts.explained.astype(np.float32),
        points=parts(values).astype(np.float32),
        excerpts=mapped.scatter.excerpts,
        labels=mapped.scatter.labels,
        predictions=mapped.scatter.predictions,
    )


def fits(classifier: Classifier) -> bool:
    """Whether the model has reference points that were made with the model as it is now."""
    return classifier.reference is not None and classifier.reference.fingerprint == classifier.fingerprint()


def map_reference(classifier: Classifier) -> FittedMaps:
    """The map of a model's reference points; drawn at the first call, and again once the model has changed.

    Raises:
        ValueError: if it has none, or some that were made with the model in another state.
    """
    reference = classifier.reference
    fingerprint = classifier.fingerprint()
    if reference is None or reference.fingerprint != fingerprint:
        what = "carries none" if reference is None else "has changed since the one it carries was made"
        raise InputError(
            f"reference points are needed, but the model {what}; give `reference=data`, or make them with "
            "attribkit.keep_reference(model, data)"
        )
    cached = _MAP_BUILDERS.get(reference)
    if cached is None or cached[0] != fingerprint:
        cached = _MAP_BUILDERS[reference] = fingerprint, _map_builder(reference, classifier)
    return cached[1](classifier)


_MapBuilder = Callable[[Classifier], FittedMaps]
_MAP_BUILDERS: WeakKeyDictionary[Reference, tuple[str, _MapBuilder]] = WeakKeyDictionary()
"""The maps drawn so far, each with the fingerprint of the model that it fits."""


def _map_builder(reference: Reference, classifier: Classifier) -> _MapBuilder:
    """Measures and draws the map of reference points once, for any classifier of this one's fingerprint.

    What is returned must hold neither the reference nor the classifier, or they would never be forgotten.
    """
    layer = next(layer for layer in classifier.inside() if layer.name == reference.layer)
    parts = Components(*(array.astype(float) for array in (reference.mean, reference.axes, reference.explained)))
    points, space = first_two(reference.points.astype(float)), reference.points
    axes = tuple(
        f"PC {number} ({share:.0%} of the variance)" for number, share in enumerate(_first_two(parts.explained), 1)
    )
    layout = Layout(points, axes, first_two, (), {"method": "pca", "dimensions": 2})
    count = len(points)
    classes = classes_of(reference.labels, classifier)
    label = places_of(reference.labels, classes, count)
    measured = measure_if_enough(space, points, label, NEIGHBOURS)
    regions = RegionWords(reference.excerpts).regions(points)
    shown = Map(layer.name, None, points, None if measured is None else measured.mixing, regions)
    settings = MapSettings(layers=(layer.name,), reduction=Reduction(reference.reduce))
    how = {layer.name: settings.reduction.of(layer)}
    outputs = LayerOutputs({}, how, np.arange(count), None, count, np.zeros((count, len(classifier.labels))))
    described = PointMetadata(reference.excerpts, reference.labels, reference.predictions, classes, label, None)
    notes = (
        f"the points are {reference.source}",
        f"neighbours are sought among {len(parts.axes)} principal components of the layer, "
        f"{parts.explained.sum():.1%} of its variance",
    )

    def panel(model: Classifier) -> FittedMap:
        return FittedMap(shown, model, layer, space, layout, None, measured, space=parts)

    texts = LabelledTexts(reference.excerpts, reference.labels, notes)
    drawn = draw([panel(classifier)], outputs, described, texts, settings)
    scatter, tables, reduction = drawn.scatter, drawn.tables, drawn.reduction
    return lambda model: FittedMaps(scatter, tables, (panel(model),), reduction)


def _first_two(shares: np.ndarray) -> list[float]:
    return [*map(float, shares), 0.0, 0.0][:2]
