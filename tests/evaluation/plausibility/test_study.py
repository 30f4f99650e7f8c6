"""Plausibility is what a sweep over thresholds and runs of words finds; the true rationale scores 1."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from lexicon import lexicon

from attribkit.cli import main
from attribkit.data import load_dataset, read_eraser
from attribkit.data.intake import NOT_KNOWN
from attribkit.evaluation.plausibility import plausibility
from attribkit.evaluation.plausibility import study as module
from attribkit.evaluation.plausibility.rationales import marked, spans_of
from attribkit.evaluation.plausibility.result import MEASURES
from attribkit.models.classifier import Classifier
from attribkit.results.panels import Table
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer


def test_a_model_that_decides_by_the_rationale_alone_is_wholly_plausible() -> None:
    model = lexicon({"good": 2.0, "great": 3.0, "bad": -2.0})
    table = pd.DataFrame(
        {
            "text": ["A good film, a great one", "So bad", "It was what it was"],
            "rationale": [[[2, 6], [15, 20]], "[[3, 6]]", None],
        }
    )
    found = plausibility(model, table, ["quadrature", "leave_one_out"])
    assert found.auprc.shape == (3, 2)
    for measure in MEASURES:
        assert found.estimate(measure, "quadrature").mean == found.estimate(measure, "leave_one_out").mean == 1
        assert found.estimate(measure, "random").mean < 1
    assert found.notes == (
        NOT_KNOWN,
        "1 text without a rationale, or wholly covered by one, was left out",
    )
    assert list(found.to_frame().columns)[:5] == ["measure", "method", "mean", "low", "high"]
    tables = [panel for panel in found.panels() if isinstance(panel, Table)]
    assert [table.title for table in tables] == [
        "Plausibility",
        "Plausibility of sentences",
        "Plausibility of passages",
    ]
    for table in tables:
        assert [row[0] for row in table.rows] == ["quadrature", "leave_one_out", "random"]


def test_a_marked_sentence_is_found_by_its_mean_where_single_words_are_not_enough() -> None:
    model = lexicon({"dull": -3.0, "good": 0.1, "film": 0.1, "seen": -0.2})
    text = "A good film to have seen in town. It is a dull and long affair. The film was seen by a friend."
    start = text.index("It is")
    table = pd.DataFrame({"text": [text], "rationale": [[[start, text.index(" The film")]]]})
    result = plausibility(model, table, "leave_one_out", split="all")
    token, sentence, passage = (
        result.estimate("average_precision", "leave_one_out", level=level).mean
        for level in ("token", "sentence", "passage")
    )
    assert token < 1 and sentence == passage == 1
    more = result.estimate("auprc", "leave_one_out", over="leave_one_out", level="passage", over_level="token")
    assert more.mean == pytest.approx(1 - result.auprc[0, 0])
    assert set(result.to_frame()["level"]) == {"token", "sentence", "passage"}
    with pytest.raises(ValueError, match="`level` must be one of token, sentence, passage, got 'word'"):
        result.estimate("auprc", "leave_one_out", level="word")


def test_one_score_for_all_tokens_gets_their_share_of_average_precision_and_more_by_trapezoids() -> None:
    truth = np.array([True, False, False, False])
    auprc, _, _, average_precision = module._measures(np.zeros(4), truth)
    assert (auprc, average_precision) == (0.625, 0.25)


def test_the_true_rationale_is_found_on_the_demo_reviews_and_chance_is_not() -> None:
    table = load_dataset("demo").test
    tokens = Tokenizer.train(table["text"], TextSettings(min_frequency=1))
    scores = []
    for text, spans in zip(table["text"][:50], table["rationale"][:50], strict=True):
        truth = marked(spans_of(spans, text, 0), tokens.encode([text])[0])
        assert truth.any()
        assert module._measures(truth.astype(float), truth) == (1.0, 1.0, 1.0, 1.0)
        scores.append(module._measures(np.random.default_rng(0).normal(size=len(truth)), truth)[1])
    assert np.mean(scores) < 0.5


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=12))
def test_measures_equal_the_sweep(pairs: list[tuple[int, bool]]) -> None:
    scores, truth = [float(score) for score, _ in pairs], [one for _, one in pairs]
    if not any(truth):
        truth[0] = True
    found = module._measures(np.array(scores), np.array(truth))
    assert found == pytest.approx(reference.plausibility(scores, truth))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ([[0, 99]], "row 1: a span must satisfy 0 ≤ start < end ≤ 8, the text's length, got [0, 99]"),
        ([[3, 3]], "row 1: a span must satisfy"),
        ([[-1, 2]], "row 1: a span must satisfy"),
        ("[[0, 3", "row 1: a rationale must be a list of [start, end] spans"),
        ([3], "row 1: each span must be [start, end], got 3"),
        (4, "row 1: a rationale must be a list of [start, end] spans, got int"),
    ],
)
def test_a_rationale_that_is_none_names_the_row(cell: Any, message: str) -> None:
    model = lexicon({"bad": -2.0})
    table = pd.DataFrame({"text": ["a bad film", "bad film"], "rationale": pd.Series([[[2, 5]], cell], dtype=object)})
    with pytest.raises(ValueError) as error:
        plausibility(model, table)
    assert message in str(error.value)


def test_tables_without_texts_or_rationales_are_refused() -> None:
    model = lexicon({"bad": -2.0})
    with pytest.raises(ValueError, match="has no column 'rationale', only text"):
        plausibility(model, pd.DataFrame({"text": ["bad"]}))
    with pytest.raises(ValueError, match="no text has a rationale"):
        plausibility(model, pd.DataFrame({"text": ["bad"], "rationale": [[[0, 3]]]}))
    with pytest.raises(TypeError, match="a table or a Dataset is needed, got list"):
        plausibility(model, ["bad"])


def write_eraser(folder: Path, evidences: list[list[dict[str, Any]]], docs: str) -> None:
    row = {"annotation_id": "a1", "classification": "NEG", "evidences": evidences, "docids": ["d1"], "query": "?"}
    (folder / "test.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    text = "it was a dull film .\nthe plot is thin ."
    if docs == "docs.jsonl":
        (folder / docs).write_text(json.dumps({"docid": "d1", "document": text}) + "\n", encoding="utf-8")
    elif docs:
        (folder / "docs").mkdir()
        (folder / "docs" / "d1").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("docs", ["docs", "docs.jsonl"])
def test_the_eraser_format_is_read(tmp_path: Path, docs: str) -> None:
    evidence = [{"docid": "d1", "start_token": 3, "end_token": 5}, {"docid": "d1", "start_token": 9, "end_token": 10}]
    write_eraser(tmp_path, [evidence], docs)
    table = read_eraser(tmp_path)
    (text, label, spans, name) = table.iloc[0]
    assert (label, name) == ("NEG", "a1")
    assert [text[start:end] for start, end in spans] == ["dull film", "thin"]
    found = plausibility(lexicon({"dull": -1.0, "film": -2.0, "thin": -1.0}), table, "leave_one_out")
    assert found.estimate("auprc", "leave_one_out").mean == 1
    assert read_eraser(tmp_path / "test.jsonl").equals(table)


def test_an_evidence_of_no_token_is_dropped_and_counted(tmp_path: Path) -> None:
    empty = [{"docid": "d1", "start_token": place, "end_token": place} for place in (0, 11)]
    write_eraser(tmp_path, [empty, [{"docid": "d1", "start_token": 3, "end_token": 5}]], "docs")
    note = "2 evidences of 1 row hold no token and were dropped, the first on line 1"
    table = read_eraser(tmp_path)
    assert table.attrs["notes"] == [note] and len(table["rationale"][0]) == 1
    assert note in plausibility(lexicon({"dull": -1.0}), table, "leave_one_out").notes


def test_a_folder_in_the_eraser_format_is_taken_wherever_a_data_set_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = [{"docid": "d1", "start_token": 2, "end_token": 2}, {"docid": "d1", "start_token": 3, "end_token": 5}]
    write_eraser(tmp_path, [empty], "docs")
    found = plausibility(lexicon({"dull": -1.0, "film": -2.0}), tmp_path, "leave_one_out")
    assert found.estimate("auprc", "leave_one_out").mean == 1
    assert "test: 1 evidence of 1 row holds no token and was dropped, the first on line 1" in found.notes
    rows = [("a1", "NEG"), ("a2", "NEG"), ("a3", "POS"), ("a4", "POS")] * 3
    for split in ("train", "val"):
        lines = [
            {"annotation_id": f"{name}{n}", "classification": label, "evidences": [empty], "docids": [f"{split}{n}"]}
            for n, (name, label) in enumerate(rows)
        ]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        for n in range(len(rows)):
            (tmp_path / "docs" / f"{split}{n}").write_text(f"it was a dull film number {split} {n} .")
    data = load_dataset(tmp_path)
    assert (len(data.train), len(data.validation), len(data.test)) == (12, 12, 1)
    ((start, end),) = data.train["rationale"][0]
    assert data.train["text"][0][start:end] == "dull film"
    with pytest.raises(SystemExit) as exit:
        main(["check", "imdb-cnn", str(tmp_path), "--json", "--min-plausibility-over-random", "0"])
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert exit.value.code in (0, 1) and figures["plausibility_over_random"]["threshold"] == 0


def test_broken_eraser_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    write_eraser(tmp_path, [[{"docid": "d1", "start_token": 3, "end_token": 99}]], "docs")
    with pytest.raises(ValueError, match=r"line 1: the evidence's tokens \[3, 99\] must lie in its document of 11"):
        read_eraser(tmp_path)
    write_eraser(tmp_path, [[{"docid": "../test.jsonl", "start_token": 0, "end_token": 1}]], "")
    with pytest.raises(FileNotFoundError, match="there is no document"):
        read_eraser(tmp_path)
    (tmp_path / "test.jsonl").write_text('{"text": "a"}\n')
    with pytest.raises(ValueError, match="has no 'annotation_id' on its lines"):
        read_eraser(tmp_path)


def test_the_model_is_left_as_it_was(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier("attention-rnn")
    before = model.fingerprint()
    table = pd.DataFrame({"text": ["a good film"], "rationale": [[[2, 6]]]})
    found = plausibility(model, table)
    assert found.methods == ("quadrature", "input_x_gradient", "saliency", "attention", "random")
    assert model.fingerprint() == before
