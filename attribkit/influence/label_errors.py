"""label_errors(): rows whose label is likely wrong, and texts that occur more than once."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.booleans import check_booleans
from attribkit.data.intake import Rows, tables_for
from attribkit.data.text_tables import Data, TextTables
from attribkit.errors import InputError, InputTypeError
from attribkit.influence.duplicates import duplicates
from attribkit.influence.held_out_margins import folds, layer_logits, word_logits
from attribkit.influence.label_errors_result import LabelErrors, overview_of
from attribkit.last_layer.features import read_features
from attribkit.last_layer.refitted_layer import RefittedLayer, check_strength
from attribkit.last_layer.targets import log_odds, log_odds_of_all
from attribkit.last_layer.training_rows import TrainingRows, check_task, labelled_rows, rows_key
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.logits import softmax
from attribkit.progress import Progress, shown, silent
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.panels import Prediction
from attribkit.views.attribution import Attribution


def label_errors(
    model: Classifier,
    data: Data,
    *,
    most: int = 20,
    words: bool = True,
    parts: int = 5,
    near: float = 0.8,
    l2: float | None = None,
    folder: str | Path | None = None,
    seed: int = 0,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    batch_size: int | None = None,
    progress: bool | Progress | None = None,
) -> LabelErrors:
    """Rank labelled rows by how likely their label is wrong, and name texts that occur more than once.

    A row's margin is the log-odds of its label by models that never saw the row: the network's last layer, and a linear
    model of words, each cross-validated. The lowest come first; a row is a suspect where another label has the highest
    log-odds. Self-influence, how much the row alone holds up its own
    label, is given beside them.

    Args:
        model: a classifier of one label of several, whose last layer is linear; it stays as it is. It may have been
            trained on the rows.
        data: rows with labels, as `attribkit.load_dataset` takes them.
        most: how many of the first rows are explained by token scores.
        words: whether the model of words has a say; without it the margin is the last layer's alone.
        parts: in how many parts the rows are cut for cross-validation.
        near: the smallest share of stretches of five words that two texts have in common to be told as near-duplicates.
        l2: of the last layer, for each row; None for the strength that leaves its answers nearest to the network's.
        folder: where the features are kept in a file, to be streamed and used again; None for in memory.
        seed: cuts the parts.
        split: "train", "validation" or "test" to rank that part alone; duplicates are looked for among all rows.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        batch_size: the most texts at once; None chooses by their length.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        the rows in order, with their margins; the first explained; and the duplicates.

    Raises:
        TypeError: for what is no classifier, or data of the wrong kind.
        ValueError: for a model that does not choose among labels, or whose last layer is not linear; for rows without
            labels, fewer than two rows of a label, or fewer rows than parts.

    Example:
        >>> import attribkit as ak
        >>> rows = ak.load_dataset("demo").sample(60).train
        >>> rows.loc[3, "label"] = "neg" if rows.loc[3, "label"] == "pos" else "pos"
        >>> errors = ak.label_errors(ak.load("imdb-cnn"), rows, most=2)
        >>> errors.to_frame().columns[:8].tolist()
        ['row', 'label', 'suggested', 'margin', 'layer', 'words', 'self_influence', 'text']
        >>> len(errors.to_frame()), len(errors.suspects) < 20
        (60, True)
    """
    if not isinstance(model, Classifier):
        raise InputTypeError(
            f"a Classifier was expected, got {type(model).__name__}; load one with attribkit.load(folder)"
        )
    check_booleans(words=words)
    check_task(model)
    check_strength(l2)
    if parts < 2:
        raise InputError(f"`parts` must be at least 2, got {parts}")
    if not 0 < near <= 1:
        raise InputError(f"`near` must be a share above 0 and at most 1, got {near!r}")
    with shown(progress) as tell:
        chosen = Rows.of(
            model,
            data,
            split=split or "all",
            text=text,
            label=label,
            encoding=encoding,
            held_out=split is not None,
            progress=tell,
        )
        rows = labelled_rows(model, chosen)
        if len(rows.labels) < 2 * parts:
            raise InputError(f"at least {2 * parts} rows are needed for {parts} parts, got {len(rows.labels)}")
        place = None if folder is None else Path(folder)
        key = "" if place is None else rows_key(model, rows.ids)
        features = read_features(
            model,
            rows.ids,
            folder=place,
            key=key,
            batch_size=batch_size,
            progress=tell,
        )
        layer = RefittedLayer.fitted(model, rows, features, l2, 0, seed)
        ranked = ranked_rows(layer, parts, seed, words, tell)
        table = pd.concat([ranked, _other_columns(rows, ranked)], axis=1)
        copies = _copies(tables_for(model, data, text, label, encoding), near)
        explained = _explained(layer, table, most)
    notes = (layer.distance_sentence, *rows.notes, *chosen.reading)
    about = chosen.provenance(model.name, len(table))
    return LabelErrors(table, copies, overview_of(table, copies, about, notes, words), explained)


def ranked_rows(
    layer: RefittedLayer, parts: int, seed: int, words: bool = False, progress: Progress = silent
) -> pd.DataFrame:
    """A row for each row, the lowest margin first; its columns are those of `LabelErrors.rows`.

    Args:
        layer: refitted on all rows.
        parts: in how many parts the rows are cut for cross-validation.
        seed: cuts them.
        words: whether the model of words has a say.
        progress: called as `attribkit.progress.Progress` says.
    """
    rows, labels = layer.rows, layer.rows.labels
    fold = folds(rows.texts, labels, parts, seed)
    by_layer = layer_logits(layer.features, layer.regression, fold, progress)
    by_words = word_logits(rows.texts, labels, len(layer.model.labels), fold, progress) if words else None
    own = log_odds(by_layer, labels)
    of_words = np.full(len(labels), np.nan) if by_words is None else log_odds(by_words, labels)
    odds = log_odds_of_all(by_layer)
    if by_words is not None:
        odds = (odds + log_odds_of_all(by_words)) / 2
    table = pd.DataFrame(
        {
            "row": rows.rows,
            "label": [layer.model.labels[place] for place in labels.tolist()],
            "suggested": [layer.model.labels[place] for place in odds.argmax(1).tolist()],
            "margin": own if by_words is None else (own + of_words) / 2,
            "layer": own,
            "words": of_words,
            "self_influence": self_influence(layer),
            "text": rows.texts,
        }
    )
    return table.sort_values("margin", kind="stable").reset_index(drop=True)


def _other_columns(rows: TrainingRows, ranked: pd.DataFrame) -> pd.DataFrame:
    """The data's own columns beside those ranked, such as an id, in the order of the ranked rows."""
    others = rows.table.drop(columns=["text", "label"]).loc[ranked["row"]].reset_index(drop=True)
    # a column of the data that bears a name of the ranking keeps its values under another
    return others.rename(columns={name: f"other_{name}" for name in ranked.columns})


