"""Generated texts whose answers are known: words that each make a label hold, and words that each add to a number."""

from collections.abc import Mapping
from random import Random

import pandas as pd

_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]
COMMON = 60
"""Words that say nothing."""


def _words(count: int, random: Random) -> list[str]:
    words: dict[str, None] = {}
    while len(words) < count:
        words["".join(random.choices(_SYLLABLES, k=3))] = None
    return list(words)


def several(rows: int = 600, labels: int = 6, seed: int = 0) -> tuple[pd.DataFrame, Mapping[str, list[str]]]:
    """A table of texts and lists of labels, and the four words of each label: it holds where one of them stands.

    Three of ten texts have two labels or more, one of ten has none.
    """
    random = Random(seed)
    words = _words(4 * labels + COMMON, random)
    own = {f"topic{place:02}": words[4 * place : 4 * place + 4] for place in range(labels)}
    table = []
    for _ in range(rows):
        chosen = random.sample(sorted(own), random.choices((0, 1, 2, 3), (1, 6, 2, 1))[0])
        text = [random.choice(own[label]) for label in chosen]
        text += random.choices(words[4 * labels :], k=random.randint(5, 10))
        random.shuffle(text)
        table.append((" ".join(text), chosen))
    return pd.DataFrame(table, columns=["text", "label"]), own


def numbers(rows: int = 600, words: int = 12, seed: int = 0) -> tuple[pd.DataFrame, Mapping[str, float]]:
    """A table of texts and numbers (`price`), and what each of some words adds to 200; noise has a deviation of 2."""
    random = Random(seed)
    known = _words(words + COMMON, random)
    weights = {word: 10.0 * (place + 1) * (-1) ** place for place, word in enumerate(known[:words])}
    table = []
    for _ in range(rows):
        chosen = random.sample(sorted(weights), random.randint(1, 4))
        text = chosen + random.choices(known[words:], k=random.randint(5, 10))
        random.shuffle(text)
        table.append((" ".join(text), 200 + sum(weights[word] for word in chosen) + random.gauss(0, 2)))
    return pd.DataFrame(table, columns=["text", "price"]), weights
