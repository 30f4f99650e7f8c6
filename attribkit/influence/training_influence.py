"""training_influence(): which training rows raised and lowered a model's answers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from attribkit.attribution.targets import TargetName
from attribkit.booleans import check_booleans
from attribkit.data.intake import all_rows
from attribkit.data.tables import encodings_of
from attribkit.data.text_tables import Data, has_columns
from attribkit.errors import InputError, InputTypeError
from attribkit.influence.result import TrainingInfluence
from attribkit.last_layer.features import Features, with_bias
from attribkit.last_layer.likeness import likeness_model, likeness_weights
from attribkit.last_layer.refitted_layer import RefittedLayer
from attribkit.last_layer.targets import Answer
from attribkit.last_layer.text_influence import TextInfluence, influence_on, table_of
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.logits import softmax
from attribkit.progress import Progress, counted, shown
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.panels import Panel, Prediction, Table
from attribkit.results.several_panels import Panels
from attribkit.task import check_one_label
from attribkit.text.encoded import shortened
from attribkit.versions import versions_of
from attribkit.views.attribution import Attribution


def training_influence(
    model: Classifier,
    train: Data | RefittedLayer,
    texts: Data,
    target: TargetName | None = None,
    *,
    most: int = 3,
    token_scores: bool = True,
    l2: float | None = None,
    folder: str | Path | None = None,
    other_rows: bool = False,
    checked: int = 20,
    seed: int = 0,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    batch_size: int | None = None,
    progress: bool | Progress | None = None,
) -> TrainingInfluence:
    """Find the training rows that most raised and most lowered a model's answers to some texts.

    The answer is exact for the last layer: it is refitted on the network's features, and each row's effect is what its
    log-odds would lose without the row. That the features too were learnt from the rows is left out; see
    docs/influence.md for when that matters, and `attribkit.influence.datamodelling` for a measure of it.

    Args:
        model: a classifier of one label of several, whose last layer is linear; it stays as it is.
        train: the rows it was trained on, as `attribkit.load_dataset` takes them; or what
            `attribkit.influence.RefittedLayer.of` prepared, to ask several times.
        texts: a string, which is one text; or several texts, in any form that `attribkit.explain` takes.
        target: None for each text's predicted label, a label, or a pair ("pos", "neg") for why this and not that.
        most: how many rows are shown that raised the answer, and how many that lowered it.
        token_scores: whether the rows shown are explained: their own token scores, and by which words they are like the
            text.
        l2: λ for each row; None for the strength that leaves the layer's answers nearest to the network's own.
        folder: where the features are kept in a file, to be streamed and used again; None for in memory.
        other_rows: whether rows are taken that are not those the model was trained on.
        checked: how many rows are truly refitted without, to check leave-one-out; the largest difference is printed.
        seed: draws them.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of the files among the data; None to guess, and say so: see `attribkit.load_dataset`.
        batch_size: the most texts at once; None chooses by their length.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        for each text a table of rows, and each row explained.

    Raises:
        TypeError: for what is no classifier, or data of the wrong kind.
        ValueError: for a model that does not choose among labels, or whose last layer is not linear; for rows that are
            not the model's, have no labels, or fewer than two of a label; for an `l2` of 0; for features that are too
            large for memory.

    Example:
        >>> import attribkit as ak
        >>> data = ak.load_dataset("demo").sample(100)
        >>> model = ak.train("cnn", data, epochs=2, filters=8, embedding_size=16, progress=False)
        >>> why = ak.training_influence(model, data, "A great film", most=2)
        >>> why.to_frame().columns.tolist()
        ['text', 'row', 'label', 'effect', 'value', 'alike', 'excerpt']
        >>> len(why.to_frame())
        4
    """
    if not isinstance(model, Classifier):
        raise InputTypeError(
            f"a Classifier was expected, got {type(model).__name__}; load one with attribkit.load(folder)"
        )
    check_booleans(token_scores=token_scores, other_rows=other_rows)
    check_one_label(model.task, "`training_influence`", "`word_importance` works")
    if most < 1:
        raise InputError(f"`most` must be at least 1 training row, got {most}")
    columns = {"text": text, "label": label} if has_columns(texts) else {}
    of_train, of_texts = encodings_of(encoding, train, [texts] if isinstance(texts, str) else texts)
    with shown(progress) as tell:
        layer = prepared(
            model, train, l2=l2, folder=folder, other_rows=other_rows, checked=checked, seed=seed, text=text,
            label=label, encoding=of_train, batch_size=batch_size, progress=tell,
        )  # fmt: skip
        asked_rows = all_rows(model, texts, **columns, encoding=of_texts)
        asked = asked_rows.texts
        features = layer.read(asked)
        answers = [Answer.of(target, model.labels, logits) for logits in features.logits]
        influences = tuple(
            influence_on(layer, layer.refined, asked[place], features, place, answers[place], most)
            for place in counted(range(len(asked)), tell, "training rows")
        )
        lessons = Explanations(
            lesson
            for number, influence in enumerate(influences)
            for lesson in (
                explained_rows(layer, influence, features, number, answers[number])
                if token_scores and layer.rows.ids
                else ()
            )
        )
    tables = [table_of(layer, influence) for influence in influences]
    provenance = {
        "model": model.name,
        "data": layer.rows.source or None,
        "fingerprint": model.fingerprint(),
        "texts": len(asked),
        "training rows": len(layer.rows.labels),
        "l2": layer.l2,
        "versions": versions_of("attribkit", "torch"),
    }
    trust = trust_table(layer, asked_rows.reading)
    return TrainingInfluence(Panels([*tables, trust], provenance), lessons, influences)


def prepared(
    model: Classifier,
    train: Data | RefittedLayer,
    *,
    l2: float | None,
    folder: str | Path | None,
    other_rows: bool,
    checked: int,
    seed: int,
    text: str | None,
    label: str | None,
    encoding: str | None,
    batch_size: int | None,
    progress: Progress,
) -> RefittedLayer:
    """The layer refitted on the training rows, or the one given if it is the model's.

    Raises:
        ValueError: for a layer of another model; else as `RefittedLayer.of`.
    """
    if not isinstance(train, RefittedLayer):
        return RefittedLayer.of(
            model, train, l2=l2, folder=folder, other_rows=other_rows, checked=checked, seed=seed, text=text,
            label=label, encoding=encoding, batch_size=batch_size, progress=progress,
        )  # fmt: skip
    train.check_model(model)
    return train


def trust_table(layer: RefittedLayer, of_texts: Sequence[str] = ()) -> Table:
    """How far the refitted layer is to be trusted; `of_texts` says how those asked about were read."""
    mean, largest, same = layer.distance
    check = layer.check
    checked = () if check is None else (check.sentence,)
    sentences = (layer.distance_sentence, *checked, *dict.fromkeys((*layer.rows.notes, *of_texts)))
    cells: list[tuple[str, float]] = [
        ("log-odds from the network's, mean", mean),
        ("log-odds from the network's, largest", largest),
        ("labels that are the network's", same),
        ("largest gradient", layer.regression.gradient),
    ]
    if check is not None:
        cells += [("leave-one-out from true refits, largest", check.two_steps), ("the same, one step", check.one_step)]
    return Table("How far to trust it", ("what", "value"), tuple(cells), sentences)


def explained_rows(
    layer: RefittedLayer, influence: TextInfluence, features: Features, number: int, answer: Answer
) -> Sequence[Explanation]:
    """The rows that are shown of one text, each with its own token scores and those of its likeness."""
    model, own = layer.model, with_bias(features.values[number : number + 1])[0]
    before = layer.regression.logits(own[None])[0]
    weights = likeness_weights(layer.regression, own, answer.gradient(before))
    like, pair = likeness_model(model, weights)
    texts = [layer.rows.texts[place] for place in influence.shown.tolist()]
    batch = EncodedBatch.of(model, texts)
    alike = [
        replace(panel, target=f"like “{shortened(influence.text)}”", unit="likeness")
        for (panel,) in Attribution(target=pair)(
            like, EncodedBatch(batch.texts, batch.encoded, like.logits([e.ids for e in batch.encoded]))
        )
    ]
    explained = []
    for place, row in enumerate(influence.shown.tolist()):
        label = model.labels[int(layer.rows.labels[row])]
        panels: list[Panel] = [*Attribution(target=label)(model, batch.part(np.array([place])))[0], alike[place]]
        explained.append(_lesson(layer, influence, panels, place, row, number))
    return explained


def _lesson(
    layer: RefittedLayer, influence: TextInfluence, panels: Sequence[Panel], place: int, row: int, number: int
) -> Explanation:
    labels, probabilities = layer.model.labels, softmax(layer.features.logits[row : row + 1])[0]
    prediction = Prediction(
        label=labels[int(probabilities.argmax())],
        labels=labels,
        probabilities=tuple(probabilities.tolist()),
        true_label=labels[int(layer.rows.labels[row])],
    )
    provenance = {
        "model": layer.model.name,
        "text": number,
        "row": int(layer.rows.rows[row]),
        "effect": float(influence.shown_effects[place]),
        "value": float(influence.values[row]),
        "alike": float(influence.likeness[place]),
    }
    return Explanation(layer.rows.texts[row], prediction, panels, provenance)
