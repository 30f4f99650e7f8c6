"""The page's content while one types: an explanation in the words and numbers of the reports."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.render.preparation.captions import caveats, chosen_by, equation, sides, verdict_of
from attribkit.render.preparation.intervals import intervals
from attribkit.render.preparation.numbers import number, percent
from attribkit.render.preparation.prediction import bars, detail, headline
from attribkit.render.preparation.ranking import separate
from attribkit.render.preparation.scales import scales
from attribkit.render.preparation.scatter import Frame
from attribkit.render.preparation.sentences import sentences
from attribkit.render.preparation.spans import text_between
from attribkit.render.preparation.unicode import shorten, visible
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Heatmap, HeatmapRow, Prediction, ProjectedText, Table, TokenScores
from attribkit.views.agreement import agree, in_words

PHRASES = 6
"""Phrases that are shown."""
LESSONS = 3
"""Training rows that are shown."""


def live(explanation: Explanation) -> dict[str, Any]:
    """The content of the page that changes with the text; characters are counted as Python counts them."""
    text = explanation.text
    panel = explanation.token_scores
    scale = scales([explanation])[id(panel)]
    bands = intervals(panel, scale)
    verdict = verdict_of(panel)
    attention = next((candidate for candidate in explanation.panels() if isinstance(candidate, Heatmap)), None)
    return {
        "model": explanation.provenance.get("model"),
        "prediction": None if explanation.prediction is None else prediction_payload(explanation.prediction),
        "target": visible(panel.target, one_line=True),
        "unit": panel.unit,
        "sides": list(sides(panel.unit)),
        "method": panel.method,
        "baseline": visible(panel.baseline, one_line=True),
        "starts": panel.starts.tolist(),
        "ends": panel.ends.tolist(),
        "scores": panel.scores.tolist(),
        "said": [number(score, scale.limit) for score in panel.scores.tolist()],
        "between": [band.words for band in bands],
        "known": panel.known.tolist(),
        "limit": scale.limit,
        "ends_at": number(scale.limit, sign=False),
        "total": number(panel.total),
        "verdict": {"icon": verdict.icon, "tone": verdict.tone.value, "words": verdict.words, "short": verdict.short},
        "equation": equation(panel),
        "notes": caveats(panel, scale),
        "unread": panel.tokens_total - len(panel.tokens),
        "lessons": _lessons(explanation),
        "phrases": [
            {
                "words": shorten(text_between(text, panel, phrase.first, phrase.last), 60),
                "first": phrase.first,
                "last": phrase.last,
                "score": phrase.score,
                "said": number(phrase.score),
                "filters": chosen_by(phrase),
            }
            for phrase in separate(panel, PHRASES)
        ],
        "sentences": [
            {"first": sentence.first, "last": sentence.last, "score": sentence.total, "said": number(sentence.total)}
            for sentence in sentences(panel)
        ],
        "attention": None if attention is None else _attention(attention, panel),
    }


def prediction_payload(prediction: Prediction) -> dict[str, Any]:
    """The label and the bars, as every report draws them."""
    shown, rest = bars(prediction)
    return {
        "label": visible(headline(prediction), one_line=True),
        "probability": prediction.probability,
        "percent": visible(detail(prediction), one_line=True),
        "predicted": [visible(label, one_line=True) for label in prediction.predicted],
        "bars": [{"label": visible(label, True), "p": p, "percent": percent(p)} for label, p in shown],
        "rest": rest,
    }


def _lessons(explanation: Explanation) -> list[dict[str, Any]]:
    """The training rows that raised the answer most, if the model carries its own: columns as the view has them."""
    table = next((panel for panel in explanation.panels() if isinstance(panel, Table)), None)
    cells = [] if table is None else [dict(zip(table.columns, row, strict=True)) for row in table.rows[:LESSONS]]
    return [
        {
            "words": visible(shorten(str(row["text"]), 80), True),
            "label": visible(str(row["label"]), True),
            "score": float(row["effect (log-odds)"] or 0),
            "said": number(float(row["effect (log-odds)"] or 0)),
        }
        for row in cells
    ]


def _attention(heatmap: Heatmap, panel: TokenScores) -> dict[str, Any]:
    """The weights of the first head, or of all of them together, beside the scores of the same tokens."""
    weights: NDArray[np.float64] = np.mean([row.values for row in heatmap.rows if not row.signed], axis=0)
    rows = (HeatmapRow("attention", weights, "weight"), HeatmapRow("attribution", panel.scores, panel.unit))
    (pair,) = agree(rows)
    limit = float(weights.max(initial=0.0))
    return {
        "weights": weights.tolist(),
        "said": [number(weight, limit, sign=False) for weight in weights.tolist()],
        "limit": limit,
        "tau": pair.tau,
        "agreement": in_words(pair),
    }


def place(placed: ProjectedText, frame: Frame, excerpts: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """The place of a text on the map, its axes running from 0 to 1, and its nearest neighbours."""
    x, y = frame.unit(placed.points)[0].tolist()
    near = placed.neighbours.tolist()
    return {
        "x": x,
        "y": y,
        "neighbours": [
            {
                "point": point,
                "excerpt": visible(excerpts[point], True) if excerpts else f"point {point + 1:,}",
                "label": visible(labels[point], True) if labels else None,
            }
            for point in near
        ],
    }
