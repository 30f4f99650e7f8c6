"""explain(): from a classifier and a text to an Explanation."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, Unpack, overload

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from attribkit.attribution.label_index import Index, LabelName
from attribkit.attribution.outputs import Output
from attribkit.attribution.targets import TargetName, find_label
from attribkit.booleans import check_booleans
from attribkit.data import Dataset
from attribkit.data.intake import Rows, all_rows
from attribkit.data.readable import SkippedRowsWarning
from attribkit.data.tables import encodings_of, listed_alone
from attribkit.data.text_tables import Data, has_columns
from attribkit.errors import InputError, InputTypeError
from attribkit.last_layer.refitted_layer import RefittedLayer
from attribkit.models.answered import answered
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.fingerprint import fingerprints_once
from attribkit.models.predictions import predictions
from attribkit.plurals import number_of
from attribkit.progress import Progress, shown
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.panels import Panel
from attribkit.results.panels.prediction import Truth
from attribkit.text.text_pair import check_single, with_joined_pairs
from attribkit.views import ViewOptions
from attribkit.views.choice import choose_views, left_out
from attribkit.views.choice import supported as supported  # offered here too, beside `explain`
from attribkit.views.provenance import provenance_of

TrueLabel: TypeAlias = LabelName | float | Sequence[LabelName]
"""What is known of a text, by the model's task: a label, several, or a number."""


class Options(ViewOptions, total=False):
    """What `explain` can be told."""

    text: str | None
    label: str | None
    encoding: str | None
    also: Mapping[str, Any] | None
    views: str | Sequence[str] | None
    true_label: TrueLabel | Sequence[TrueLabel] | None
    device: str | torch.device | None
    progress: bool | Progress | None


Several: TypeAlias = (
    list[str]
    | tuple[str, ...]
    | pd.Series
    | NDArray[Any]
    | Iterator[str]
    | pd.DataFrame
    | Mapping[str, pd.DataFrame]
    | Dataset
    | Path
)


