import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from render.reading import Page

from attribkit.render import html
from attribkit.render.preparation.unicode import lines_of
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Prediction
from attribkit.results.several_panels import Panels


def test_the_text_stands_as_typed_and_each_token_carries_its_number(horrible: Explanation) -> None:
    page = Page(html.page([horrible]))
    assert not page.stack
    assert page.texts == ["It was a horrible movie"]
    assert [(word, attributes["data-s"]) for word, attributes in page.tokens] == [
        ("It", "+0.04"),
        ("was", "+0.11"),
        ("a", "−0.05"),
        ("horrible", "+2.31"),
        ("movie", "−0.18"),
    ]
    assert [attributes["class"] for _, attributes in page.tokens] == ["t", "t p1", "t", "t p20", "t n2"]


def test_everything_a_reader_must_know_is_said(horrible: Explanation) -> None:
    words = Page(html.page([horrible])).words
    for said in (
        "91.3%",
        "8.7%",
        "True label",
        "✓ right",
        "log-odds",
        "−2.31",
        "+2.31",
        "pad",
        "integrated-gradients, 64 steps",
        "F(text)",
        "F(baseline)",
        "Sum of scores",
        "+2.232",
        horrible.token_scores.verdict,
        "How to read this",
        "imdb-cnn",
        "all 5",
    ):
        assert said in words


def test_what_did_not_converge_says_so_with_a_sign_and_words(
    explained: Callable[..., Explanation],
) -> None:
    bad = explained("one two", [1, 2], converged=False, output_text=9.0)
    source = html.page([bad, explained("three", [1])])
    assert Page(source).words.count("did not converge") >= 3
    assert 'class="verdict bad"><span class="icon" aria-hidden="true">!</span>' in source


def test_hostile_texts_labels_and_provenance_are_inert(explained: Callable[..., Explanation], hostile: str) -> None:
    label = "</title><script>alert(3)</script>"
    explanation = explained(hostile, target=label, notes=(hostile,), baseline=hostile)
    prediction = Prediction(label, (label, "b"), (0.9, 0.1), "\u202eevil")
    explanation = Explanation(hostile, prediction, explanation.panels(), {label: {"x": [label]}})
    for source in (html.page([explanation]), html.page([explanation] * 2, title=label), html.fragment([explanation])):
        page = Page(source)
        assert not page.stack
        assert {tag for tag, _ in page.elements}.isdisjoint({"script", "img", "iframe", "object"})
        assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
        assert "\x00" not in source and "\x1b" not in source
        assert "{{ 7*7 }}" in page.words
        # a direction control stands locked in an element of its own, never loose
        loose = re.sub('<bdi class="c" data-c="⟨RLO⟩">\u202e</bdi>', "", source)
        assert "\u202e" not in loose
        assert page.texts[-1] == lines_of(hostile).replace("\x00", "␀").replace("\x1b", "␛")


def test_nothing_is_loaded_and_nothing_runs(horrible: Explanation, losses: Panels) -> None:
    source = html.page([horrible, losses])
    for word in ("url(", "@import", "http:", "https:", "//", "<script", "javascript", " src="):
        assert word not in source
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in source


def test_unknown_and_unread_words_are_marked_and_explained(explained: Callable[..., Explanation]) -> None:
    text = "good zzz the rest"
    part = explained(
        text, [1, -1], starts=[0, 5], ends=[4, 8], tokens=["good", "zzz"], known=[True, False], tokens_total=4
    )
    page = Page(html.page([part]))
    assert [a["class"] for _, a in page.tokens] == ["t p20", "t n20 u"]
    assert ("span", {"class": "x"}) in page.elements
    assert "a word the model does not know" in page.words and "not read by the model" in page.words
    assert "2 of 4" in page.words


def test_all_zero_scores_and_no_tokens_are_drawn_neutral(explained: Callable[..., Explanation]) -> None:
    page = Page(html.page([explained("nothing here", [0, 0])]))
    assert [(a["class"], a["data-s"]) for _, a in page.tokens] == [("t", "0"), ("t", "0")]
    assert "every score is exactly 0" in page.words
    assert "there are no tokens to score" in Page(html.page([explained("  ", [])])).words


