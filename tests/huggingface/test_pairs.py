"""A pair is given as pipelines take it, {"text": …, "text_pair": …}, wherever texts are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from commands import run
from huggingface.tiny import INPUTS, TEXTS, saved, tiny

import attribkit as ak
from attribkit.data.readable import SkippedRowsWarning
from attribkit.errors import InputError
from attribkit.models.classifier import Classifier
from attribkit.text.text_pair import joined_pair

STRINGS = [joined_pair(pair) for pair in INPUTS]
LABELLED = {"label": ["LABEL_0", "LABEL_1"] * 4}

CALLS: dict[str, Callable[[Classifier, Any], Any]] = {
    "probabilities": lambda model, pairs: model.probabilities(pairs),
    "logits": lambda model, pairs: model.logits(model.ids(pairs)),
    "encode": lambda model, pairs: [each.tokens for each in model.encode(pairs)],
    "predict": lambda model, pairs: model.predict(pairs),
    "predict a series": lambda model, pairs: model.predict(pd.Series(pairs)),
    "predict a table": lambda model, pairs: model.predict(pd.DataFrame({"text": pairs * 4, **LABELLED})),
    "layer_outputs": lambda model, pairs: ak.layer_outputs(model, pairs, "hidden_states.1", "mean")["hidden_states.1"],
    "explain": lambda model, pairs: ak.explain(model, pairs).to_frame(),
    "explain a generator": lambda model, pairs: ak.explain(model, (pair for pair in pairs)).to_frame(),
    "word_importance": lambda model, pairs: ak.word_importance(model, [*pairs, *TEXTS] * 2).to_frame(),
    "project": lambda model, pairs: ak.project(model, pairs * 6, neighbours=2).summary(),
    "place": lambda model, pairs: ak.project(model, TEXTS * 3, place=pairs, neighbours=2).summary(),
    "faithfulness": lambda model, pairs: ak.faithfulness(
        model, pairs[:1], methods=["saliency"], oracle_texts=0, perturbed=1, progress=False
    ).to_frame(),
    "sanity": lambda model, pairs: ak.sanity(model, pairs[:1], "saliency", draws=1).to_frame(),
}


@pytest.mark.parametrize("call", CALLS)
def test_pairs_are_the_strings_that_stand_for_them(call: str) -> None:
    model = ak.load(tiny("bert"))
    given, expected = CALLS[call](model, list(INPUTS)), CALLS[call](model, list(STRINGS))
    if isinstance(given, pd.DataFrame):
        pd.testing.assert_frame_equal(given, expected)
    elif isinstance(given, np.ndarray):
        np.testing.assert_array_equal(given, expected)
    else:
        assert given == expected


@pytest.mark.parametrize("call", ["probabilities", "encode", "predict", "layer_outputs", "explain", "word_importance"])
def test_a_model_of_single_texts_refuses_them(call: str) -> None:
    with pytest.raises(InputError, match="reads single ones"):
        CALLS[call](ak.load("imdb-cnn"), list(INPUTS))


def test_a_model_of_single_texts_refuses_the_string_that_stands_for_a_pair(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(InputError, match="reads single ones"):
        ak.explain(ak.load("imdb-cnn"), STRINGS[0])
    for typed in ([STRINGS[0]], ["A film", STRINGS[0]]):
        assert run("explain", "imdb-cnn", *typed) == 2
        assert "reads single ones" in capsys.readouterr().err


COLUMNS = pd.DataFrame(INPUTS).assign(**{"label": ["LABEL_0", "LABEL_1"]})
NAMED = COLUMNS.rename(columns={"text": "premise", "text_pair": "hypothesis"})
TABLES: dict[str, tuple[pd.DataFrame, dict[str, Any]]] = {
    "the pipelines' names": (COLUMNS, {}),
    "two names": (NAMED, {"text": "premise,hypothesis"}),
    "pairs in one column": (pd.DataFrame({"text": INPUTS, "label": COLUMNS["label"]}), {}),
}


@pytest.mark.parametrize("table", TABLES)
def test_two_columns_of_a_table_are_pairs(table: str, tmp_path: Path) -> None:
    (data, options), model = TABLES[table], ak.load(tiny("bert"))
    expected = model.predict(STRINGS)
    pd.testing.assert_frame_equal(model.predict(data, **options), expected)
    assert [why.text for why in ak.explain(model, data, views="attribution", **options)] == STRINGS
    data.to_json(tmp_path / "pairs.jsonl", orient="records", lines=True)
    pd.testing.assert_frame_equal(model.predict(tmp_path / "pairs.jsonl", **options), expected)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "table"])
def test_a_corpus_of_pairs_is_explained_as_pairs(table: str, kind: str, tmp_path: Path) -> None:
    (data, options), model = TABLES[table], ak.load(tiny("bert"))
    if kind == "csv" and table == "pairs in one column":
        pytest.skip("a CSV file has no such cells")
    path = tmp_path / f"pairs.{kind}"
    writers: dict[str, Callable[[], Any]] = {
        "csv": lambda: data.to_csv(path, index=False),
        "jsonl": lambda: data.to_json(path, orient="records", lines=True),
        "parquet": lambda: data.to_parquet(path),
        "table": lambda: None,
    }
    writers[kind]()
    given = data if kind == "table" else path
    run_ = ak.explain_corpus(model, given, tmp_path / "out", method="saliency", workers=1, keep_text=True, **options)
    rows = pq.read_table(run_.folder).to_pylist()
    assert [(row["text"], row["status"]) for row in rows] == [(text, "ok") for text in STRINGS]
    expected = ak.explain(model, STRINGS, views="attribution", method="saliency")
    for row, why in zip(rows, expected, strict=True):
        np.testing.assert_allclose(row["scores"], why.token_scores.model_scores, rtol=1e-5, atol=1e-9)


def test_the_command_line_names_both_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = saved(tiny("bert"), tmp_path / "model")
    NAMED.to_csv(tmp_path / "pairs.csv", index=False)
    read, options = ("corpus", str(folder), str(tmp_path / "pairs.csv")), ("--method", "saliency", "--workers", "1")
    assert run(*read, str(tmp_path / "unnamed"), *options) == 2
    assert "name it with" in capsys.readouterr().err
    assert run(*read, str(tmp_path / "out"), *options, "--text", "premise,hypothesis") == 0
    assert pq.read_table(tmp_path / "out")["status"].to_pylist() == ["ok", "ok"]


@pytest.mark.parametrize(
    ("row", "status", "reason"),
    [
        ({"text": "A man sleeps.", "text_pair": " "}, "empty", "no visible character"),
        ({"text": None, "text_pair": "Nobody."}, "null", "'text' holds nothing"),
        ({"text": "A man sleeps.", "text_pair": 3}, "not text", "'text_pair' holds a int"),
        ({"text": "A ␞ man", "text_pair": "Nobody."}, "not text", "stands between the two"),
        ({"text": {"text": "A man", "text_pair": None}, "label": "x"}, "null", "'text.text_pair' holds nothing"),
        ({"text": {"first": "A man", "second": "b"}, "label": "x"}, "not text", "holds a dict"),
    ],
)
def test_half_a_pair_is_a_row_that_says_so(row: dict[str, Any], status: str, reason: str, tmp_path: Path) -> None:
    pd.DataFrame([row]).to_json(tmp_path / "pairs.jsonl", orient="records", lines=True)
    run_ = ak.explain_corpus(ak.load(tiny("bert")), tmp_path / "pairs.jsonl", tmp_path / "out", workers=1)
    (written,) = pq.read_table(run_.folder).to_pylist()
    assert written["status"] == status and reason in written["reason"]


@pytest.mark.parametrize("half", [{"text": "a film", "text_pair": None}, {"text": None, "text_pair": "a film"}])
def test_half_a_pair_alone_is_refused_as_what_it_is(half: dict[str, Any]) -> None:
    model = ak.load(tiny("bert"))
    for data in (half, [half]):
        with pytest.raises(TypeError, match="both texts of a pair must be strings, got NoneType; give two strings"):
            ak.explain(model, data)
    with pytest.raises(ValueError, match=r"a pair is given as .*, got the keys 'text'$"):
        model.predict([{"text": "a film"}])


def test_half_a_pair_in_a_table_is_a_row_without_text() -> None:
    data = pd.DataFrame({"text": ["A man sleeps.", "A film", None], "text_pair": ["Nobody.", " ", "b"]})
    model = ak.load(tiny("bert"))
    assert "2 of 3 rows were left out, the first is row 1" in ak.word_importance(model, data).notes[0]
    with pytest.warns(SkippedRowsWarning, match="2 of 3 rows"):
        (why,) = ak.explain(model, data, views="attribution")
    assert why.text == "A man sleeps. ␞ Nobody."


@pytest.mark.parametrize("options", [{}, {"text": "text,text_pair"}])
def test_a_model_of_single_texts_refuses_two_columns(options: dict[str, Any], tmp_path: Path) -> None:
    model = ak.load("imdb-cnn")
    with pytest.raises(InputError, match="name one of the columns 'text' and 'text_pair'"):
        model.predict(COLUMNS, **options)
    assert model.predict(COLUMNS, text="text")["text"].tolist() == COLUMNS["text"].tolist()
    run_ = ak.explain_corpus(model, COLUMNS, tmp_path / "pairs", workers=1, **options)
    written = pq.read_table(run_.folder)
    assert set(written["status"].to_pylist()) == {"not text"} and "reads single ones" in written["reason"][0].as_py()
    run_ = ak.explain_corpus(model, COLUMNS, tmp_path / "first", workers=1, text="text")
    assert set(pq.read_table(run_.folder)["status"].to_pylist()) == {"ok"}


def test_a_column_may_have_a_comma_in_its_name() -> None:
    data = pd.DataFrame({"a,b": ["A film", "Such a great show"], "a": ["x", "y"], "b": ["v", "w"]})
    assert ak.load(tiny("bert")).predict(data, text="a,b")["text"].tolist() == data["a,b"].tolist()


def test_one_pair_is_one_text() -> None:
    model = ak.load(tiny("bert"))
    assert len(model.predict(INPUTS[0])) == 1
    assert ak.layer_outputs(model, INPUTS[0], "hidden_states.1")["hidden_states.1"].shape[0] == 1


def test_a_report_on_pairs_measures_perturbed_ones_too(tmp_path: Path) -> None:
    model = ak.load(tiny("bert"))
    table = pd.DataFrame({"text": INPUTS * 4, **LABELLED})
    ak.report(model, table, texts=2, tested=1, mistakes=0, map=False).save(tmp_path / "report.html")
    assert "␞" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_perturbed_pair_is_still_a_pair() -> None:
    """Its words have ids beyond the vocabulary; which are the second text's must still be told."""
    model = ak.load(tiny("bert"))
    ids = model.ids(STRINGS[:1])[0]
    size = model.network.embedding.num_embeddings
    mark = ids - ids % 2**40
    given, mask = model.batch([size + np.arange(len(ids)) + mark])
    own, _ = model.batch([ids])
    vectors = model.network.embedding(own)
    np.testing.assert_allclose(
        model.network.fed(vectors, given, mask).detach(), model.network(own, mask).detach(), atol=1e-6
    )