@overload
def explain(model: Classifier, data: str | Mapping[str, str], **options: Unpack[Options]) -> Explanation: ...
@overload
def explain(model: Classifier, data: Several, **options: Unpack[Options]) -> Explanations: ...
def explain(
    model: Classifier,
    data: str | Mapping[str, str] | Several,
    *,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    also: Mapping[str, Any] | None = None,
    views: str | Sequence[str] | None = None,
    target: TargetName | None = None,
    output: str | None = None,
    method: str | None = None,
    baseline: str | Sequence[str] = "pad",
    tolerance: float = 1e-4,
    compare: bool = False,
    reference: Data | None = None,
    train: Data | RefittedLayer | None = None,
    true_label: TrueLabel | Sequence[TrueLabel] | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    interactions: str = "shapley",
    max_steps: int | None = None,
    max_tokens: int | None = None,
    device: str | torch.device | None = None,
    progress: bool | Progress | None = None,
) -> Explanation | Explanations:
    """Attribute a model's prediction to the tokens of a text.

    The model is left exactly as it was.

    Args:
        model: any classifier; it need not have been trained here.
        data: a string, which is one text; or several texts, which are batched: a list, a Series or an array; the column
            of texts of a table, or of a file if its `Path` is given; the test split of a `Dataset`. A pair for a model
            that reads pairs is {"text": …, "text_pair": …}.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels, which are shown as the true ones; likewise.
        encoding: of the files among the data; None to guess, and say so: see `attribkit.load_dataset`.
        also: what a network with other inputs is given beside the text, by name: the text's own values, or for several
            texts one entry each; not needed where the table has columns of these names. See
            `attribkit.models.adapters.Adapted`.
        views: which views to compute: "attribution", "inputs", "attention", "projection", "interactions", "training",
            or "all" that the model supports and the text allows: a note says what is left out. None for the scores and,
            where the network has them, other inputs and attention (that of a transformer's layers only if it is named);
            "projection", where the text lies on the map of the model's reference points, is added if `reference` is
            given, and "training", which training rows taught the answer, if `train` is.
        target: what is explained: None for the predicted class, with several labels a text the likeliest; a label,
            "all" for every class, "top5" for a text's five likeliest (or another number), or a pair ("pos", "neg") for
            why this and not that, log p_a − log p_b. An integer is the label of that number, or an index where no label
            is a number; `Index(1)` is the second label in any case. A regression has its number alone.
        output: the number whose change the scores share out: "log_odds", log p − log(1 − p), "logit" or "probability";
            None for the log-odds, of a regression its number, in its unit.
        method: how the scores are computed; None for the best that the network allows: "exact" for a network with a
            closed form, else "quadrature". To compare with: "captum", "saliency", "input_x_gradient", "deeplift",
            "gradient_shap", "occlusion", "leave_one_out", "shapley" and "banzhaf" (exact over all coalitions of a text
            CNN's words), "shapley_sampling", "lime", "kernel_shap", "random".
        baseline: what the text is compared with: "pad" (every token replaced by padding), "zero", "unk", "mean", or a
            text. Several of them give each token a band from its smallest to its largest score; the scores themselves
            are those of the first.
        tolerance: the largest relative completeness error, |Σ scores − (F(text) − F(baseline))| / Σ|scores|, that
            counts as converged. Steps are added until it is met; if it cannot be met, the result and its pictures say
            so.
        compare: whether attention is shown beside integrated gradients and leave-one-out; this runs the network once
            per token.
        reference: texts among which the view "projection" marks this one, with their labels if known: a data set, a
            table, a list of texts, a file's path; None for the model's own reference points, if it has any.
        train: for the view "training" the rows that the model was trained on, as `attribkit.training_influence` takes
            them, or what `attribkit.influence.RefittedLayer.of` prepared, to explain several times; None for those that
            the model carries, if `attribkit.keep_training` kept any.
        true_label: the known label, shown beside the predicted one; one per text if there are several; an integer or
            `Index` as with `target`. With several labels a text a list of them, one per text; of a regression a number.
            None for that in the column of labels.
        seed: of the methods that draw samples; the same seed gives a text the same scores.
        batch_size: the most texts at once; None chooses by their length.
        interactions: what the view "interactions" shows: "shapley", the Shapley interaction index over all coalitions
            of the other words, or "integrated_hessians", along the path of integrated gradients.
        max_steps: the most gradients for a text whose scores do not converge with fewer; None for 4,000. Where the
            network has ReLUs or maxima the path is broken at their jumps.
        max_tokens: the most tokens of a text whose interactions, or values by the methods "shapley" and "banzhaf", are
            computed; what a longer one would take is said. None for 200 with the interactions "shapley", for 2,000 with
            the two methods, for no limit with "integrated_hessians".
        device: where to compute; None for where the model is.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        an `Explanation` for one text, `Explanations` for several. Rows of a table that cannot be read are left out with
        a warning; the `provenance` of the others holds their row.

    Raises:
        TypeError: for a text that is no string.
        ValueError: for data whose column of texts cannot be guessed; for an empty text, or an option out of its range;
            the sentence lists what there is.

    Example:
        >>> import attribkit as ak
        >>> model = ak.load("imdb-cnn")
        >>> why = ak.explain(model, "It was a horrible movie")
        >>> why.label
        'neg'
        >>> why.tokens
        ['It', 'was', 'a', 'horrible', 'movie']
        >>> why.scores.round(1).tolist()
        [-0.2, -0.0, -0.2, 5.6, 0.4]
        >>> why.token_scores.method, why.token_scores.unit, why.token_scores.converged
        ('exact', 'log-odds', True)
    """
    if not isinstance(model, Classifier):
        raise InputTypeError(
            f"a Classifier was expected, got {type(model).__name__}; load one with attribkit.load(folder)"
        )
    check_booleans(compare=compare)
    data = with_joined_pairs(data, model.reads_pairs)
    if not model.reads_pairs:
        check_single(data)
    of_data, of_reference, of_train = encodings_of(encoding, listed_alone(data), reference, train)
    options = ViewOptions(
        train=train,
        target=target,
        output=Output.of(output, model.task, model.unit).name,
        method=method,
        baseline=baseline,
        tolerance=tolerance,
        compare=compare,
        reference=None
        if reference is None
        else Rows.of(model, reference, encoding=of_reference, progress=progress).labelled_texts(),
        seed=seed,
        batch_size=batch_size,
        interactions=interactions,
        max_steps=max_steps,
        max_tokens=max_tokens,
    )
    with fingerprints_once(), shown(progress) as tell:
        if train is not None and not isinstance(train, RefittedLayer):
            options["train"] = RefittedLayer.of(
                model, train, checked=0, encoding=of_train, batch_size=batch_size, progress=tell
            )
        chosen = choose_views([views] if isinstance(views, str) else views, model, options, tell)
        model = model.on(device)
        batch, truth, numbers, source = _read(model, data, text, label, of_data, also, true_label, batch_size, tell)
        predicted = predictions(batch.logits, model.labels, model.task, model.unit, truth)
        panels: list[list[Panel]] = [[] for _ in batch.texts]
        for view in chosen.values():
            for row, of_text in zip(panels, view(model, batch), strict=True):
                row += of_text
        provenance = provenance_of(model, chosen) | source
        lacking = left_out(chosen, model, batch)
    rows = Explanations(
        Explanation(
            text=text_read,
            prediction=predicted[row],
            panels=tuple(panels[row]),
            provenance=_of_row(provenance, None if numbers is None else numbers[row], lacking.get(row)),
        )
        for row, text_read in enumerate(batch.texts)
    )
    return rows[0] if isinstance(data, str) else rows


