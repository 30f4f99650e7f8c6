"""The head of each page: what it is, one sentence that answers, the model, the data, how many texts, the day."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from render.reading import Page as Read

import attribkit as ak
from attribkit.evaluation.errors import errors
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
    for fact in ("model imdb-cnn", "data unnamed", "4 texts"):
        assert f">{fact}<" in head
    assert str(result.answer()).endswith(".")


def test_a_named_set_is_named(model: ak.Classifier) -> None:
    assert ">data the test split of demo<" in ak.evaluate(model, "demo").to_html()


def test_a_comparison_says_which_model_and_where_the_two_differ_most(model: ak.Classifier) -> None:
    first, second = (ak.explain(model, TEXTS[2], method=method) for method in ("exact", "occlusion"))
    page = ak.compare(first, second).to_html()
    table = ak.compare(first, second).to_frame()
    word = table.loc[table["difference"].abs().idxmax(), "token"]
    assert ">model imdb-cnn<" in page and f"differ most at “{word}”" in Read(page).words


def test_the_words_of_more_than_two_labels_are_picked_and_of_two_stand_below_each_other(
    model: ak.Classifier, table: pd.DataFrame
) -> None:
    two = ak.word_importance(model, table, least=1)
    assert two.as_document() is None and "Words that speak for “neg”" in Read(two.to_html()).words
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


def test_a_picture_says_the_answer_the_model_and_the_data_as_the_page_does(
    model: ak.Classifier, table: pd.DataFrame
) -> None:
    rows = ak.explain(model, table)
    for result in (ak.word_importance(model, table, least=1), ak.evaluate(model, table), rows):
        words = " ".join(part.get_text() for part in result.figure(width=12).findobj(Text))
        assert str(result.answer()) in words and "model imdb-cnn" in words and "4 texts" in words
    alone = " ".join(part.get_text() for part in rows[0].figure().findobj(Text))
    assert "model imdb-cnn ·" not in alone and "Predicted by imdb-cnn" in alone


def head_of(result: Result) -> str:
    """The words of a page's head."""
    return Read(result.to_html().split('<div class="head">')[1].split("</div>")[0]).words


@pytest.fixture(scope="module")
def wrong_table() -> pd.DataFrame:
    """Twelve reviews, the last two of which are labelled wrongly."""
    texts = [*(f"A great film number {n}" for n in range(6)), *(f"A dull and horrible movie {n}" for n in range(6))]
    return pd.DataFrame({"text": texts, "label": ["pos"] * 6 + ["neg"] * 4 + ["pos"] * 2})


def test_a_check_says_at_once_whether_the_model_passes(model: ak.Classifier, table: pd.DataFrame) -> None:
    for thresholds, said in (
        ({}, "Nothing was asked of imdb-cnn"),
        ({"accuracy": 0.5}, "Yes: imdb-cnn meets its one threshold."),
        ({"accuracy": 0.5, "sufficiency": -1.0}, "No: imdb-cnn misses 1 of 2 thresholds: sufficiency is"),
    ):
        words = head_of(ak.check(model, table, thresholds, texts=4))
        assert said in words and "model imdb-cnn" in words and "data unnamed" in words and "4 texts" in words
    seen = replace(ak.check(model, table, {"accuracy": 0.5}, texts=4), seen=3)
    assert seen.answer().startswith("No: 3 of the 4 rows were seen in training")


def test_mistakes_say_how_many_of_how_many_and_which(model: ak.Classifier, wrong_table: pd.DataFrame) -> None:
    words = head_of(errors(model, wrong_table))
    assert "Where is the model wrong?" in words and "12 texts" in words and "2 explained" in words
    assert "imdb-cnn is wrong on 2 of 12 texts; most often it takes “pos” for “neg” (2 of 2 mistakes)." in words
    assert "made no mistake on 10 texts." in head_of(errors(model, wrong_table.head(10)))


