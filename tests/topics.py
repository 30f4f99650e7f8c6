"""Generated texts of twenty topics whose words are known, and a small network that learns them in seconds."""

from collections.abc import Mapping
from random import Random

import pandas as pd

_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]


def topics(
    rows: int = 2_000, classes: int = 20, own: int = 20, seed: int = 0
) -> tuple[pd.DataFrame, Mapping[str, set]]:
    """A table of texts and labels, and each label's own words.

    A text holds two to four of its topic's words, up to two of other topics, and a few that belong to none. Where it
    holds as many of another topic as of its own, nobody can tell which is which.
    """
    random = Random(seed)
    words = list(dict.fromkeys("".join(random.choices(_SYLLABLES, k=3)) for _ in range(2 * (classes + 3) * own)))
    labels = [f"topic{place:02}" for place in range(classes)]
    words_of = {label: words[place * own : (place + 1) * own] for place, label in enumerate(labels)}
    common = words[classes * own : (classes + 3) * own]
    weights = [1 / (1 + rank) for rank in range(len(common))]
    table = []
    for number in range(rows):
        label = labels[number % classes]
        others = [one for one in labels if one != label]
        chosen = random.sample(words_of[label], random.randint(2, 4))
        chosen += [random.choice(words_of[random.choice(others)]) for _ in range(random.randint(0, 2))]
        chosen += random.choices(common, weights, k=random.randint(4, 9))
        random.shuffle(chosen)
        table.append((" ".join(chosen), label))
    return pd.DataFrame(table, columns=["text", "label"]), {label: set(some) for label, some in words_of.items()}