def _of_row(provenance: Mapping[str, Any], number: int | None, note: str | None) -> Mapping[str, Any]:
    """How one text was explained: its row in the data, and which view was left out."""
    notes = {} if note is None else {"notes": [*provenance.get("notes", ()), note]}
    return {**provenance, **notes, **({} if number is None else {"row": number})}


def _read(
    model: Classifier,
    data: str | Several,
    text: str | None,
    label: str | None,
    encoding: str | None,
    also: Mapping[str, Any] | None,
    true_label: TrueLabel | Sequence[TrueLabel] | None,
    batch_size: int | None,
    progress: Progress,
) -> tuple[EncodedBatch, list[Truth], list[int] | None, dict[str, Any]]:
    """The texts as the model reads them, their true labels, and of a table their rows and what is said of it."""
    if true_label is not None and label is not None:
        raise InputError("`true_label` and `label` both say the true labels; give one of them")
    if not has_columns(data):
        texts: list[Any] = [data] if isinstance(data, (str, bytes)) or not isinstance(data, Iterable) else list(data)
        if text is not None or label is not None or not all(isinstance(item, str) for item in texts):
            texts = all_rows(model, texts, text=text, label=label).texts
        model = model.given(len(texts), also, single=isinstance(data, str))
        batch = EncodedBatch.of(model, texts, batch_size, progress)
        return batch, _true_labels(true_label, len(texts), model), None, {}
    rows = Rows.of(model, data, text=text, label=label, held_out=False, encoding=encoding)
    truth = _true_labels(true_label, len(rows.table), model) if true_label is not None else rows.truth
    model = model.given(len(rows.table), also, rows.table)
    read, logits = answered(model, rows.tokenised(model.tokenizer, spans=True), batch_size, progress)
    for note in read.notes:
        warnings.warn(note, SkippedRowsWarning, stacklevel=3)
    batch = EncodedBatch(read.texts, read.encoded, logits, model.also and model.also.rows(read.places))
    source = {"data": rows.source, "notes": [*rows.reading, *rows.seen_by(model)]}
    known = {name: value for name, value in source.items() if value}
    return batch, [truth[place] for place in read.places.tolist()], read.rows.tolist(), known


def _true_labels(true_label: TrueLabel | Sequence[TrueLabel] | None, texts: int, model: Classifier) -> list[Truth]:
    if true_label is None:
        return [None] * texts
    single = isinstance(true_label, (str, int, float, np.number, Index))
    given: Any = true_label
    each = [given] * texts if single else list(given)
    if model.task == "multilabel" and not single and texts == 1 and all(_is_name(name) for name in each):
        each = [each]
    if len(each) != texts:
        raise InputError(f"`true_label` must hold one label per text, got {len(each)} for {number_of(texts, 'text')}")
    return [_true_label(item, model) for item in each]


def _true_label(item: Any, model: Classifier) -> Truth:
    if item is None:
        return None
    if model.task == "regression":
        if isinstance(item, bool) or not isinstance(item, (int, float, np.number)):
            raise InputTypeError(f"`true_label` must be a number, for the model predicts one, got {item!r}")
        return float(item)
    if model.task == "multilabel" and not _is_name(item):
        return tuple(model.labels[find_label(name, model.labels, "true_label")] for name in item)
    name = model.labels[find_label(item, model.labels, "true_label")]
    return (name,) if model.task == "multilabel" else name


def _is_name(item: object) -> bool:
    return isinstance(item, (str, int, np.integer, Index))
