"""Maps of layers and, if snapshots were kept, of epochs, on shared axes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attribkit.data.labelled_texts import LabelledTexts
from attribkit.errors import InputError
from attribkit.models.classifier import Classifier
from attribkit.models.layers import READERS, Layer
from attribkit.plurals import by_number, number_of
from attribkit.progress import Progress, silent, within
from attribkit.projection.alignment import align
from attribkit.projection.fitted_map import FittedMap, FittedMaps
from attribkit.projection.layer_outputs import chosen_layers, read_layers
from attribkit.projection.measures import measure_if_enough
from attribkit.projection.outputs import LayerOutputs
from attribkit.projection.points import PointMetadata, describe, excerpt
from attribkit.projection.regions import RegionWords
from attribkit.projection.settings import MapSettings
from attribkit.projection.tables import border_table, classes_table, layers_table, pairs_table
from attribkit.results.panels import Map, Scatter, Table

MOST = 25_000
"""Points of a map, and of all its epochs together where a reducer takes minutes for them."""

Floats = NDArray[np.float64]


def make_maps(
    classifier: Classifier, data: LabelledTexts, settings: MapSettings, progress: Progress = silent
) -> FittedMaps:
    """Map texts by the outputs of layers.

    Texts for which some output is NaN or infinite are left out of the map, and a note names the first.

    Args:
        classifier: the model.
        data: the texts, with labels if they are known.
        settings: how they are mapped.
        progress: called as `attribkit.progress.Progress` says.

    Raises:
        ValueError: for a layer, reduction, epoch or colour that does not exist; for too few points; for outputs that
            are NaN or infinite for every text.
    """
    reduction = settings.reduction
    layers = _layers(classifier, settings)
    models = _models(classifier, settings.epochs)
    every = data
    data, ids = data.sampled(_most(settings, len(models)), settings.seed).readable(classifier.tokenizer)
    if not ids:
        raise InputError("there must be at least one text that holds a token, got none; give more texts")
    models = [(epoch, _beside(model, every, data)) for epoch, model in models]
    outputs = [
        read_layers(model, ids, layers, reduction, settings.batch_size, _reading(progress, epoch))
        for epoch, model in models
    ]
    bad = {int(text) for output in outputs for texts in output.not_finite().values() for text in texts}
    if 0 < len(bad) < len(ids):
        rows = [row for row in range(len(ids)) if row not in bad]
        first = excerpt(data.texts[min(bad)], 40)
        note = (
            f"{number_of(len(bad), 'text was', 'texts were')} left out, for a layer put out NaN or infinity for "
            f"{by_number(len(bad), 'it:', 'them, the first is')} “{first}”"
        )
        data, ids = data.only(rows, note), [ids[row] for row in rows]
        models = [(epoch, _beside(model, every, data)) for epoch, model in _models(classifier, settings.epochs)]
        outputs = [
            read_layers(model, ids, layers, reduction, settings.batch_size, _reading(progress, epoch))
            for epoch, model in models
        ]
    outputs = [output.checked() for output in outputs]
    width = 1 + (reduction.dimension - 1) * reduction.delay if reduction.name == "takens" else 1
    described = describe(classifier, data, outputs[-1], outputs[-1].logits, width)
    # points that are tokens have the words of their text, so that no region differs by them
    words = None if reduction.by_step else RegionWords(data.texts, settings.seed)
    panels: list[FittedMap] = []
    for number, layer in enumerate(layers):
        progress(number, len(layers), f"mapping {layer.name}")
        onto = np.concatenate([panel.map.points for panel in panels[: len(models)]]) if panels else None
        panels += _panels(layer, models, outputs, settings, described, onto, words)
    progress(len(layers), len(layers), "mapping")
    return draw(panels, outputs[0], described, data, settings)


def _beside(model: Classifier, every: LabelledTexts, chosen: LabelledTexts) -> Classifier:
    """The model with the other inputs of the texts chosen among all, if its network takes any."""
    if model.also is None or len(every.texts) == len(chosen.texts):
        return model
    places = {number: place for place, number in enumerate(every.numbers or range(len(every.texts)))}
    return model.beside(model.also.rows([places[number] for number in chosen.numbers]))


def draw(
    panels: Sequence[FittedMap],
    outputs: LayerOutputs,
    described: PointMetadata,
    data: LabelledTexts,
    settings: MapSettings,
) -> FittedMaps:
    """The maps with everything that is said of their points."""
    scatter = _scatter(panels, outputs, described, data, settings)
    return FittedMaps(scatter, _tables(panels, described), tuple(panels), settings.reduction)


def _layers(classifier: Classifier, settings: MapSettings) -> list[Layer]:
    if settings.layers is not None:
        return chosen_layers(classifier, settings.layers, settings.reduction)
    if settings.reduction.by_step or settings.reduction.name == "attention":
        candidates = [layer for layer in chosen_layers(classifier, None, settings.reduction) if layer.steps]
        telling = [layer for layer in candidates if layer.module in READERS]
        return (telling or candidates)[-1:]
    return [classifier.before_last()]


def _models(classifier: Classifier, epochs: Sequence[int] | None) -> list[tuple[int | None, Classifier]]:
    if epochs is None:
        return [(None, classifier)]
    return [(epoch, classifier.at_epoch(epoch)) for epoch in epochs]


def _most(settings: MapSettings, epochs: int) -> int:
    """Most texts that are read."""
    most = MOST if settings.reducer == "pca" else max(1, MOST // epochs)
    if settings.reduction.by_step:
        most = min(most, settings.reduction.sample)
    return most if settings.sample is None else min(most, settings.sample)


def _reading(progress: Progress, epoch: int | None) -> Progress:
    return progress if epoch is None else within(progress, f"epoch {epoch}")


def _panels(
    layer: Layer,
    models: Sequence[tuple[int | None, Classifier]],
    outputs: Sequence[LayerOutputs],
    settings: MapSettings,
    described: PointMetadata,
    onto: Floats | None,
    words: RegionWords | None,
) -> list[FittedMap]:
    """One layer's maps, one per epoch: one reducer fitted on the union of them, turned onto the first layer's maps."""
    layout = settings.chosen_reducer()(np.concatenate([output[layer.name] for output in outputs]))
    alignment = None if onto is None else align(layout.points, onto)
    parts = np.split(layout.points, len(outputs))
    maps = []
    for (epoch, model), output, part in zip(models, outputs, parts, strict=True):
        points = part if alignment is None else alignment(part)
        values = output[layer.name]
        measured = measure_if_enough(values, points, described.label, settings.neighbours, settings.seed)
        regions = () if words is None else words.regions(points)
        shown = Map(layer.name, epoch, points, None if measured is None else measured.mixing, regions)
        maps.append(FittedMap(shown, model, layer, values, layout, alignment, measured))
    return maps


def _scatter(
    panels: Sequence[FittedMap],
    outputs: LayerOutputs,
    described: PointMetadata,
    data: LabelledTexts,
    settings: MapSettings,
) -> Scatter:
    colour, groups, group, values = described.coloured(settings.colour)
    names = list(dict.fromkeys(panel.layer.name for panel in panels))
    first = panels[0].layout
    of = {"tokens": "tokens", "takens": "windows of tokens"}.get(settings.reduction.name or "", "texts")
    axes = first.axes
    if len(names) > 1:
        axes = tuple(f"axis {number}" for number in range(1, settings.dimensions + 1))
    by_step = settings.reduction.by_step
    total = outputs.total if by_step else data.total or len(data.texts)
    notes = [*data.notes, *outputs.notes, *(note for panel in panels[:1] for note in panel.layout.notes)]
    notes += [
        f"{layer}: {how} of each text's steps" for layer, how in outputs.reductions.items() if how and of == "texts"
    ]
    if by_step and total > len(outputs.text_index):
        notes.append(
            f"{len(outputs.text_index):,} of {total:,} {of} are shown, drawn with seed {settings.reduction.seed}"
        )
    if by_step and described.classes:
        notes.append(f"{of} have the label and the prediction of their text, and so are alike within one")
    if len(names) > 1:
        notes.append(
            "each layer has a map of its own, turned onto the first by Procrustes' method and brought to its size"
        )
    if settings.epochs is not None and len(settings.epochs) > 1:
        notes.append("one map was made of all epochs together, so that their axes are the same")
        what = "predictions" if colour in ("label", None) else "colours and predictions"
        notes.append(f"{what} are those of the last epoch, {settings.epochs[-1]}, on every map")
    notes += _on_labels(colour, described, settings.neighbours)
    return Scatter(
        title=f"Where {_layer_list(names)} {by_number(len(names), 'puts', 'put')} {len(outputs.text_index):,} {of}",
        method=str(first.settings["method"]),
        axes=axes,
        maps=tuple(panel.map for panel in panels),
        colour=colour,
        groups=groups,
        group=group,
        values=values,
        excerpts=described.excerpts,
        labels=described.labels,
        predictions=described.predictions,
        total=total,
        notes=tuple(notes),
        # of texts, the data's own notes say how they were drawn
        total_in_notes=total > len(outputs.text_index),
        confidence=described.confidence,
    )


def _on_labels(colour: str | None, described: PointMetadata, neighbours: int) -> list[str]:
    """What the labels leave unsaid."""
    if not described.classes:
        return ["no label is known: the points are not coloured, and no mixing is measured"] if colour is None else []
    notes = []
    labelled = int((described.label >= 0).sum())
    without = len(described.label) - labelled
    if len(described.classes) == 1:
        whose = (
            f"{number_of(without, 'point has', 'points have')} no label; the others have one"
            if without
            else "all points have one label"
        )
        notes.append(f"{whose}: there is nothing to mix with")
    if labelled <= neighbours:
        notes.append(
            f"no mixing is measured: {neighbours} neighbours need at least {neighbours + 1} labelled points, there "
            f"are {labelled}"
        )
    return notes


def _layer_list(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"the layer {names[0]}"
    return f"the layers {', '.join(names[:-1])} and {names[-1]}"


def _tables(panels: Sequence[FittedMap], described: PointMetadata) -> tuple[Table, ...]:
    """By class, pair and text for the last map, that of the deepest layer and latest epoch; by layer for all."""
    measured = panels[-1].measured
    if measured is None:
        return ()
    tables = [
        layers_table([panel.map for panel in panels]),
        classes_table(measured, described.classes, panels[-1].map.name),
        pairs_table(measured, described.classes),
        border_table(measured, described),
    ]
    return tuple(table for table in tables if table is not None)