def self_influence(layer: RefittedLayer) -> NDArray[np.float64]:
    """(N,) how much each row raises the log-odds of its own label: what they would lose without it."""
    without = layer.leave_one_out.own_change @ layer.regression.basis.T
    influence = np.zeros(len(layer.rows.labels))
    for rows, block in layer.features.blocks():
        logits, labels = layer.regression.logits(block), layer.rows.labels[rows]
        influence[rows] = log_odds(logits, labels) - log_odds(logits + without[rows], labels)
    return influence


def _copies(read: TextTables, near: float) -> pd.DataFrame:
    """Pairs of texts of all splits: split, row and label of each, their Jaccard index, and the text."""
    tables = read.tables
    whole = pd.concat([table.assign(split=name) for name, table in tables.items()], ignore_index=True)
    readable = whole[[isinstance(cell, str) for cell in whole["text"]]]
    pairs = duplicates(readable["text"].tolist(), near)
    several = len(tables) > 1
    columns: dict[str, list[object]] = {}
    for name in ("first", "second"):
        places = [getattr(pair, name) for pair in pairs]
        own = readable.iloc[places]
        columns[f"{name}_row"] = own.index.tolist()
        columns[f"{name}_split"] = own["split"].tolist() if several else [""] * len(own)
        columns[f"{name}_label"] = own["label"].tolist()
    columns["alike"] = [pair.jaccard for pair in pairs]
    columns["text"] = readable["text"].iloc[[pair.first for pair in pairs]].tolist()
    return pd.DataFrame(columns)


def _explained(layer: RefittedLayer, table: pd.DataFrame, most: int) -> Explanations:
    """The first rows with the token scores of the label that is suggested, or of their own where it is the same."""
    first = table.head(most)
    if not len(first):
        return Explanations()
    model = layer.model
    batch = EncodedBatch.of(model, first["text"].tolist())
    chances = softmax(batch.logits)
    explained = Explanations()
    for number, row in enumerate(first.to_dict("records")):
        panels = Attribution(target=row["suggested"])(model, batch.part(np.array([number])))[0]
        prediction = Prediction(
            label=model.labels[int(chances[number].argmax())],
            labels=model.labels,
            probabilities=tuple(chances[number].tolist()),
            true_label=row["label"],
        )
        figures = {name: row[name] for name in ("row", "margin", "self_influence", "suggested")}
        explained.append(Explanation(row["text"], prediction, panels, {"model": model.name, **figures}))
    return explained
