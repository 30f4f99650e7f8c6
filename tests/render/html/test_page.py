import re
from collections.abc import Callable

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
    assert page.texts == ["Best film ever", "It was bad"] * 2
    links = [a["href"] for tag, a in page.elements if tag == "a"]
    ids = ["#" + str(a["id"]) for _, a in page.elements if "id" in a]
    assert links == ids == ["#e1", "#e2"]
    assert "one scale for all rows" in page.words and "✗ wrong" in page.words


def test_a_chart_among_rows_is_named_in_the_overview(losses: Panels, horrible: Explanation) -> None:
    assert Page(html.page([horrible, losses])).texts == ["It was a horrible movie", "Loss", "It was a horrible movie"]


def test_a_long_text_is_cut_in_the_overview_and_whole_below(explained: Callable[..., Explanation]) -> None:
    page = Page(html.page([explained("word " * 100), explained("x" * 500)]))
    assert page.texts[0].endswith("…") and len(page.texts[0]) <= 170
    assert page.texts[1] == "x" * 160 + "…"
    assert page.texts[2:] == ["word " * 100, "x" * 500]


def test_many_fragments_may_stand_in_one_notebook(horrible: Explanation, explained: Callable[..., Explanation]) -> None:
    source = html.fragment([horrible, explained("two")])
    page = Page(source)
    assert not any("id" in attributes for _, attributes in page.elements)
    assert not {"html", "body", "title", "h1", "h2", "h3", "meta"} & {tag for tag, _ in page.elements}
    scope = page.elements[0][1]["class"]
    assert scope and re.fullmatch("ak-[0-9a-f]{8}", scope)
    style = source[source.index("<style>") : source.index("</style>")]
    assert style.count(scope) > 5
    for hook in (
        '[data-jp-theme-light="false"]',
        ".vscode-dark",
        "prefers-color-scheme:dark",
        "color-scheme:light dark",
    ):
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


def test_several_targets_of_one_text_are_sections_of_their_own(explained: Callable[..., Explanation]) -> None:
    one, two = explained("a b", [1, 2]), explained("a b", [-1, -2], target="positive")
    both = Explanation("a b", one.prediction, one.panels() + two.panels(), {})
    page = Page(html.page([both]))
    assert page.texts == ["a b", "a b"]
    assert "Why “negative”" in page.words and "Why “positive”" in page.words
    assert "one colour scale for 2 panels" in page.words


def test_tokens_that_stand_for_no_character_are_said(explained: Callable[..., Explanation]) -> None:
    empty = explained(
        "ab", [1.0, 0.5], starts=[0, 2], ends=[2, 2], tokens=["ab", ""], known=[True, True], tokens_total=2
    )
    words = Page(html.page([empty])).words
    assert "stand for no character of the text" in words and "+0.50" in words


def test_rows_of_several_models_say_whose_they_are(explained: Callable[..., Explanation]) -> None:
    one = explained("good", [1.0])
    other = Explanation(one.text, one.prediction, one.panels(), {"model": "<b>mine</b>"})
    mixed, alike = html.page([one, other]), html.page([one, one])
    assert mixed.count("by <bdi>imdb-cnn</bdi>") == 2  # in the overview and above its own text
    assert mixed.count("by <bdi>&lt;b&gt;mine&lt;/b&gt;</bdi>") == 2
    assert alike.count("by <bdi>imdb-cnn</bdi>") == 2  # above each text; the overview need not say it
