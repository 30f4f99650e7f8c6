import re
from collections.abc import Callable

from render.reading import Page

from attribkit.render import html
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Band

Make = Callable[..., Explanation]


def test_a_band_runs_from_the_lowest_to_the_highest_score_on_the_scale_of_the_colours(banded: Explanation) -> None:
    page = Page(html.page([banded]))
    tokens = {word: attributes for word, attributes in page.tokens}
    assert tokens["horrible"]["data-s"] == "+2.00" and tokens["horrible"]["data-b"] == "−1.00 to +4.00"
    # from the top: 4 of 4 above the middle, 1 of 4 below it, the score itself half way up
    assert tokens["horrible"]["style"] == "--a:0%;--z:50%;--b:62%;--s:25%"
    assert tokens["bad"]["style"] == "--a:62%;--z:62%;--b:75%;--s:75%"
    assert "+4.00" in page.words, "the scale holds the bands too"


def test_a_band_is_explained_and_its_baselines_and_failures_are_named(banded: Explanation) -> None:
    page = Page(html.page([banded]))
    assert "highest score over the baselines pad, unk, mean" in page.words
    assert "in the band the scores with the baseline “mean” did not converge" in page.words
    assert "−1.00 to +4.00" in page.words


def test_a_band_too_small_to_see_is_only_a_line(explained: Make) -> None:
    band = Band(("pad", "unk"), [[2.0, 0.01], [2.5, 0.0]], (True, True))  # type: ignore[arg-type]  # a list becomes an array
    page = Page(html.page([explained("good film", [2.0, 0.01], band=band)]))
    assert [a["class"] for _, a in page.tokens] == ["t p16", "t still"]


def test_bands_of_zeros_are_drawn(explained: Make) -> None:
    band = Band(("pad", "unk"), [[0.0], [0.0]], (True, True))  # type: ignore[arg-type]
    assert "0 to 0" in Page(html.page([explained("good", [0.0], band=band)])).words


def test_the_most_telling_phrases_are_printed_with_their_filters(phrased: Explanation) -> None:
    words = " ".join(Page(html.page([phrased])).words.split())
    assert "The strongest phrases that share no word, with their share of all phrases’ scores" in words
    assert "a horrible movie+2.0080.0% · filters 0, 2" in words
    assert "was a−0.50" not in words, "it overlaps with a stronger one"


def test_each_sentence_of_a_long_text_has_its_sum_in_the_margin(sentenced: Explanation) -> None:
    page = Page(html.page([sentenced]))
    bars = [(a["class"], a["style"], a["title"]) for tag, a in page.elements if tag == "i" and "title" in a]
    assert bars == [
        ("s for", "--l:50%;--r:100%", "sentence 1: +21.0"),
        ("s against", "--l:25%;--r:50%", "sentence 2: −10.5"),
        ("s against", "--l:50%;--r:50%", "sentence 3: 0.0"),
    ]
    assert page.texts == [sentenced.text]
    assert "The sums of 3 sentences" in page.words


def test_a_short_text_has_no_margin(explained: Make) -> None:
    page = Page(html.page([explained("One. Two. Three.", sentence_starts=[0, 2, 4])]))
    assert not [a for tag, a in page.elements if tag == "i" and "title" in a]
    assert page.texts == ["One. Two. Three."]


def test_the_overview_shows_the_text_without_bands_and_margins(banded: Explanation, sentenced: Explanation) -> None:
    source = html.page([banded, sentenced])
    excerpts = "".join(re.findall(r"<summary>\s*<span class=\"excerpt.*?</summary>", source, flags=re.DOTALL))
    assert "data-b" not in excerpts and 'class="s ' not in excerpts and "horrible" in excerpts


def test_a_reader_sees_what_the_scores_add_up_to(explained: Make) -> None:
    why = explained("it was horrible", [0.5, -0.25, 2.0])
    panel = why.token_scores
    assert panel.converged is True
    words = Page(html.page([why])).words
    sums = re.search("All scores together are (.+): the output is (.+) for the text and −(.+) for its baseline", words)
    assert sums and [float(number) for number in sums.groups()] == [2.25, 2.0, 0.25]
