"""layer_outputs(): the outputs of a network's layers as points, in one pass."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.data.intake import all_rows
from attribkit.data.text_tables import Data
from attribkit.errors import InputError, NetworkError
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.layers import Layer, choose_layers, watched
from attribkit.models.state import eval_mode
from attribkit.progress import Progress, shown, silent
from attribkit.projection.outputs import LayerOutputs
from attribkit.projection.pooling import Reduction, Steps, reduced
from attribkit.projection.text_windows import check_windows, of_texts
from attribkit.text import batching
from attribkit.text.text_pair import SECOND


def layer_outputs(
    model: Classifier,
    data: Data,
    layers: str | Sequence[str] | None = None,
    reduce: str | None = None,
    *,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    delay: int = 1,
    dimension: int = 3,
    stride: int = 1,
    sample: int = 5_000,
    seed: int = 0,
    batch_size: int | None = None,
    progress: bool | Progress | None = None,
) -> LayerOutputs:
    """Outputs of the network's layers for texts, as one point per text, token or window.

    All layers are read in one forward pass. The model is left exactly as it was, also after an error.

    Args:
        model: any classifier.
        data: a string, which is one text; or several texts, in any form that `attribkit.explain` takes.
        layers: names from `model.layers()`; None for every layer.
        reduce: how a layer's steps become points; padding never counts: "first", "last", "mean", "max", "attention"
            (weighted as the network itself attends), "tokens" (a point per token) or "takens" (a point per delay
            window); None for what suits the layer: the place that a transformer's head reads, "last" for a recurrent
            layer, "max" for a convolution, else "mean". A layer with one vector per text is taken as it is.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        delay: for "takens": tokens from one step of a window to the next; see `attribkit.projection.pooling.Reduction`.
        dimension: for "takens": steps in a window.
        stride: for "takens": tokens from the beginning of one window to that of the next.
        sample: for "tokens" and "takens": the most points, drawn by `seed`.
        seed: the same seed draws the same points.
        batch_size: the most texts at once; None chooses by their length.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        the points (N, H) by layer name, the text and the token of each, and the logits (B, C) of the same pass.

    Raises:
        TypeError: for a text that is no string.
        ValueError: for a text that cannot be read; for a layer that does not exist or has no row per text; for a
            reduction that the layer or the network does not allow; for outputs that are NaN or infinite.

    Example:
        >>> import attribkit as ak
        >>> model = ak.load("imdb-cnn")
        >>> outputs = ak.layer_outputs(model, ["A great film", "A horrible movie"], ["embedding", "dropout"])
        >>> outputs["embedding"].shape, outputs["dropout"].shape
        ((2, 300), (2, 192))
    """
    reduction = Reduction(reduce, delay, dimension, stride, sample, seed)
    rows = all_rows(model, data, text=text, label=label, encoding=encoding)
    ids = model.ids(rows.texts)
    model = model.given(len(ids), table=rows.table)
    names = [layers] if isinstance(layers, str) else layers
    layers_read = chosen_layers(model, names, reduction)
    with shown(progress) as tell:
        outputs = read_layers(model, ids, layers_read, reduction, batch_size, tell).checked()
    return replace(outputs, notes=(*rows.reading, *outputs.notes))


def chosen_layers(model: Classifier, names: Sequence[str] | None, reduction: Reduction) -> list[Layer]:
    """The layers of these names, or all that the reduction allows.

    Args:
        model: any classifier.
        names: from `model.layers()`; None for all that the reduction allows.
        reduction: how steps become points.

    Raises:
        ValueError: for a layer that the reduction does not allow.
    """
    if reduction.name == "attention" and not model.capabilities.attention:
        raise model.capabilities.refusal("`reduce='attention'`", "attention", "take 'last', 'mean' or 'max'")
    chosen = choose_layers(names, model.inside())
    refused = {layer.name: reason for layer in chosen if (reason := _refusal(layer, reduction))}
    if names is None:
        return [layer for layer in chosen if layer.name not in refused]
    if refused:
        name, reason = next(iter(refused.items()))
        raise InputError(f"`reduce={reduction.name!r}` does not suit the layer {name!r}: {reason}")
    return chosen


def _refusal(layer: Layer, reduction: Reduction) -> str | None:
    if reduction.by_step and not layer.steps:
        return "it has one vector per text; leave `reduce` out"
    if reduction.by_step and layer.extra < 0:
        return "it has fewer steps than the text has tokens; take 'max' or 'mean'"
    if reduction.name == "attention" and layer.extra:
        return "its steps are windows, the attention's are tokens; take 'max' or 'mean'"
    return None


def read_layers(
    model: Classifier,
    ids: Sequence[NDArray[np.int64]],
    layers: Sequence[Layer],
    reduction: Reduction,
    batch_size: int | None = None,
    progress: Progress = silent,
) -> LayerOutputs:
    """`layer_outputs` of encoded texts, NaN and infinity among them: see `LayerOutputs.checked`.

    Args:
        model: any classifier.
        ids: each text's tokens.
        layers: those to read.
        reduction: how steps become points.
        batch_size: the most texts at once; None chooses by their length.
        progress: called as `attribkit.progress.Progress` says.
    """
    windows, counts = model.capabilities.long_texts.windows(ids)
    if len(windows) > len(ids):
        check_windows(counts, reduction)
        return of_texts(read_layers(model, windows, layers, reduction, batch_size, progress), counts)
    lengths = [len(row) for row in ids]
    pairs = model.capabilities.pairs and any(bool((row >= SECOND).any()) for row in ids)
    if pairs and reduction.by_step:
        raise InputError(f"`reduce={reduction.name!r}` needs single texts, got pairs; take 'first', 'mean' or 'last'")
    batch_size = 1 if pairs else batch_size  # for pairs are divided in many ways
    steps = Steps.draw(lengths, reduction) if reduction.by_step else None
    points = len(ids) if steps is None else len(steps.text)
    equal = model.capabilities.equal_lengths
    names = {layer.name: reduction.of(layer) for layer in layers}
    values: dict[str, NDArray[np.float32]] = {}
    logits = np.zeros((len(ids), len(model.labels)))
    done = 0
    reader = _Reader({layer.name: layer for layer in layers}, names, steps, pairs)
    with eval_mode(model.network), torch.inference_mode(), watched(model.network, list(names), reader) as values_of:

        def read(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float32]]]:
            """The numbers of the points of a batch, and its points (P, H) by layer."""
            values_of.clear()
            batch = model.batch([ids[row] for row in rows])
            places = reader.turn_to(rows, batch[1])
            with model.holding(rows, len(ids)):
                batch_logits, weights = _run(model, batch, "attention" in names.values())
            logits[rows] = batch_logits.double().cpu().numpy()
            return places, {name: reader.points(name, values_of, weights).float().cpu().numpy() for name in names}

        for rows in batching.by_length(lengths, batch_size, equal=equal):
            read_parts = [read(rows)]
            if isinstance(model.network, Adapted) and not _in_order(rows, *read_parts[0], read):
                read_parts = [read(rows[place : place + 1]) for place in range(len(rows))]
            for places, outputs in read_parts:
                for name, result in outputs.items():
                    if name not in values:
                        values[name] = np.zeros((points, result.shape[1]), dtype=np.float32)
                    values[name][places] = result
            done += len(rows)
            progress(done, len(ids), "reading")
    return LayerOutputs(
        values={name: values.get(name, np.zeros((0, 0), dtype=np.float32)) for name in names},
        reductions=names,
        text_index=np.arange(len(ids)) if steps is None else steps.text,
        token_index=None if steps is None else steps.step,
        total=points if steps is None else steps.total,
        logits=logits,
    )


def _in_order(
    rows: NDArray[np.int64],
    places: NDArray[np.int64],
    outputs: Mapping[str, NDArray[np.float32]],
    read: Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], dict[str, NDArray[np.float32]]]],
) -> bool:
    """Whether a batch's layers put out the rows of its texts in their order: its first and last text are run alone.

    A network that sorts its batch by length, as packing asks for, has them in another.
    """
    if len(rows) == 1:
        return True
    for row in (rows[:1], rows[-1:]):
        own, alone = read(row)
        among = np.isin(places, own)
        for name, values in alone.items():
            if not np.allclose(
                outputs[name][among], values, rtol=1e-3, atol=1e-3 * float(np.abs(values).max(initial=0))
            ):
                return False
    return True


def _run(model: Classifier, batch: tuple[Tensor, Tensor], attend: bool) -> tuple[Tensor, Tensor | None]:
    logits, weights = model.network.attend(*batch) if attend else (model.network(*batch), None)
    if logits.ndim != 2 or logits.shape[1] != len(model.labels):
        raise InputError(
            f"the network must return logits of shape (B, {len(model.labels)}), one per label, got "
            f"{tuple(logits.shape)}; give `labels` in the order of its outputs"
        )
    return logits, weights.mean(1) if weights is not None and weights.ndim == 3 else weights


class _Reader:
    """Makes points of a layer's output as soon as it is there: copying all its steps would take as long as some layers.

    Args:
        layers: by name.
        reductions: by name how steps become points.
        steps: which of them; None for one point per text.
        pairs: whether texts may be pairs, around which there are more special tokens than around single ones.
    """

    def __init__(
        self, layers: dict[str, Layer], reductions: dict[str, str], steps: Steps | None, pairs: bool = False
    ) -> None:
        self.layers, self.reductions, self.steps, self.pairs = layers, reductions, steps, pairs

    def turn_to(self, rows: NDArray[np.int64], mask: Tensor) -> NDArray[np.int64]:
        """The batch of these texts comes next; the numbers of its points."""
        self.mask = mask
        self.places, self.texts = (rows, rows) if self.steps is None else self.steps.of(rows)
        return self.places

    def __call__(self, name: str, output: Tensor) -> Tensor | None:
        """Points (P, H) of one call's output; for "attention", whose weights come last, a copy of its steps."""
        layer = self.layers[name]
        if self.pairs and layer.steps and output.ndim == len(layer.sizes or ()):
            layer = replace(layer, extra=layer.arranged(output).shape[1] - self.mask.shape[1])
        if not layer.fits(output, self.mask.shape[1]):
            return None  # no harm unless this was the last call
        values = layer.arranged(output)
        if self.steps is not None:
            return self.steps.taken(layer, values, self.places, self.texts)
        how = self.reductions[name]
        return values.clone() if how in ("", "attention") else reduced(layer, how, values, self.mask, None)

    def points(self, name: str, outputs: dict[str, Tensor | None], weights: Tensor | None) -> Tensor:
        """The points (P, H) of the last call; RuntimeError if the layer did not do what it did with other texts."""
        if name not in outputs:
            raise NetworkError(f"the layer {name!r} took no part in this text's forward pass; take another")
        output = outputs[name]
        if output is None:
            raise NetworkError(f"the layer {name!r} changes the shape of its output from text to text; take another")
        attended = self.reductions[name] == "attention"
        return reduced(self.layers[name], "attention", output, self.mask, weights) if attended else output