@pytest.mark.parametrize("size", [1e-300, 1e-7, 1.0, 1e12, 1e300])
def test_numbers_of_any_size_leak_no_type_names(explained: Callable[..., Explanation], size: float) -> None:
    source = html.page([explained("a b c", [size, -size, size / 3])])
    assert "np." not in source and "float64" not in source and "nan" not in Page(source).words.lower()


def test_a_review_of_2000_tokens_stays_under_400_kB(explained: Callable[..., Explanation]) -> None:
    import numpy as np

    text = " ".join(["wonderfully", "the", "actors", "bored"] * 500)
    source = html.page([explained(text, np.random.default_rng(0).normal(size=2000))])
    assert len(source.encode()) < 400_000
    assert "The 500 strongest of 2,000 scores" in source


def test_rows_begin_with_an_overview_and_share_one_legend(explained: Callable[..., Explanation]) -> None:
    rows = [explained("Best film ever", [2, 0.1, 0.3], "positive"), explained("It was bad", [0, 0.2, 1])]
    page = Page(html.page(rows))
    assert page.texts == ["Best film ever", "Best film ever", "It was bad", "It was bad"]  # an excerpt, then the text
    assert [a["id"] for tag, a in page.elements if tag == "details" and "id" in a] == ["e1", "e2"]
    assert "one scale for all rows" in page.words and "✗ said negative, is positive" in page.words


def test_a_chart_among_rows_stands_open_between_them(losses: Panels, horrible: Explanation) -> None:
    page = Page(html.page([horrible, losses]))
    assert page.texts == ["It was a horrible movie"] * 2
    rows = [(tag, a["id"]) for tag, a in page.elements if str(a.get("class")).split()[0] == "row"]
    assert rows == [("details", "e1"), ("div", "e2")] and "Loss" in page.words


def test_a_long_text_is_cut_in_the_overview_and_whole_below(explained: Callable[..., Explanation]) -> None:
    page = Page(html.page([explained("word " * 100), explained("x" * 500)]))
    assert page.texts[0].endswith("…") and len(page.texts[0]) <= 170
    assert page.texts[2] == "x" * 160 + "…"
    assert [page.texts[1], page.texts[3]] == ["word " * 100, "x" * 500]


def test_an_excerpt_is_cut_around_the_strongest_words(explained: Callable[..., Explanation]) -> None:
    text = " ".join(["word"] * 100 + ["superb", "and", "dull"] + ["word"] * 100)
    scores = [0.01] * 100 + [3.0, 0.0, -2.0] + [0.01] * 100
    page = Page(html.page([explained(text, scores), explained("short")]))
    excerpt = page.texts[0]
    assert "superb and dull" in excerpt and excerpt.startswith("… word") and excerpt.endswith("…")
    assert 120 < len(excerpt) < 170
    before, after = excerpt.split("superb and dull")
    assert abs(len(before) - len(after)) < 20, "the strong words stand in its middle"


def test_many_fragments_may_stand_in_one_notebook(horrible: Explanation, explained: Callable[..., Explanation]) -> None:
    source = html.fragment([horrible, explained("two")])
    page = Page(source)
    assert not any("id" in attributes for _, attributes in page.elements)
    assert not {"html", "body", "title", "h1", "h2", "h3", "meta"} & {tag for tag, _ in page.elements}
    scope = page.elements[0][1]["class"]
    assert scope and re.fullmatch("ak-[0-9a-f]{8}", scope)
    style = source[source.index("<style>") : source.index("</style>")]
    assert style.count(scope) > 5
    for hook in ('[data-jp-theme-light="false"]', ".vscode-dark", "light-dark(", "color-scheme:light dark"):
        assert hook in style


def test_a_drawing_is_the_same_every_time(horrible: Explanation) -> None:
    assert html.page([horrible]) == html.page([horrible])


