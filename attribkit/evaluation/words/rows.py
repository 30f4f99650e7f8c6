"""What words and phrases did, as tables: a row for each class and word or phrase."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from attribkit.evaluation.words.occurrences import Occurrences
from attribkit.evaluation.words.phrases import Runs

_MIRRORED = (("share_for", "share_against"), ("example_for", "example_against"))


def word_rows(found: Occurrences, words: Runs, labels: Sequence[str], replicates: int, seed: int) -> pd.DataFrame:
    """The columns that `WordImportance.words` names, in its order."""
    return _in_order(_for_all(pd.concat(list(_of_words(found, words, replicates, seed))), labels), labels)


def phrase_rows(
    found: Occurrences, several: Sequence[Runs], labels: Sequence[str], replicates: int, seed: int
) -> pd.DataFrame:
    """The columns that `WordImportance.phrases` names, in its order."""
    tables = [table for runs in several for table in _of_phrases(found, runs, replicates, seed)]
    return _in_order(_for_all(pd.concat(tables), labels), labels)


def _of_words(found: Occurrences, words: Runs, replicates: int, seed: int) -> Iterator[pd.DataFrame]:
    groups = words.groups
    low, high = groups.intervals(replicates, seed)
    spelt = [found.words[place] for place in words.words[:, 0]]
    for target, label in enumerate(found.targets):
        scores, mean = groups.scores[target], groups.means[target]
        counts = [np.bincount(groups.group[side], minlength=groups.size) for side in (scores > 0, scores < 0)]
        sums = [np.bincount(groups.group, part, groups.size) for part in (scores.clip(min=0), scores.clip(max=0))]
        places = {
            "example": groups.nearest(mean, target),
            "example_for": groups.nearest(np.full(groups.size, scores.max(initial=0)), target),
            "example_against": groups.nearest(np.full(groups.size, scores.min(initial=0)), target),
        }
        yield pd.DataFrame(
            {
                "label": label,
                "word": spelt,
                "score": mean,
                "low": low[target],
                "high": high[target],
                "occurrences": groups.count,
                "texts": groups.text_count,
                "share_for": counts[0] / groups.count,
                "share_against": counts[1] / groups.count,
                "when_for": sums[0] / np.maximum(counts[0], 1),
                "when_against": sums[1] / np.maximum(counts[1], 1),
                **{name: [found.place(words.first[one]) for one in ones] for name, ones in places.items()},
            }
        )


def _of_phrases(found: Occurrences, runs: Runs, replicates: int, seed: int) -> Iterator[pd.DataFrame]:
    groups, length = runs.groups, runs.words.shape[1]
    low, high = groups.intervals(replicates, seed)
    spelt = [" ".join(found.words[place] for place in row) for row in runs.words]
    for target, label in enumerate(found.targets):
        places = groups.nearest(groups.means[target], target)
        yield pd.DataFrame(
            {
                "label": label,
                "phrase": spelt,
                "score": groups.means[target],
                "low": low[target],
                "high": high[target],
                "occurrences": groups.count,
                "texts": groups.text_count,
                "alone": runs.alone[target],
                "tells": runs.tells[target],
                "example": [found.place(runs.first[one], length) for one in places],
            }
        )


def _for_all(table: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Rows for every class; of two the second was measured, and the first is its mirror."""
    if len(labels) != 2:
        return table
    turned = table.assign(label=labels[0], score=-table["score"], low=-table["high"], high=-table["low"])
    if "alone" in table:
        turned["alone"] = -table["alone"]
    if "when_for" in table:
        turned["when_for"], turned["when_against"] = -table["when_against"], -table["when_for"]
        for one, other in _MIRRORED:
            turned[one], turned[other] = table[other], table[one]
    return pd.concat([turned, table])


def _in_order(table: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Class by class, and in each by the end of the interval nearer to zero: what is sure to speak for it first."""
    places = {label: place for place, label in enumerate(labels)}
    sure = table["low"].clip(lower=0) + table["high"].clip(upper=0)
    order = table.assign(place=table["label"].map(places), sure=sure)
    order = order.sort_values(["place", "sure", "score"], ascending=[True, False, False], kind="stable")
    return order.drop(columns=["place", "sure"]).reset_index(drop=True)
