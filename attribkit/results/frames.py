"""The scores of an explanation as tables: a row per token, phrase or sentence."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from attribkit.errors import InputError
from attribkit.results.panels import Drawable, Pairs, TokenScores

SPEAKS = {1: "for", -1: "against", 0: "neither"}
"""What a passage does to the target."""
NO_SCORES = "this explanation holds no token scores; explain with views=['attribution']"


def frame(explanation: Drawable, level: str) -> pd.DataFrame:
    """Every panel of token scores as rows at one level, one panel under the other.

    Raises:
        ValueError: for an unknown level, without token scores, or where they know no phrases or sentences.
    """
    if level not in LEVELS:
        raise InputError(f"`level` must be one of {', '.join(repr(name) for name in LEVELS)}, got {level!r}")
    if level == "pair":
        return _pairs(explanation)
    text = explanation.text or ""
    panels = [panel for panel in explanation.panels() if isinstance(panel, TokenScores)]
    if not panels:
        raise InputError(NO_SCORES)
    if level == "text":
        return pd.DataFrame([_text(explanation, panels[0])])
    if level in ("token", "word"):
        parts = _subword_frame if level == "token" else token_frame
        return pd.concat([parts(panel, text) for panel in panels], ignore_index=True)
    rows = _LEVELS[level]
    tables = [pd.DataFrame({**rows(text, panel), "unit": panel.unit, "target": panel.target}) for panel in panels]
    return pd.concat(tables, ignore_index=True)


def token_frame(panel: TokenScores, text: str) -> pd.DataFrame:
    """A row per token of these scores, in reading order."""
    table = pd.DataFrame({**_tokens(text, panel), "unit": panel.unit, "target": panel.target})
    return table.assign(known=panel.known, **_intervals(panel))


def _subword_frame(panel: TokenScores, text: str) -> pd.DataFrame:
    """A row per token as the model reads them; where it cuts words into parts, `word` is the number of the word."""
    parts = panel.subwords
    if parts is None:
        return token_frame(panel, text)
    return pd.DataFrame(
        {
            "token": parts.tokens,
            "start": parts.starts,
            "end": parts.ends,
            "score": parts.scores,
            "unit": panel.unit,
            "target": panel.target,
            "known": parts.known,
            "word": parts.words,
        }
    )


def pairs_frame(panel: Pairs, text: str) -> pd.DataFrame:
    """A row per pair of words that act together, the strongest first."""
    order = panel.strongest(len(panel.values))
    columns: dict[str, Any] = {}
    for name, tokens in (("a", panel.firsts[order]), ("b", panel.seconds[order])):
        starts, ends = panel.starts[tokens], panel.ends[tokens]
        columns[f"word_{name}"] = [text[start:end] for start, end in zip(starts, ends, strict=True)]
        columns |= {f"start_{name}": starts, f"end_{name}": ends}
    columns |= {"value": panel.values[order], "index": panel.index, "unit": panel.unit, "target": panel.target}
    return pd.DataFrame(columns)


def _tokens(text: str, panel: TokenScores) -> Mapping[str, Any]:
    return {
        "token": [text[start:end] for start, end in zip(panel.starts, panel.ends, strict=True)],
        "start": panel.starts,
        "end": panel.ends,
        "score": panel.scores,
    }


def _intervals(panel: TokenScores) -> Mapping[str, Any]:
    band = {} if panel.band is None else {"low": panel.band.low, "high": panel.band.high}
    return band if panel.spread is None else {**band, "spread": panel.spread}


def _phrases(text: str, panel: TokenScores) -> Mapping[str, Any]:
    phrases = panel.phrases
    if phrases is None:
        raise InputError(
            f"phrases are what the filters of a text CNN chose, known to method='exact' only, got scores by "
            f"method={panel.method!r}; explain such a network with method='exact', or use level='token'"
        )
    order = np.argsort(-np.abs(phrases.scores), kind="stable")
    starts, ends = panel.starts[phrases.firsts[order]], panel.ends[phrases.lasts[order]]
    scores = phrases.scores[order]
    whole = np.abs(scores).sum()
    return {
        "phrase": [text[start:end] for start, end in zip(starts, ends, strict=True)],
        "start": starts,
        "end": ends,
        "filter": phrases.filters[order],
        "score": scores,
        "share": scores / whole if whole else scores,
    }


def _sentences(text: str, panel: TokenScores) -> Mapping[str, Any]:
    cuts = panel.sentence_starts
    if not len(cuts) and len(panel.tokens):
        raise InputError("this explanation's text was not cut into sentences; explain it anew, or use level='token'")
    after = np.append(cuts, len(panel.tokens))
    starts, ends = panel.starts[cuts], panel.ends[after[1:] - 1]
    return {
        "sentence": [text[start:end] for start, end in zip(starts, ends, strict=True)],
        "start": starts,
        "end": ends,
        "score": panel.sentence_totals,
        "tokens": np.diff(after),
    }


def _passages(text: str, panel: TokenScores) -> Mapping[str, Any]:
    passages = panel.passages(text)
    starts, ends = panel.starts[passages.firsts], panel.ends[passages.lasts]
    return {
        "passage": [text[start:end] for start, end in zip(starts, ends, strict=True)],
        "start": starts,
        "end": ends,
        "score": passages.scores,
        "tokens": passages.lasts - passages.firsts + 1,
        "speaks": [SPEAKS[sign] for sign in passages.signs.tolist()],
    }


def _windows(text: str, panel: TokenScores) -> Mapping[str, Any]:
    windows = panel.windows
    if windows is None:
        raise InputError(
            "this explanation's text was not read in windows; load the transformer with long='windows' for a text that "
            "is longer than it reads, or use level='token'"
        )
    return {
        "window": np.arange(1, len(windows.starts) + 1),
        "start": windows.starts,
        "end": windows.ends,
        "tokens": windows.tokens,
        "answer": windows.answers,
        "output": windows.outputs,
        "output_baseline": windows.baselines,
        "total": windows.totals,
        "relative_error": windows.relative_errors,
        "steps": windows.steps,
        "converged": windows.converged,
        "verdict": windows.verdicts,
    }


def _pairs(explanation: Drawable) -> pd.DataFrame:
    panels = [panel for panel in explanation.panels() if isinstance(panel, Pairs)]
    if not panels:
        raise InputError("this explanation holds no interactions; explain with views=['interactions']")
    return pd.concat([pairs_frame(panel, explanation.text or "") for panel in panels], ignore_index=True)


def _text(explanation: Drawable, panel: TokenScores) -> dict[str, Any]:
    prediction = explanation.prediction
    true = None if prediction is None else prediction.true_label
    return {
        "text": explanation.text,
        "label": None if prediction is None else prediction.answer,
        "probability": None if prediction is None else prediction.probability,
        "true_label": true,
        "right": None if prediction is None else prediction.right,
        "total": panel.total,
        "relative_error": panel.relative_error,
        "relative_change": panel.relative_change,
        "converged": panel.converged,
        "failed": ", ".join(panel.failed) or None,
        "draws": panel.draws,
        "relative_spread": panel.relative_spread,
        "tokens": len(panel.tokens),
        "method": panel.method,
        "baseline": panel.baseline,
        "unit": panel.unit,
        "target": panel.target,
    }


_LEVELS: dict[str, Callable[[str, TokenScores], Mapping[str, Any]]] = {
    "phrase": _phrases,
    "sentence": _sentences,
    "passage": _passages,
    "window": _windows,
}
LEVELS = ("token", "word", *_LEVELS, "pair", "text")