def test_a_chart_names_its_lines_and_marks_and_tells_its_numbers(losses: Panels) -> None:
    page = Page(html.page([losses]))
    assert not page.stack
    paths = [a["d"] for tag, a in page.elements if tag == "path" and str(a.get("class")).startswith("line")]
    assert len(paths) == 2 and all(str(path).count("L") == 7 for path in paths)
    label = next(a["aria-label"] for _, a in page.elements if a.get("role") == "img")
    assert label == "Loss: cross-entropy (nats) over epoch; training ends at 0.0875; validation ends at 0.263"
    for said in ("training", "validation", "best epoch", "epoch", "0.0875"):
        assert said in page.words
    assert not page.texts


def both_targets(explained: Callable[..., Explanation], **changes: Any) -> Explanation:
    one, two = explained("a b", [-1, 3], target="positive"), explained("a b", [1, -2], **changes)
    return Explanation("a b", one.prediction, one.panels() + two.panels(), {})


def test_several_targets_of_one_text_are_one_text_and_a_table_of_tokens_and_classes(
    explained: Callable[..., Explanation],
) -> None:
    source = html.page([both_targets(explained)])
    page = Page(source)
    assert page.texts == ["a b"]
    assert [(a["class"], a["data-s"]) for _, a in page.tokens] == [("t p7", "+1.00"), ("t n13", "−2.00")]
    buttons = [a for tag, a in page.elements if tag == "button"]
    assert [(a["data-target"], a["aria-pressed"]) for a in buttons] == [("0", "true"), ("1", "false")]
    assert "№tokennegativepositive1a+1.00−1.002b−2.00+3.00" in "".join(page.words.split())
    choices = json.loads(re.findall(r'<script type="application/json">(.*?)</script>', source)[0])
    assert [target["aim"] for target in choices["targets"]] == ["“negative”", "“positive”"]
    assert choices["limit"] == 3 and [target["scores"] for target in choices["targets"]] == [
        "+1.00 −2.00",
        "−1.00 +3.00",
    ]
    # what is said of each class stands in the page, so that it can be read without a script
    assert page.words.count("F(baseline)") >= 2


def test_scores_of_another_method_are_a_text_of_their_own(explained: Callable[..., Explanation]) -> None:
    page = Page(html.page([both_targets(explained, method="lime", converged=None)]))
    assert page.texts == ["a b", "a b"] and not any(tag == "button" for tag, _ in page.elements)


def test_tokens_that_stand_for_no_character_are_said(explained: Callable[..., Explanation]) -> None:
    empty = explained(
        "ab", [1.0, 0.5], starts=[0, 2], ends=[2, 2], tokens=["ab", ""], known=[True, True], tokens_total=2
    )
    words = Page(html.page([empty])).words
    assert "stands for no character of the text" in words and "+0.50" in words


def test_rows_of_several_models_say_whose_they_are(explained: Callable[..., Explanation]) -> None:
    one = explained("good", [1.0])
    other = Explanation(one.text, one.prediction, one.panels(), {"model": "<b>mine</b>"})
    mixed, alike = html.page([one, other]), html.page([one, one])
    assert mixed.count("by <bdi>imdb-cnn</bdi>") == mixed.count("by <bdi>&lt;b&gt;mine&lt;/b&gt;</bdi>") == 1
    assert "models imdb-cnn, &lt;b&gt;mine&lt;/b&gt;" in mixed
    assert "by <bdi>" not in alike and "model imdb-cnn" in alike  # the page's head says it once


def test_every_page_says_what_it_is_of_what_and_when(
    horrible: Explanation, explained: Callable[..., Explanation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    one = Page(html.page([horrible])).words
    assert "imdb-cnn finds “negative” 91.3% likely, mainly because of “horrible” (+2.31), “was” (+0.11)," in one
    assert "Explanation of a prediction" in one and "model imdb-cnn1 text1 January 1970" in one
    wrong = explained("dull", true_label="positive")
    several = Page(html.page([horrible, wrong])).words
    assert "Predicted 2 “negative”; 1 of 2 right. All scores sum to the model’s output." in several
    assert "2 texts explained" in several
    bad = explained("dull", [1.0], output_text=9.0)
    assert "1 of 2 explanations did not converge." in Page(html.page([horrible, bad])).words
