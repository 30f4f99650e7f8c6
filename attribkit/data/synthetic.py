"""Synthetic film reviews whose deciding words are known.

Nobody wrote these reviews and no film stands behind them: a small grammar of our own draws them from a seed. They read
like short reviews so that a network can learn from them in seconds, and the grammar knows which words decide each
label, so that an explanation can be checked against the truth. They say nothing about how well a model reads real
reviews.

How the grammar decides: a word of praise or blame counts as it stands, a negation turns it round (`not good`, `never
dull`), an intensifier changes nothing, and in a contrast (`…, but …`, `although …, …`, `…, even though …`) only the
main clause counts.
"""

import re
from collections.abc import Mapping
from random import Random
from types import MappingProxyType

import pandas as pd

from attribkit.errors import InputError

DEMO_SIZES: Mapping[str, int] = MappingProxyType({"train": 2000, "validation": 200, "test": 400})


def _words(line: str) -> tuple[str, ...]:
    return tuple(line.split())


_OPPOSITE = {"neg": "pos", "pos": "neg"}
_MILD = {
    "pos": _words(
        "good great funny moving convincing memorable clever charming gripping touching enjoyable original believable"
    ),
    "neg": _words(
        "bad boring dull predictable confusing annoying weak forgettable clumsy tedious lifeless disappointing shallow"
    ),
}
_STRONG = {
    "pos": _words("brilliant wonderful superb excellent fantastic amazing outstanding perfect delightful"),
    "neg": _words("awful terrible dreadful horrible atrocious appalling unbearable disgusting pathetic"),
}
_NOUNS = {
    "pos": _words("masterpiece triumph treat delight gem success"),
    "neg": _words("mess disaster failure bore letdown catastrophe"),
}
_VERBS = {"pos": _words("loved enjoyed admired adored"), "neg": _words("hated disliked loathed detested")}
_BARE_VERBS = {"pos": _words("love enjoy like admire"), "neg": _words("hate dislike mind detest")}
_AFTER_MILD = ("very ", "really ", "quite ", "so ", "truly ", "", "", "", "")
_AFTER_STRONG = ("absolutely ", "simply ", "really ", "just ", "", "", "", "")
_AFTER_NEGATION = ("very ", "really ", "that ", "at all ", "", "", "", "")
_NEGATED_AUXILIARIES = ("did *not*", "did*n't*")
_AFTER_ARTICLE = ("real ", "complete ", "total ", "minor ", "", "", "")
_SINGULAR = (
    "the acting",
    "the plot",
    "the script",
    "the music",
    "the dialogue",
    "the ending",
    "the camera work",
    "the direction",
    "the opening scene",
    "the leading actress",
    "the leading actor",
    "the second half",
    "the whole film",
    "this movie",
    "the story",
    "the voice of the narrator",
)
_PLURAL = (
    "the songs",
    "the effects",
    "the jokes",
    "the costumes",
    "the action scenes",
    "the characters",
    "the supporting actors",
    "the flashbacks",
    "the final twenty minutes",
)
_NEUTRAL = (
    "I watched it on a {day} evening with {company}",
    "the story follows {hero} who moves to {place}",
    "it was shot in {place} within {number} weeks",
    "most of it takes place at night in {place}",
    "{hero} finds an old letter and travels to {place}",
    "the film runs for about {number} minutes longer than the trailer says",
    "the actor from the trailer plays {hero}",
    "the music is mostly piano and strings",
    "there are {number} songs, and the credits list them all",
    "we saw it at the cinema near the station",
    "the director also wrote the script",
    "{company} had told me about the book",
    "it starts with {hero} on a train to {place}",
    "the second part was announced last {day}",
)
_FILL = {
    "day": _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "company": ("my sister", "a neighbour", "two colleagues", "my parents", "an old friend", "our students"),
    "hero": (
        "a retired teacher",
        "a young doctor",
        "a nurse",
        "a taxi driver",
        "a farmer",
        "an exiled painter",
        "a pilot",
    ),
    "place": (
        "a small harbour town",
        "Lisbon",
        "the mountains",
        "Iceland",
        "the desert",
        "Toronto",
        "a village up north",
    ),
    "number": _words("three five six nine eleven fourteen twenty"),
}


