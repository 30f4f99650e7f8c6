"""A row of a corpus run, read as the parts of an explanation."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from attribkit.errors import InputError
from attribkit.results.panels import Prediction, TokenScores

_RULE_ERRORS = ("rule_change", "path_error")


def _prediction(row: Mapping[str, Any], labels: tuple[str, ...]) -> Prediction:
    """What was predicted, by the run's task; a run of an older version has none, for it knew one label a text alone."""
    task, true = row.get("task"), row["true_label"]
    if task == "regression":
        known = None if true is None else float(true)
        value, unit = float(row["output_text"]), str(row["unit"])
        return Prediction(row["label"], labels, (), known, "regression", value=value, unit=unit)
    shares = tuple(row["probabilities"])
    if task == "multilabel":
        return Prediction(row["label"], labels, shares, None if true is None else tuple(json.loads(true)), "multilabel")
    return Prediction(row["label"], labels, shares, true)


def read_row(row: Mapping[str, Any], text: str | None) -> tuple[str, Prediction, tuple[TokenScores], dict[str, Any]]:
    """The text, prediction, panels and provenance of the explanation in a row of a corpus run.

    Raises:
        ValueError: for anything else.
    """
    try:
        if row["status"] != "ok":
            raise InputError(f"the row was not explained ({row['status']}: {row['reason']}); choose one that is 'ok'")
        text = row["text"] if text is None else text
        if not isinstance(text, str):
            raise InputError("the row does not hold its text; give it as `text`, or run the corpus with keep_text=True")
        labels = tuple(row["labels"])
        numbers: dict[str, Any] = {name: int(row[name]) for name in ("steps", "tokens_total")}
        numbers |= {name: float(row[name]) for name in ("output_text", "output_baseline", "tolerance")}
        arrays = ("starts", "ends", "tokens", "scores", "known", "unit", "target", "method", "baseline")
        numbers["converged"] = None if row["converged"] is None else bool(row["converged"])
        # a run of an older version has none of these
        draws, *errors = (None if pd.isna(row.get(name)) else row[name] for name in ("draws", *_RULE_ERRORS))
        if draws is not None:
            numbers |= {"draws": int(draws), "spread": row["spread"]}
        numbers |= {
            name: None if error is None else float(error) for name, error in zip(_RULE_ERRORS, errors, strict=True)
        }
        scores = TokenScores(**{name: row[name] for name in arrays}, **numbers)
        prediction = _prediction(row, labels)
        number = int(row["row"])
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"a row that explain_corpus wrote was expected, got another ({error!r})") from error
    return text, prediction, (scores,), {"row": number}
