"""Global word importance as panels: words for each class, context-dependent words, one-sided words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from attribkit.results.panels import Bar, Table
from attribkit.task import Task

_OVERVIEW = 5
"""Words that are named for each label beside each other."""

_TURNS = 0.1
"""A word turns where at least this share of its occurrences speaks for the class, and as many against it."""


@dataclass(frozen=True, eq=False)
class Importance:
    """What the tables are made of, as `WordImportance` names it."""

    labels: tuple[str, ...]
    words: pd.DataFrame
    phrases: pd.DataFrame
    one_sided: pd.DataFrame | None
    task: Task = "multiclass"
    unit: str = "log-odds"

    @property
    def two(self) -> bool:
        """Whether what speaks against one class speaks for the other."""
        return self.task == "multiclass" and len(self.labels) == 2

    def title(self, what: str, label: str, towards: bool = True) -> str:
        """Of a table of words or phrases on one side."""
        if self.task == "regression":
            return f"{what} that {'raise' if towards else 'lower'} “{label}”"
        return f"{what} that speak {'for' if towards else 'against'} “{label}”"


def word_tables(importance: Importance, most: int) -> tuple[Table, ...]:
    """Words for and against each class, phrases, context-dependent and one-sided words: at most so many rows each."""
    tables = []
    for label in importance.labels:
        own = importance.words[(importance.words["label"] == label) & (importance.words["low"] > 0)].head(most)
        tables.append(_ranked(own, "word", importance.title("Words", label), importance.unit))
    # of two classes a word that speaks against the one speaks for the other
    for label in () if importance.two else importance.labels:
        own = (
            importance.words[(importance.words["label"] == label) & (importance.words["high"] < 0)]
            .iloc[::-1]
            .head(most)
        )
        tables.append(_ranked(own, "word", importance.title("Words", label, False), importance.unit))
    for label in importance.labels:
        own = importance.phrases[
            (importance.phrases["label"] == label) & (importance.phrases["low"] > 0) & importance.phrases["tells"]
        ]
        tables.append(_ranked(own.head(most), "phrase", importance.title("Phrases", label), importance.unit))
    # of two classes either says the same of a turning word
    tables += [
        _context_dependent(importance.words, label, most, importance.task)
        for label in importance.labels[1 if importance.two else 0 :]
    ]
    if importance.one_sided is not None:
        tables += [_one_sided(importance.one_sided, label, most) for label in importance.labels]
    return tuple(table for table in tables if table.rows)


def overview(labels: Sequence[str], words: pd.DataFrame, counted: Mapping[str, int]) -> Table:
    """A row for each label, those of most texts first: the words that most surely speak for it, with their scores."""
    sure = words[words["low"] > 0]
    named = {str(label): own.head(_OVERVIEW) for label, own in sure.groupby("label", sort=False)}
    rows = []
    for label in sorted(labels, key=lambda label: -counted[label]):
        own = named.get(label, sure[:0])
        shown = ", ".join(f"{row.word} {row.score:+.2f}".replace("-", "−") for row in own.itertuples())
        rows.append((label, int(counted[label]), shown or "no word surely"))
    return Table(
        "Words that speak most surely for each label", ("label", "texts", "words, with their mean scores"), tuple(rows)
    )


def _ranked(rows: pd.DataFrame, what: str, title: str, unit: str) -> Table:
    phrases = what == "phrase"
    extra = ("alone",) if phrases else ()
    names = (*extra, "occurrences", "texts")
    heads = ("mean score", "95 % interval", *(["its words alone"] if phrases else []), "times", "texts")
    note = (
        f"scores in {unit}, all bars on one scale; 95 % bootstrap interval of the mean over texts; ranked by its end "
        "nearer to 0, so that the surest stand first"
    )
    more = "listed where it outdoes each of its parts by a quarter; its words alone: the sum of their own means"
    return Table(
        title,
        (what, *heads, "a typical place"),
        tuple(
            (row[what], _plain(row["score"]), _interval(row), *(_plain(row[name]) for name in names), row["example"])
            for row in rows.to_dict("records")
        ),
        (note, more) if phrases else (note,),
        bars=tuple(Bar(float(row.score), float(row.low), float(row.high)) for row in rows.itertuples()),
    )


def _context_dependent(words: pd.DataFrame, label: str, most: int, task: Task) -> Table:
    """Words that speak now for a class, now against it; those first of which neither side is small."""
    turn = (words["share_for"] >= _TURNS) & (words["share_against"] >= _TURNS)
    own = words[(words["label"] == label) & turn]
    swing = np.minimum(own["share_for"] * own["when_for"], -own["share_against"] * own["when_against"])
    own = own.loc[swing.sort_values(ascending=False, kind="stable").index].head(most)
    turns = f"now for “{label}”, now against it"
    if task == "regression":
        turns = f"they now raise “{label}”, now lower it"
    return Table(
        f"Context-dependent words: {turns}",
        ("word", "share for", "mean for", "share against", "mean against", "times", "most for", "most against"),
        tuple(
            (
                row["word"],
                *(_plain(row[name]) for name in ("share_for", "when_for", "share_against", "when_against")),
                row["occurrences"],
                row["example_for"],
                row["example_against"],
            )
            for row in own.to_dict("records")
        ),
        ("ranked by the smaller of the two sides’ shares in the mean; beside it the places where it says most",),
    )


def _one_sided(words: pd.DataFrame, label: str, most: int) -> Table:
    own = words[(words["label"] == label) & (words["score"] > 0)].head(most)
    return Table(
        f"One-sided words of “{label}”: opinions, or shortcuts?",
        ("word", "mean score", f"training texts that are “{label}”", "training texts of other classes"),
        tuple((row["word"], _plain(row["score"]), row["inside"], row["outside"]) for row in own.to_dict("records")),
        (
            "they drive the model and hardly occur on one side in its training texts; a name, a place or a number here "
            "is a shortcut that may fail elsewhere",
        ),
        bars=tuple(Bar(float(score)) for score in own["score"]),
    )


def _interval(row: dict[str, float]) -> str:
    digits = 2 if min(abs(row["low"]), abs(row["high"])) >= 0.1 else 3  # an end near 0 is not to look like it
    return f"{row['low']:.{digits}f} to {row['high']:.{digits}f}".replace("-", "−")


def _plain(value: float | int) -> float | int:
    return int(value) if isinstance(value, (int, np.integer)) else round(float(value), 4)