def demo_reviews(sizes: Mapping[str, int] = DEMO_SIZES, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Balanced tables of synthetic reviews, no text in more than one of them.

    Args:
        sizes: rows per table; each is even, for half of them are `neg` and half `pos`.
        seed: the same seed gives the same reviews on every platform.

    Returns:
        one table per name in `sizes`, with the columns `text`, `label`, `rationale` (a list of `[start, end]` character
        spans of the deciding words, each one word or its `n't`) and `construction` (`plain`, `negation`, `contrast` or
        `negation+contrast`).

    Raises:
        ValueError: if a size is odd or negative.
    """
    for name, size in sizes.items():
        if size < 0 or size % 2:
            raise InputError(
                f"Balanced tables need an even number of rows, but {name!r} asks for {size}; choose an even size."
            )
    rng = Random(seed)
    seen: set[str] = set()
    return {name: _table(rng, size, seen) for name, size in sizes.items()}


def _table(rng: Random, size: int, seen: set[str]) -> pd.DataFrame:
    rows: list[tuple[str, str, list[list[int]], str]] = []
    while len(rows) < size:
        label = ("neg", "pos")[len(rows) % 2]
        marked, construction = _review(rng, label)
        text, rationale = _unmark(marked)
        if text not in seen:
            seen.add(text)
            rows.append((text, label, rationale, construction))
    rng.shuffle(rows)
    table = pd.DataFrame(rows, columns=["text", "label", "rationale", "construction"])
    return table.astype({"text": "str", "label": "str", "construction": "str"})


def _review(rng: Random, label: str) -> tuple[str, str]:
    """One review of 1 to 4 sentences, its deciding words between asterisks, and the constructions in it."""
    length = rng.choice((1, 2, 2, 3, 3, 4))
    opinions = {rng.randrange(length)} | {place for place in range(length) if rng.random() < 0.5}
    aspects = rng.sample(_SINGULAR + _PLURAL, 2 * length)
    neutral = rng.sample(_NEUTRAL, length)
    sentences: list[str] = []
    constructions: set[str] = set()
    for place in range(length):
        if place not in opinions:
            sentences.append(_sentence(_filled(rng, neutral[place]), "."))
            continue
        clause, negated = _clause(rng, label, aspects.pop())
        if negated:
            constructions.add("negation")
        if rng.random() < 0.3:
            constructions.add("contrast")
            conceded, _ = _clause(rng, _OPPOSITE[label], aspects.pop())
            clause = _contrast(rng, clause, conceded.replace("*", ""))
        sentences.append(_sentence(clause, rng.choice((".", ".", ".", "!"))))
    return " ".join(sentences), "+".join(sorted(constructions, reverse=True)) or "plain"


def _contrast(rng: Random, main: str, conceded: str) -> str:
    form = rng.choice(("{conceded}, but {main}", "although {conceded}, {main}", "{main}, even though {conceded}"))
    return form.format(main=main, conceded=conceded)


def _clause(rng: Random, polarity: str, aspect: str) -> tuple[str, bool]:
    """A clause about `aspect` (asterisks around what decides), and whether a negation turns its polarity round."""
    was = "were" if aspect in _PLURAL else "was"
    if rng.random() < 0.35:
        return _negated_clause(rng, _OPPOSITE[polarity], aspect, was), True
    form = rng.randrange(6)
    if form < 2:
        return f"{aspect} {was} {rng.choice(_AFTER_MILD)}*{rng.choice(_MILD[polarity])}*", False
    if form < 4:
        return f"{aspect} {was} {rng.choice(_AFTER_STRONG)}*{rng.choice(_STRONG[polarity])}*", False
    if form == 4:
        return f"I {rng.choice(('really ', 'truly ', '', ''))}*{rng.choice(_VERBS[polarity])}* {aspect}", False
    return f"{aspect} {was} a(n) {rng.choice(_AFTER_ARTICLE)}*{rng.choice(_NOUNS[polarity])}*", False


def _negated_clause(rng: Random, polarity: str, aspect: str, was: str) -> str:
    """A clause that names the given polarity and denies it."""
    form = rng.randrange(6)
    word = rng.choice(_MILD[polarity])
    if form < 2:
        return f"{aspect} {was} *not* {rng.choice(_AFTER_NEGATION)}*{word}*"
    if form == 2:
        return f"{aspect} {was}*n't* {rng.choice(_AFTER_NEGATION)}*{word}*"
    if form == 3:
        return f"{aspect} {was} *{rng.choice(('never', 'hardly'))}* *{word}*"
    if form == 4:
        return f"I {rng.choice(_NEGATED_AUXILIARIES)} *{rng.choice(_BARE_VERBS[polarity])}* {aspect}"
    return f"{aspect} {was} *no* *{rng.choice(_NOUNS[polarity])}*"


def _filled(rng: Random, template: str) -> str:
    return template.format(**{slot: rng.choice(words) for slot, words in _FILL.items()})


def _sentence(clause: str, end: str) -> str:
    clause = re.sub(r"a\(n\) (?=\*?[aeiou])", "an ", clause).replace("a(n) ", "a ")
    return clause[0].upper() + clause[1:] + end


def _unmark(marked: str) -> tuple[str, list[list[int]]]:
    """Take the asterisks out and return the text with the character spans they enclosed."""
    text, spans = "", []
    for index, piece in enumerate(marked.split("*")):
        if index % 2:
            spans.append([len(text), len(text) + len(piece)])
        text += piece
    return text, spans
