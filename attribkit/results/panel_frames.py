"""Any panel as a table: a row per token, pair, point, place on a line, or row."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from attribkit.results.frames import pairs_frame, token_frame
from attribkit.results.panels import (
    AttentionHeads,
    Chart,
    ConfusionMatrix,
    Heatmap,
    Pairs,
    Panel,
    Scatter,
    Table,
    TokenScores,
)

_AXES = ("x", "y", "z")


def panel_frame(panel: Panel, text: str | None = None) -> pd.DataFrame:
    """The panel's figures as a table.

    Args:
        panel: of any kind.
        text: what its tokens are cut from, if it has any.

    Returns:
        of token scores and pairs the rows of `Explanation.to_frame`; of a heatmap a row per token, with a column for
        each measure; of attention heads a row per layer, head and pair of places; of a scatter a row per map and point;
        of a chart a row per place on each line; of a confusion matrix a row per pair of labels that occurs; of a table
        its own rows.
    """
    frame: pd.DataFrame = _FRAMES[panel.kind](panel, text or "")
    return frame


def _heatmap(panel: Heatmap, text: str) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "token": [text[start:end] for start, end in zip(panel.starts, panel.ends, strict=True)],
        "start": panel.starts,
        "end": panel.ends,
    }
    return pd.DataFrame({**columns, **{row.name: row.values for row in panel.rows}})


def _attention_heads(panel: AttentionHeads, _: str) -> pd.DataFrame:
    layer, head, source, place = (axis.ravel() for axis in np.indices(panel.weights.shape))
    return pd.DataFrame(
        {
            "layer": np.array(panel.layers, dtype=object)[layer],
            "head": head + 1,
            "place": source + 1,
            "token": np.array(panel.looking, dtype=object)[source],
            "looks_at_place": place + 1,
            "looks_at": np.array(panel.tokens, dtype=object)[place],
            "weight": panel.weights.ravel(),
        }
    )


def _scatter(panel: Scatter, _: str) -> pd.DataFrame:
    count = len(panel.maps[0].points)
    axes = _AXES[: panel.dimensions]
    columns = {
        name: list(getattr(panel, field)) or [None] * count
        for name, field in (("text", "excerpts"), ("label", "labels"), ("prediction", "predictions"))
    }
    if panel.values is not None and panel.colour is not None:
        columns[panel.colour] = panel.values.tolist()
    tables = []
    for number, each in enumerate(panel.maps):
        points = pd.DataFrame(each.points, columns=axes).assign(**columns, new=False)
        placed = [
            {**dict(zip(axes, text.points[number], strict=True)), "text": text.excerpt, "prediction": text.prediction}
            for text in panel.placed
        ]
        rows = [*points.to_dict("records"), *({**row, "new": True} for row in placed)]
        tables.append(pd.DataFrame(rows, columns=points.columns).assign(layer=each.layer, epoch=each.epoch))
    table = pd.concat(tables, ignore_index=True)
    return table[["layer", "epoch", *table.columns[:-2]]]


def _chart(panel: Chart, _: str) -> pd.DataFrame:
    return pd.concat(
        [pd.DataFrame({"series": line.name, "x": line.x, "y": line.y}) for line in panel.series], ignore_index=True
    )


def _confusion_matrix(panel: ConfusionMatrix, _: str) -> pd.DataFrame:
    true, predicted = np.nonzero(panel.counts)
    labels = np.array(panel.labels, dtype=object)
    counts = panel.counts[true, predicted]
    return pd.DataFrame({"true_label": labels[true], "predicted": labels[predicted], "texts": counts})


def _table(panel: Table, _: str) -> pd.DataFrame:
    return pd.DataFrame(list(panel.rows), columns=list(panel.columns))


_FRAMES: dict[str, Callable[[Any, str], pd.DataFrame]] = {
    TokenScores.kind: token_frame,
    Heatmap.kind: _heatmap,
    AttentionHeads.kind: _attention_heads,
    Pairs.kind: pairs_frame,
    Scatter.kind: _scatter,
    Chart.kind: _chart,
    ConfusionMatrix.kind: _confusion_matrix,
    Table.kind: _table,
}
