"""The head of each page: what it is, one sentence that answers, the model, the data, how many texts, the day."""

from collections.abc import Callable

import pandas as pd
import pytest
from render.reading import Page

import attribkit as ak
from attribkit.evaluation.importance import WordImportance
from attribkit.render import html
from attribkit.results.panels import Document
from attribkit.results.result import Result

TEXTS = ["A great film", "Such a great show!", "A dull and horrible movie", "The worst plot ever"]


@pytest.fixture(scope="module")
def model() -> ak.Classifier:
    return ak.load("imdb-cnn", "cpu")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rationales = [[(2, 7)], [(7, 12)], [(2, 6), (11, 19)], [(4, 9)]]
    return pd.DataFrame({"text": TEXTS, "label": ["pos", "pos", "neg", "neg"], "rationale": rationales})


MEASURES: dict[str, Callable[[ak.Classifier, pd.DataFrame], Result]] = {
    "evaluate": ak.evaluate,
    "word_importance": lambda model, table: ak.word_importance(model, table, least=1),
    "region_importance": ak.region_importance,
    "faithfulness": lambda model, table: ak.faithfulness(model, table, "exact", oracle_texts=0, perturbed=0),
    "plausibility": lambda model, table: ak.plausibility(model, table, "exact"),
    "sanity": lambda model, table: ak.sanity(model, table, draws=1),
    "project": lambda model, table: ak.project(model, table, neighbours=1),
}


@pytest.mark.parametrize("name", MEASURES)
def test_a_page_on_some_data_says_of_which_model_data_and_how_many_texts(
    name: str, model: ak.Classifier, table: pd.DataFrame
) -> None:
    result = MEASURES[name](model, table)
    page = html.page(result.parts(), result.heading, result.answer(), result.about)
    head = page[page.index('class="kind"') : page.index('class="made"') + 300]
    for fact in ("model imdb-cnn", "data all rows given", "4 texts"):
        assert f">{fact}<" in head
    assert str(result.answer()).endswith(".")


def test_a_named_set_is_named(model: ak.Classifier) -> None:
    assert ">data the test split of demo<" in ak.evaluate(model, "demo").to_html()


def test_a_comparison_says_which_model_and_where_the_two_differ_most(model: ak.Classifier) -> None:
    first, second = (ak.explain(model, TEXTS[2], method=method) for method in ("exact", "occlusion"))
    page = ak.compare(first, second).to_html()
    table = ak.compare(first, second).to_frame()
    word = table.loc[table["difference"].abs().idxmax(), "token"]
    assert ">model imdb-cnn<" in page and f"differ most at “{word}”" in Page(page).words


def test_the_words_of_more_than_two_labels_are_picked_and_of_two_stand_below_each_other(
    model: ak.Classifier, table: pd.DataFrame
) -> None:
    two = ak.word_importance(model, table, least=1)
    assert two.as_document() is None and "Words that speak for “neg”" in Page(two.to_html()).words
    news = ak.load("ag-news-attention", "cpu")
    four = ak.word_importance(news, ["Striker scores twice", "Oil prices rise", "Rebels attack a base"], least=1)
    assert isinstance(four, WordImportance)
    document = four.as_document()
    assert isinstance(document, Document)
    assert [section.anchor for section in document.sections] == ["labels", "words"]
    assert [group.title for group in document.sections[1].groups] == [
        label for label, tables in four.by_label().items() if tables
    ]
    page = four.to_html()
    assert "model ag-news-attention" in page and "3 texts" in page and 'data-picked="Words of the label"' in page
