"""The passages of a long text: listed with their sums, the largest first, and underlined in the text."""

import pytest
from matplotlib.text import Text
from render.reading import Page

import attribkit as ak
from attribkit.render import html

REVIEW = (
    "The film begins in a small town in the north. A man arrives by train and looks for a room. It is a boring, awful "
    "mess from the first scene to the last, the worst I have seen. He meets a woman who owns a hotel there. She shows "
    "him the house and the garden behind it. They talk about the weather and about the people of the town. Later he "
    "takes a walk along the river and comes back."
)


@pytest.fixture(scope="module")
def why() -> ak.Explanation:
    found = ak.explain(ak.load("imdb-cnn"), REVIEW, views="attribution")
    assert isinstance(found, ak.Explanation)
    return found


def test_passages_are_listed_with_their_sums_the_largest_first(why: ak.Explanation) -> None:
    table = why.to_frame("passage")
    carrying = table[table["speaks"] != "neither"].sort_values("score", key=abs, ascending=False)
    words = Page(html.page([why])).words
    assert "the passages that carry it" in words and len(carrying)
    assert str(carrying["passage"].iloc[0])[:60] in words


def test_the_tokens_of_a_passage_are_underlined_and_no_others(why: ak.Explanation) -> None:
    table = why.to_frame("passage")
    marked = {word for words in table.loc[table["speaks"] == "for", "passage"] for word in words.split()}
    page = Page(html.page([why]))
    tokens = [(word, str(attributes.get("class")).split()) for word, attributes in page.tokens]
    underlined = [word for word, classes in tokens if "pf" in classes]
    assert underlined and all(any(word in other for other in marked) for word in underlined)
    counted = int(table.loc[table["speaks"] == "for", "tokens"].sum())
    assert len(underlined) == counted


def test_a_short_text_lists_none() -> None:
    page = html.page([ak.explain(ak.load("imdb-cnn"), "It was a horrible movie", views="attribution")])
    assert "passages that carry" not in page


def test_a_picture_lists_the_same_passages_and_none_of_a_short_text(why: ak.Explanation) -> None:
    lines = [part.get_text() for part in why.figure(width=40.0).findobj(Text)]
    page = Page(why.to_html()).words
    listed = [line for line in lines if line[:1] in "+−" and " " in line and line.split(" ", 1)[1] in REVIEW]
    sums = [abs(float(line.split(" ")[0].replace("−", "-"))) for line in listed]
    assert 1 <= len(listed) <= 4 and sums == sorted(sums, reverse=True)
    assert all(line.split(" ", 1)[1] in page for line in listed)
    short = ak.explain(ak.load("imdb-cnn", "cpu"), "It was a horrible movie").figure()
    assert not any("passages that carry" in part.get_text() for part in short.findobj(Text))
