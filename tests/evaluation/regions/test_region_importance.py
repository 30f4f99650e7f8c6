"""Regions hold the characters that a reader would name, and their shares add up."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lexicon import lexicon

import attribkit as ak
from attribkit.evaluation.regions.spans import checked_patterns, region_spans

MESSAGE = """From: ann@a.org (Ann)
Subject: Re: good roads
  and bad ones
Organization: none

Bob writes:
> this is bad
> and long

I think: it is good.

--
Ann, a good person
"""


def cut(text: str, patterns: Any = None) -> dict[str, list[str]]:
    spans = region_spans(text, checked_patterns(patterns))
    return {name: [text[start:end] for start, end in own] for name, own in spans.items()}


def test_the_parts_of_a_message_are_those_that_a_reader_would_name() -> None:
    parts = cut(MESSAGE)
    (header,), (quote,), (signature,) = parts["header"], parts["quote"], parts["signature"]
    assert header.startswith("From: ann") and header.endswith("Organization: none\n") and "and bad ones" in header
    assert quote == "Bob writes:\n> this is bad\n> and long\n"
    assert signature == "--\nAnn, a good person\n"


@pytest.mark.parametrize(
    "text",
    [
        "Note: this film is good",
        "Time: 10:30\n\nA film",
        "It is -- as they say -- good",
        "--\nall of it\nand more",
        "",
        "a > b",
    ],
)
def test_what_is_no_message_has_none_of_them(text: str) -> None:
    assert cut(text) == {"header": [], "quote": [], "signature": []}


@given(st.text(alphabet="ab:>-|\n \tFromwrte", max_size=200))
def test_spans_lie_in_the_text_and_in_order(text: str) -> None:
    for own in region_spans(text, {}).values():
        edges = [place for span in own for place in span]
        assert edges == sorted(edges) and all(0 <= place <= len(text) for place in edges)
        assert all(start < end for start, end in own)


def test_long_lines_take_no_more_than_linear_time() -> None:
    for text in ("a: b\n" * 20_000, "x wrote" * 20_000, "-" * 100_000, "a" * 100_000 + ":"):
        assert cut(text) == {"header": [], "quote": [], "signature": []}
    assert cut("> " * 50_000)["quote"] == ["> " * 50_000]


def test_scores_and_accuracies_of_regions_are_what_the_words_say() -> None:
    model = lexicon({"good": 2.0, "great": 1.0, "bad": -2.0})
    texts = [
        "Subject: bad\n\na great film",  # without the header it is right
        "Subject: good\n\nthe film was long",  # without the header it is wrong or undecided
        "a great good film",  # no header
    ]
    labels = [model.labels[1], model.labels[1], model.labels[1]]
    result = ak.region_importance(model, pd.DataFrame({"text": texts, "label": labels}), split="all")
    assert result.regions[:2] == ("header", "body") and len(result.regions) == 6
    header = dict(zip(result.regions, result.scores, strict=True))["header"]
    assert header == pytest.approx([2 / 3, 1.0, 0.0], abs=1e-4)
    assert result.share("header").mean == pytest.approx(5 / 9, abs=1e-4)
    whole, without = result.accuracy("header")
    assert whole.texts == without.texts == 2 and whole.mean == 0.5
    assert result.answers[0][0] == 1 and result.answers[0][1] == float(
        ak.explain(model, "the film was long").label == model.labels[1]
    )
    assert np.isnan(result.answers[0][2])
    assert "of the score lies in the header" in result.summary()
    table = result.to_frame().set_index("region")
    assert table.loc["header", "texts"] == 2 and table.loc["header", "change"] == without.mean - whole.mean


def test_regions_divide_each_text_and_so_do_its_quarters() -> None:
    result = ak.region_importance(
        ak.load("imdb-cnn"),
        ["A great film. It is dull.", MESSAGE, "The worst plot ever"],
        {"shout": "!+", "good": "good"},
    )
    names = [name for name in result.regions if "quarter" not in name]
    own = [result.regions.index(name) for name in names]
    rest = [place for place in range(len(result.regions)) if place not in own]
    for parts in (result.scores, result.tokens):
        assert parts[own].sum(0) == pytest.approx(1) and parts[rest].sum(0) == pytest.approx(1)
    assert names == ["good", "header", "quote", "signature", "body"]
    assert np.isnan(result.right).all() and not result.accuracy("body")[0].known


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ({"a": "("}, "the pattern of region 'a' is no regular expression"),
        ({"body": "a"}, "the region 'body' is what no other region holds"),
        ({"a": 3}, "the pattern of region 'a' is no regular expression"),
        (["a"], "`patterns` must map names of regions to regular expressions, got list"),
    ],
)
def test_bad_patterns_are_refused(patterns: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        ak.region_importance(ak.load("imdb-cnn"), ["a film"], patterns)


def test_fewer_than_one_text_is_refused_and_a_sample_is_said() -> None:
    model = ak.load("imdb-cnn")
    with pytest.raises(ValueError, match="`most` must be at least 1 text, got 0"):
        ak.region_importance(model, ["a film"], most=0)
    assert "2 of 3 texts, drawn with seed 0" in ak.region_importance(model, ["a film", "bad", "good"], most=2).notes
    with pytest.raises(ValueError, match="`region` must be one of"):
        ak.region_importance(model, ["a film"]).share("foot")
