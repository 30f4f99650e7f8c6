"""What taught it: the training rows behind the surest mistakes; and the training rows whose label is likely wrong."""

from collections.abc import Sequence

import pandas as pd

from attribkit.data import Dataset
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.influence.label_errors import ranked_rows
from attribkit.influence.label_errors_result import suspects_of
from attribkit.last_layer.features import read_features
from attribkit.last_layer.kept_layer import carries_rows, kept_layer
from attribkit.last_layer.refitted_layer import RefittedLayer
from attribkit.last_layer.targets import Answer
from attribkit.last_layer.text_influence import TextInfluence, influence_on, table_of
from attribkit.last_layer.training_rows import TrainingRows
from attribkit.models.classifier import Classifier
from attribkit.plurals import by_number, number_of
from attribkit.progress import Progress
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Bar, Group, Section, Table
from attribkit.text.encoded import shortened

_MOST_ROWS = 5_000
"""Training rows up to which their features are read for a report."""
_ROWS, _EXCERPT = 3, 60
_TAUGHT = ("taught", "What taught it?", "What taught it")
_SUSPECTS = ("suspects", "Which training rows should be looked at?", "Rows to look at")


def training_sections(
    model: Classifier,
    data: Data,
    train: pd.DataFrame | None,
    explained: Sequence[Explanation],
    taught: int,
    suspects: int,
    seed: int,
    batch_size: int | None,
    progress: Progress,
) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """Both sections; or none, and a sentence that says why there are no training rows to show.

    Args:
        model: any classifier.
        data: of the report.
        train: the training rows, if they were given.
        explained: the surest mistakes first, or texts of the data where there are none.
        taught: for how many of them training rows are named.
        suspects: how many training rows to look at are listed.
        seed: of the parts of the training rows that are held out.
        batch_size: the most texts at once; None chooses by their length.
        progress: is told of the features that are read.
    """
    if not taught and not suspects:
        return (), ("No training rows were asked to be shown.",)
    layer = _layer(model, data, train, batch_size, progress)
    if isinstance(layer, str):
        return (), (layer,)
    return (_taught(layer, explained[:taught], batch_size), _suspects(layer, suspects, seed)), ()


def _layer(
    model: Classifier, data: Data, train: pd.DataFrame | None, batch_size: int | None, progress: Progress
) -> RefittedLayer | str:
    """The layer refitted on the training rows; else a sentence that says why there is none."""
    if model.task != "multiclass":
        return f"Training rows are asked of a model of one label a text, this model is {model.task}."
    if carries_rows(model):
        return kept_layer(model)
    source: Data | None = train
    if train is None and (isinstance(data, Dataset) or model.splits is not None):
        source = data
    if source is None:
        return (
            "No training rows were given: give train=…, or keep them with the model by "
            "attribkit.keep_training(model, train)."
        )
    try:
        rows = TrainingRows.of(model, source)
        if len(rows.labels) > _MOST_ROWS:
            return (
                f"A report reads at most {_MOST_ROWS:,} training rows, there are {len(rows.labels):,}: keep what the "
                "last layer reads of them with the model, by attribkit.keep_training(model, train)."
            )
        features = read_features(model, rows.ids, batch_size=batch_size, progress=progress)
        return RefittedLayer.fitted(model, rows, features, checked=0)
    except InputError as error:
        sentence = str(error)
        return f"{sentence[:1].upper()}{sentence[1:]}."


def _taught(layer: RefittedLayer, explained: Sequence[Explanation], batch_size: int | None) -> Section:
    if not explained:
        return Section(*_TAUGHT, ("No mistake and no text was asked to be shown.",))
    model = layer.model
    features = read_features(model, model.ids([row.text for row in explained]), batch_size=batch_size)
    influences, tables = [], []
    for place, row in enumerate(explained):
        influence = influence_on(
            layer, layer.leave_one_out, row.text, features, place, _answer(row, features.logits[place], model), _ROWS
        )
        influences.append(influence)
        tables.append(table_of(layer, influence))
    mistaken = any(row.prediction is not None and row.prediction.right is False for row in explained)
    which, against = ("surest mistakes", "the true one") if mistaken else ("texts explained", "the others")
    sentences = (
        f"For each of the {which} the training row that did most for it: were the row left out, the last layer’s "
        f"log-odds of this answer against {against} would be lower by the effect. What the row taught the layers "
        "before is not counted.",
        f"{layer.distance_sentence[:1].upper()}{layer.distance_sentence[1:]}.",
    )
    group = Group("The training rows, text by text", (_first_rows(layer, influences), *tables))
    return Section(*_TAUGHT, sentences, groups=(group,))


def _answer(row: Explanation, logits: Sequence[float], model: Classifier) -> Answer:
    """Of a mistake, why this label and not the true one; else the predicted label."""
    labels, prediction = model.labels, row.prediction
    own = labels.index(prediction.label) if prediction is not None else int(pd.Series(logits).argmax())
    truth = None if prediction is None else prediction.true_label
    return Answer(own, labels.index(truth)) if truth in labels and truth != labels[own] else Answer(own)


def _first_rows(layer: RefittedLayer, influences: Sequence[TextInfluence]) -> Table:
    first = [int(influence.shown[0]) for influence in influences]
    effects = [float(influence.shown_effects[0]) for influence in influences]
    cells = tuple(
        (
            shortened(influence.text, _EXCERPT),
            shortened(layer.rows.texts[place], _EXCERPT),
            layer.model.labels[int(layer.rows.labels[place])],
            effect,
        )
        for influence, place, effect in zip(influences, first, effects, strict=True)
    )
    columns = ("text", "the training row that did most", "its label", "effect (log-odds)")
    return Table("The training row that did most", columns, cells)


def _suspects(layer: RefittedLayer, most: int, seed: int) -> Section:
    parts = 5
    if not most:
        return Section(*_SUSPECTS, ("No training rows were asked to be shown.",))
    if len(layer.rows.labels) < 2 * parts:
        return Section(*_SUSPECTS, (f"There are too few training rows to hold {parts} parts of them out.",))
    ranked = ranked_rows(layer, parts, seed)
    doubted = len(suspects_of(ranked))
    first = ranked.head(most)
    table = Table(
        "Training rows whose label is likeliest wrong",
        ("text", "label", "rather", "margin", "row"),
        tuple(
            (shortened(row["text"], 2 * _EXCERPT), row["label"], row["suggested"], row["margin"], row["row"])
            for row in first.to_dict("records")
        ),
        ("margin: the log-odds of the row’s label by the last layer, refitted without the row’s part",),
        tuple(Bar(margin) for margin in first["margin"].tolist()),
    )
    doubts = (
        f"Of {number_of(len(ranked), 'training row')} {doubted:,} {by_number(doubted, 'has', 'have')} a label that the "
        "last layer, refitted without them, doubts. Here "
        f"{by_number(len(first), 'is the first', f'are the first {len(first):,}')}; hard cases stand among them, so "
        "look before you change one."
        if doubted
        else f"The last layer, refitted without them, doubts no label of {number_of(len(ranked), 'training row')}; "
        f"here {by_number(len(first), 'is the one', f'are the {len(first):,}')} of which it is least sure."
    )
    sentence = f"{doubts} A model of words and a search for duplicates join in: attribkit clean DATA --model MODEL."
    return Section(*_SUSPECTS, (sentence,), groups=(Group("The rows", (table,)),))
