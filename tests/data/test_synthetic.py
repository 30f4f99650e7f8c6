"""The synthetic reviews keep what they promise: balance, variety, and spans on the words that decide."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribkit.data import synthetic
from attribkit.data.synthetic import DEMO_SIZES, demo_reviews

POLARITY = {
    word: label
    for words in (synthetic._MILD, synthetic._STRONG, synthetic._NOUNS, synthetic._VERBS, synthetic._BARE_VERBS)
    for label, group in words.items()
    for word in group
}
NEGATIONS = {"not", "n't", "never", "hardly", "no"}


def deciding_words(row):
    return [row.text[start:end] for start, end in row.rationale]


@pytest.fixture(scope="module")
def tables():
    return demo_reviews()


def test_the_sizes_are_those_asked_for_and_the_labels_balanced(tables):
    assert {name: len(table) for name, table in tables.items()} == dict(DEMO_SIZES)
    for table in tables.values():
        assert table["label"].value_counts().to_dict() == {"neg": len(table) // 2, "pos": len(table) // 2}


def test_no_text_occurs_twice_anywhere(tables):
    texts = [text for table in tables.values() for text in table["text"]]
    assert len(set(texts)) == len(texts)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_spans_point_at_words_of_polarity_or_negation_and_their_product_is_the_label(seed):
    for row in demo_reviews({"train": 40}, seed)["train"].itertuples():
        words = deciding_words(row)
        assert words
        negated = False
        for word in words:
            if word in NEGATIONS:
                negated = True
                continue
            polarity = POLARITY[word]
            assert (polarity == row.label) is not negated, row.text
            negated = False
        assert not negated


def test_spans_are_ordered_do_not_overlap_and_hold_one_word_each(tables):
    for row in tables["train"].itertuples():
        ends = [0, *(end for _, end in row.rationale)]
        assert all(start >= end for (start, _), end in zip(row.rationale, ends, strict=False))
        assert all(word and " " not in word for word in deciding_words(row))


def test_each_span_is_a_whole_word_but_for_the_clitic_of_a_contraction(tables):
    for row in tables["train"].itertuples():
        for start, end in row.rationale:
            before, after = row.text[start - 1 : start], row.text[end : end + 1]
            assert not after.isalpha()
            assert not before.isalpha() or row.text[start:end] == "n't"


def test_what_is_conceded_is_not_marked_as_deciding(tables):
    table = tables["train"]
    for row in table[table["construction"] == "contrast"].itertuples():
        start = row.text.find(", but ")
        if start >= 0 and row.text.count(". ") + row.text.count("! ") == 0:
            assert all(begin > start for begin, _ in row.rationale), row.text


def test_the_construction_says_whether_a_negation_decides(tables):
    for row in tables["train"].itertuples():
        assert ("negation" in row.construction) == bool(NEGATIONS & set(deciding_words(row)))
        contrast = any(mark in row.text for mark in (", but ", "lthough ", ", even though "))
        assert ("contrast" in row.construction) == contrast


def test_reviews_have_one_to_four_well_formed_sentences(tables):
    for text in tables["train"]["text"]:
        sentences = text.replace("!", ".").removesuffix(".").split(". ")
        assert 1 <= len(sentences) <= 4
        assert all(sentence[0].isupper() for sentence in sentences)
        assert len(set(sentences)) == len(sentences)
        assert "*" not in text and "(n)" not in text and "{" not in text and "  " not in text
        assert " a a" not in text.replace(" a absolutely", " a a")


def test_words_of_polarity_alone_do_not_tell_the_label(tables):
    """Counting praise and blame must fail often, else nothing need be composed."""
    score = {"pos": 1, "neg": -1, None: 0}
    right = []
    for text, label in zip(tables["train"]["text"], tables["train"]["label"], strict=True):
        praise = sum(score[POLARITY.get(word.strip(".,!"))] for word in str(text).split())
        right.append((praise > 0) == (label == "pos"))
    assert sum(right) / len(right) < 0.75


def test_the_same_seed_gives_the_same_reviews_and_another_seed_others():
    first, again, other = (demo_reviews({"train": 60}, seed)["train"] for seed in (7, 7, 8))
    assert first.equals(again)
    assert not first["text"].equals(other["text"])


def test_the_reviews_of_seed_0_are_pinned_for_every_platform(tables):
    first = tables["test"].iloc[0]
    assert first["text"] == (
        "The dialogue was moving. The actor from the trailer plays a farmer. "
        "I did not mind the action scenes. The flashbacks were not shallow."
    )
    assert (first["label"], first["rationale"]) == ("pos", [[17, 23], [74, 77], [78, 82], [122, 125], [126, 133]])


def test_an_odd_size_is_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"even number of rows, but 'train' asks for 5; choose an even size"):
        demo_reviews({"train": 5})
