"""Mistakes by what was taken for what, with the words that such mistakes share."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from attribkit.evaluation.answers import Answers
from attribkit.evaluation.failures.kinds import KINDS, Kind
from attribkit.plurals import number_of
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Table

_CELLS, _WORDS = 5, 3

_SPEAKS = 0.25
"""The part of a text's largest score from which on a word made its mistake."""


def confused_cells(answers: Answers, mistakes: Sequence[Explanation], kinds: Sequence[Kind]) -> Table:
    """A row for each pair of labels that are confused, the most frequent first, with what most of them need.

    Args:
        answers: of a labelled set.
        mistakes: explanations of some of the mistakes, for the words.
        kinds: of all mistakes, as `kinds_of_mistakes` gives them.
    """
    wrong = answers.labelled[~answers.right]
    kind_of = dict(zip(wrong.tolist(), kinds, strict=True))
    pairs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place in wrong.tolist():
        pairs[answers.labels[answers.truth[place]], answers.labels[answers.predicted[place]]].append(place)
    words: dict[tuple[str, str], list[Explanation]] = defaultdict(list)
    for why in mistakes:
        if why.prediction is not None and isinstance(why.prediction.true_label, str):
            words[why.prediction.true_label, why.prediction.label].append(why)
    place_of = {label: place for place, label in enumerate(answers.labels)}
    ordered = sorted(pairs, key=lambda pair: (-len(pairs[pair]), place_of[pair[0]], place_of[pair[1]]))
    rows = [
        (
            true,
            predicted,
            len(pairs[true, predicted]),
            round(float(answers.confidence[pairs[true, predicted]].mean()), 3),
            ", ".join(shared_words(words[true, predicted])) or None,
            _advice([kind_of[place] for place in pairs[true, predicted]]),
        )
        for true, predicted in ordered[:_CELLS]
    ]
    more = len(ordered) - _CELLS
    notes = [
        "words: those that made at least two of the explained mistakes of the row, by the sum of their scores",
        *([f"{number_of(more, 'more pair is', 'more pairs are')} not listed"] if more > 0 else []),
    ]
    columns = ("it is", "it said", "texts", "mean confidence", "words that they share", "commonest kind: what to do")
    return Table("What is taken for what", columns, tuple(rows), tuple(notes))


def _advice(kinds: Sequence[Kind]) -> str:
    """The commonest kind of some mistakes, how many they are, and the cure."""
    counts = Counter(kinds)
    kind = min(counts, key=lambda each: (-counts[each], KINDS.index(each)))
    return f"{kind.name} ({counts[kind]:,} of {len(kinds):,}): {kind.short}"


def shared_words(explanations: Sequence[Explanation]) -> list[str]:
    """The words with the largest sums of scores for the answer, among those that carry it in two texts or more."""
    sums: dict[str, float] = defaultdict(float)
    texts: dict[str, set[int]] = defaultdict(set)
    for number, why in enumerate(explanations):
        panel = why.token_scores
        enough = _SPEAKS * float(panel.scores.max(initial=0.0))
        for token, score in zip(panel.tokens, panel.scores.tolist(), strict=True):
            sums[token] += score
            if score > 0 and score >= enough:
                texts[token].add(number)
    shared = [word for word in sums if len(texts[word]) > 1 and sums[word] > 0 and any(map(str.isalnum, word))]
    order = np.argsort([-sums[word] for word in shared], kind="stable")
    return [shared[place] for place in order[:_WORDS]]