def test_doubted_labels_are_counted_and_the_first_is_named(model: ak.Classifier, wrong_table: pd.DataFrame) -> None:
    result = ak.label_errors(model, wrong_table, most=1, parts=2)
    words = head_of(result)
    assert "model imdb-cnn" in words and "12 texts" in words and "1 explained" in words
    assert f"{len(result.suspects)} of 12 labels are doubted" in words and ("row 10" in words or "row 11" in words)


def test_the_training_row_that_did_most_is_named(model: ak.Classifier, wrong_table: pd.DataFrame) -> None:
    result = ak.training_influence(model, wrong_table, "A great film", most=1, checked=0)
    words, rows = head_of(result), result.to_frame()
    assert f"What most raised pos for “A great film”: row {rows['row'].iloc[0]}, “{rows['label'].iloc[0]}”" in words
    assert "12 training rows" in words and "1 text" in words and "model imdb-cnn" in words


def test_a_corpus_says_how_many_rows_were_explained(model: ak.Classifier, table: pd.DataFrame, tmp_path: Path) -> None:
    table.assign(text=[*table["text"][:3], None]).to_csv(tmp_path / "four.csv", index=False)
    words = head_of(ak.explain_corpus(model, tmp_path / "four.csv", tmp_path / "out", workers=1))
    assert "3 of 4 rows are explained; the others: 1 " in words
    assert "model imdb-cnn" in words and "four.csv" in words and "4 texts" in words


def test_accuracy_stands_beside_what_one_label_alone_would_reach(
    model: ak.Classifier, wrong_table: pd.DataFrame
) -> None:
    words = head_of(ak.evaluate(model, wrong_table))
    assert "imdb-cnn is right on 83.3 % of 12 texts (95 % interval" in words
    assert "always to say “pos” would be right on 66.7 %." in words


def test_rows_seen_in_training_are_told_from_the_others(wrong_table: pd.DataFrame) -> None:
    model = ak.load("imdb-cnn", "cpu")
    model.splits = None
    train = wrong_table.head(10)
    ak.keep_training(model, train)
    whole = ak.evaluate(model, wrong_table, split="all")
    assert whole.seen == 10 and whole.held_out is not None and whole.held_out.rows == 2
    assert (
        "is right on 0.0 % of 2 texts that it was not trained on (95 %" in whole.answer()
        and "of 10 that it was trained on it is right on 100.0 %" in whole.answer()
    )
    page = ak.report(model, wrong_table, split="all", texts=1, tested=0, mistakes=1, taught=0, suspects=0)
    assert page.document.answers[0].startswith("It is right on 0.0 % of 2 texts")
    assert page.document.figures[0].value == "0.0 %"
    assert float(page.document.figures[2].value) > 0.4, "the probabilities are compared on the same texts"
    alone = ak.evaluate(model, train, split="all")
    assert alone.held_out is None and "It was trained on these texts" in alone.answer()
    other = ak.load("imdb-cnn", "cpu")
    other.splits = None
    ak.keep_training(other, train, other_rows=True)
    assert other.splits is None


def test_a_comparison_says_where_signs_part(model: ak.Classifier) -> None:
    first, second = (ak.explain(model, TEXTS[3], method=method) for method in ("exact", "occlusion"))
    pair = ak.compare(first, second)
    signs = np.sign(pair.heatmap.rows[0].values) * np.sign(pair.heatmap.rows[1].values)
    assert pair.heatmap.rows[0].opposite_signs(pair.heatmap.rows[1]) == ((signs < 0).sum(), (signs != 0).sum())
    flipped = replace(
        pair.heatmap,
        rows=(
            pair.heatmap.rows[0],
            replace(pair.heatmap.rows[1], values=-pair.heatmap.rows[0].values),
            pair.heatmap.rows[2],
        ),
    )
    words = Read(replace(pair, heatmap=flipped).to_html()).words
    assert "opposite signs at 4 of 4 words" in words and "their signs differ at 4 of 4 words" in words
    assert "of the top 4 shared" not in words, "all of four words are shared by any two"
