"""group_influence(): what groups of training rows, such as a source, an author or a class, did to a model's answers."""

import numpy as np
from numpy.typing import NDArray

from attribkit.attribution.targets import TargetName
from attribkit.data.intake import all_rows
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.last_layer.features import with_bias
from attribkit.last_layer.refitted_layer import RefittedLayer
from attribkit.last_layer.softmax_regression import fit
from attribkit.last_layer.targets import Answer
from attribkit.progress import Progress, counted, shown
from attribkit.results.panels import Bar, Table
from attribkit.results.several_panels import Panels
from attribkit.text.encoded import shortened


def group_influence(
    layer: RefittedLayer,
    texts: Data,
    by: str = "label",
    target: TargetName | None = None,
    *,
    most: int = 20,
    text: str | None = None,
    label: str | None = None,
    progress: bool | Progress | None = None,
) -> Panels:
    """Leave out groups of training rows, one by one, and say how much lower each answer would be.

    The last layer is truly refitted without each group, with the λ of all rows, in a second or so for 25,000 rows.
    Effects of single rows do not add up to that of their group: rows that say the same stand in for each other.

    Args:
        layer: a model's last layer, refitted on its training rows.
        texts: a string, which is one text; or several, in any form that `attribkit.explain` takes.
        by: the column of the training rows that names each row's group, such as "source"; "label" for the classes.
        target: None for each text's predicted label, a label, or a pair for why this and not that.
        most: the groups of most rows that are left out.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of their labels; likewise.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        for each text a table: group, rows, and effect in log-odds, those that raised the answer most first.

    Raises:
        ValueError: for a column that the training rows do not have, or that holds a single group.

    Example:
        >>> import attribkit as ak
        >>> from attribkit.influence import RefittedLayer, group_influence
        >>> data = ak.load_dataset("demo").sample(100)
        >>> rows = data.train.assign(source=["web", "print"] * 50)
        >>> layer = RefittedLayer.of(ak.load("imdb-cnn"), rows, other_rows=True, checked=0)
        >>> sorted(group_influence(layer, "A great film", by="source").to_frame()["group"])
        ['print', 'web']
    """
    if most < 1:
        raise InputError(f"`most` must be at least 1 group, got {most}")
    names = _names(layer, by)
    groups, counts = np.unique(names, return_counts=True)
    if len(groups) < 2:
        raise InputError(f"at least two groups were expected in the column {by!r}, it holds only {str(groups[0])!r}")
    order = np.argsort(-counts, kind="stable")[:most].tolist()
    asked = all_rows(layer.model, texts, text=text, label=label).texts
    features = layer.read(asked)
    answers = [Answer.of(target, layer.model.labels, logits) for logits in features.logits]
    with shown(progress) as tell:
        effects = np.array(
            [
                _without(layer, with_bias(features.values), answers, names != groups[place])
                for place in counted(order, tell, "refitting without groups")
            ]
        )
    notes = [
        "effect: how much lower the log-odds are by a last layer refitted without the group",
        layer.distance_sentence,
    ]
    if len(order) < len(groups):
        notes.append(f"the {len(order):,} groups of most rows are shown, of {len(groups):,}")
    panels = []
    for row, answer in enumerate(answers):
        ranked = np.argsort(-effects[:, row], kind="stable").tolist()
        cells = tuple(
            (str(groups[order[place]]), int(counts[order[place]]), float(effects[place, row])) for place in ranked
        )
        what = f"{answer.name(layer.model.labels)} for “{shortened(asked[row])}”"
        title = f"Groups by {by} that raised and lowered {what}"
        bars = tuple(Bar(effect) for _, _, effect in cells)
        panels.append(Table(title, ("group", "rows", "effect (log-odds)"), cells, tuple(notes), bars))
    return Panels(panels, {"model": layer.model.name, "groups": by})


def _names(layer: RefittedLayer, by: str) -> NDArray[np.str_]:
    """(N,) the group of each row."""
    table = layer.rows.table
    if by not in table:
        columns = ", ".join(map(str, table.columns))
        raise InputError(f"`by` must be a column of the training rows, {columns}, got {by!r}")
    names: NDArray[np.str_] = table.loc[layer.rows.rows, by].astype(str).to_numpy(dtype=str)
    return names


def _without(
    layer: RefittedLayer, own: NDArray[np.float64], answers: list[Answer], kept: NDArray[np.bool_]
) -> list[float]:
    """For each text how much lower its answer is by the layer refitted on the rows kept."""
    regression = layer.regression
    without = fit(
        layer.features, regression.labels, regression.classes, 0.0,
        weight_of=kept.astype(float), penalty=regression.penalty, start=regression.weights,
    )  # fmt: skip
    before, after = regression.logits(own), without.logits(own)
    lower = []
    for row, answer in enumerate(answers):
        place = slice(row, row + 1)
        lower.append(float(answer.log_odds(before[place])[0] - answer.log_odds(after[place])[0]))
    return lower
