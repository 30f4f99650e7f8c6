import random
import re
import unicodedata
from collections.abc import Callable

import pytest

from attribkit.text import WordIndex
from attribkit.text.word_places import find_words

SPECIAL = {"<pad>": 0, "<unk>": 1}


def keeping(*kept: str) -> Callable[[str], list[str]]:
    """A splitter that drops every other word."""
    return lambda text: [word for word in re.findall(r"\w+", text.lower()) if word in kept]


def treebank(text: str) -> list[str]:
    """A splitter that cuts contractions as the Penn Treebank does."""
    return re.findall(r"\w+(?=n't)|n't|'\w+|\w+|[^\w\s]", text)


def starts(text: str, split: Callable[[str], list[str]], max_length: int = 2_000) -> list[int]:
    (encoded,) = WordIndex(SPECIAL, split, max_length=max_length).encode([text])
    return [int(start) for start in encoded.starts]


def test_with_dropped_words_a_word_is_looked_for_at_word_borders_first() -> None:
    text = "Unimpressive plot, an impressive cast"
    assert starts(text, keeping("impressive")) == [22]
    assert starts("portable port", keeping("port")) == [9]
    assert starts("harm, arms, art", keeping("art", "arms")) == [6, 12]
    assert starts("не интересно: интерес", keeping("интерес")) == [14]


def test_a_word_that_stands_nowhere_at_borders_is_found_inside_another() -> None:
    assert starts("unimpressive", lambda text: ["impressive"]) == [2]
    assert starts("unimpressive film, impressive cast", lambda text: ["un", "impressive", "film"]) == [0, 2, 13]


def test_a_splitter_that_cuts_words_lights_each_piece_where_it_was_cut() -> None:
    text = "I didn't, he did; it isn't, they did"
    assert starts(text, treebank) == [0, 2, 5, 8, 10, 13, 16, 18, 21, 23, 26, 28, 33]
    assert starts(text, treebank, max_length=3) == [0, 2, 5]
    without_marks = [word for word in treebank(text) if word not in {",", ";"}]
    assert starts(text, lambda text: without_marks) == [0, 2, 5, 10, 13, 18, 21, 23, 28, 33]


def test_characters_of_scripts_without_spaces_are_taken_in_order() -> None:
    assert starts("我爱北京,北京", lambda text: ["北京"]) == [2]
    assert starts("ดีมาก ดี", lambda text: ["ดี"]) == [0]


def placed_by_search(words: list[str], text: str) -> tuple[int, list[tuple[int, int]]]:
    """Every way to place the words; the one with the fewest inside others, the earliest of them."""

    def is_border(place: int) -> bool:
        return re.search(r"(?<=\w)(?=\w)", text[place - 1 : place + 1]) is None if 0 < place < len(text) else True

    def ways(place: int, cursor: int) -> list[list[tuple[int, int]]]:
        if place == len(words):
            return [[]]
        found = [m.start(1) for m in re.finditer(f"(?=({re.escape(words[place])}))", text) if m.start(1) >= cursor]
        ends = [(start, start + len(words[place])) for start in found]
        return [[span, *rest] for span in ends for rest in ways(place + 1, span[1])]

    def inside(way: list[tuple[int, int]]) -> int:
        return sum(not (is_border(start) and is_border(end)) for start, end in way)

    fewest = min(ways(0, 0), key=lambda way: (inside(way), way[::-1]))
    return inside(fewest), fewest


def test_no_way_to_place_the_words_has_more_of_them_at_borders() -> None:
    draw = random.Random(0)
    for _ in range(400):
        text = "".join(draw.choice("aab ") for _ in range(draw.randint(6, 14)))
        places = sorted(draw.sample(range(len(text) + 1), 6))
        words = [word for word in (text[places[i] : places[i + 1]].strip() for i in (0, 2, 4)) if word]
        assert find_words(words, text) == placed_by_search(words, text)[1]


def with_spans(text: str) -> list[tuple[str, int, int]]:
    """Folds case and compatibility forms, cuts endings, names addresses and drops "the"."""
    pieces = [(match.group(), *match.span()) for match in re.finditer(r"https?://\S+|\w+", text)]
    words = [
        ("<url>" if "://" in word else re.sub("(ing|s)$", "", unicodedata.normalize("NFKC", word).casefold()), *span)
        for word, *span in pieces
    ]
    return [piece for piece in words if piece[0] != "the"]  # type: ignore[misc]  # of three parts each


@pytest.mark.parametrize(
    ("text", "tokens", "written"),
    [
        ("İstanbul", ["i̇stanbul"], ["İstanbul"]),
        ("Große Straße", ["grosse", "strasse"], ["Große", "Straße"]),
        ("ﬁne films", ["fine", "film"], ["ﬁne", "films"]),
        ("see https://example.org now", ["see", "<url>", "now"], ["see", "https://example.org", "now"]),
        ("The boring, the BORED", ["bor", "bored"], ["boring", "BORED"]),
    ],
)
def test_a_normalising_splitter_keeps_its_vocabulary_and_lights_what_was_written(
    text: str, tokens: list[str], written: list[str]
) -> None:
    vocabulary = {**SPECIAL, **{word: number for number, word in enumerate(tokens, 2)}}
    (encoded,) = WordIndex(vocabulary, with_spans).encode([text])
    assert list(encoded.tokens) == tokens and encoded.known.all()
    assert encoded.ids.tolist() == [*range(2, 2 + len(tokens))]
    assert [text[start:end] for start, end in zip(encoded.starts, encoded.ends, strict=True)] == written


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([("good", 0, 4), ("d film", 3, 9)], r"must follow each other within the text, got \('d film', 3, 9\) behind"),
        ([("film", 5, 9), ("good", 0, 4)], r"got \('good', 0, 4\) behind character 9 of 9"),
        ([("film", 5, 10)], r"got \('film', 5, 10\)"),
        ([("good", -4, 4)], r"got \('good', -4, 4\)"),
        ([("good", 2, 2)], r"got \('good', 2, 2\)"),
        ([("good", 0)], r"must return words, or \(word, start, end\) for each of them, got \('good', 0\)"),
        ([("good", 0, 4), "film"], r"or \(word, start, end\) for each of them, got 'film'"),
        ([("good", 0.0, 4.0)], r"got \('good', 0.0, 4.0\)"),
        ([7], "for each of them, got 7"),
        (["good", "movie"], r"must stand in the text in order, got 'movie'; .* or \(word, start, end\)"),
        ([""], "must stand in the text in order, got ''"),
    ],
)
def test_spans_and_words_that_the_text_does_not_hold_are_refused(pieces: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WordIndex(SPECIAL, lambda text: pieces).encode(["good film"])
