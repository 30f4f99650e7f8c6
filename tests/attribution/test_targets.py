from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

import attribkit as ak
from attribkit import Index
from attribkit.attribution.targets import find_label
from attribkit.cli import app
from attribkit.evaluation.scores import scores_for
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.serve.app import create_app

TEXT = "a bad show , good film ever"
SIGNS, STARS, POLES = ("-1", "0", "1"), ("1", "2", "3", "4", "5"), ("neg", "neutral", "pos")


@pytest.mark.parametrize(
    ("target", "labels", "label"),
    [
        (1, SIGNS, "1"),
        (0, SIGNS, "0"),
        (-1, SIGNS, "-1"),
        ("-1", SIGNS, "-1"),
        (np.int64(1), SIGNS, "1"),
        (Index(1), SIGNS, "0"),
        (Index(np.int64(0)), SIGNS, "-1"),  # type: ignore[arg-type]  # of numpy's integers
        (1, STARS, "1"),
        (5, STARS, "5"),
        (Index(1), STARS, "2"),
        (1, ("5", "1", "3"), "1"),
        (1, ("2.0", "1.0"), "1.0"),
        (1, ("1.0", "1"), "1"),
        (1, POLES, "neutral"),
        ("1", POLES, "neutral"),
        (Index(1), POLES, "neutral"),
    ],
)
def test_an_integer_is_the_label_of_that_number_where_labels_are_numbers(
    target: str | int | Index, labels: tuple[str, ...], label: str
) -> None:
    assert labels[find_label(target, labels)] == label


@pytest.mark.parametrize(
    ("target", "labels", "message"),
    [
        (2, SIGNS, "labels -1, 0, 1, an attribkit.Index below 3, 'all', 'top5' or a pair, got 2"),
        ("2", SIGNS, "an attribkit.Index below 3, 'all', 'top5' or a pair, got '2'"),
        (0, STARS, "an attribkit.Index below 5, 'all', 'top5' or a pair, got 0"),
        (1, ("0", "none"), "an attribkit.Index below 2, 'all', 'top5' or a pair, got 1"),
        (1, ("1.0", "01"), "an attribkit.Index below 2, 'all', 'top5' or a pair, got 1"),
        (Index(3), SIGNS, r"got Index\(index=3\)"),
        (Index(-1), POLES, r"got Index\(index=-1\)"),
        (3, POLES, "labels neg, neutral, pos, an index below 3, 'all', 'top5' or a pair, got 3"),
        (-1, POLES, "got -1"),
        ("01", POLES, "got '01'"),
        (True, SIGNS, "got True"),
        ("9" * 5_000, SIGNS, "got '9999"),
    ],
)
def test_a_number_that_is_no_label_is_refused(target: str | int | Index, labels: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_label(target, labels)


@pytest.mark.parametrize("index", [1.0, "1", None, True])
def test_an_index_that_is_no_integer_is_refused(index: object) -> None:
    with pytest.raises(TypeError, match="`Index` must be given an integer, got"):
        Index(index)  # type: ignore[arg-type]  # that is the fault


def test_explain_takes_integer_labels_and_indices(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier(labels=SIGNS)
    named = ak.explain(model, TEXT, target="1").token_scores
    assert ak.explain(model, TEXT, target=1).token_scores.scores.tolist() == named.scores.tolist()
    assert ak.explain(model, TEXT, target=Index(2)).token_scores.scores.tolist() == named.scores.tolist()
    assert ak.explain(model, TEXT, target=Index(1)).token_scores.target == "0"
    assert ak.explain(model, TEXT, target=(1, -1)).token_scores.target == "1 − -1"
    assert ak.explain(model, TEXT, target=(Index(0), 1)).token_scores.target == "-1 − 1"
    every = ak.explain(model, TEXT, views="attribution", target="all").to_frame()
    assert every["target"].unique().tolist() == [*SIGNS]


def test_true_labels_may_be_integers_and_indices(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier(labels=STARS)

    def shown(true_label: object) -> list[str | None]:
        rows = ak.explain(model, [TEXT] * 4, true_label=true_label)  # type: ignore[call-overload]  # of several types
        return [row.prediction.true_label for row in rows]

    assert shown([1, 2, 3, 4]) == ["1", "2", "3", "4"]
    assert shown(np.array([1, 2, 3, 4])) == ["1", "2", "3", "4"]
    assert shown(pd.Series([5, 4, 3, 1])) == ["5", "4", "3", "1"]
    assert shown([Index(0), Index(4), "2", 2]) == ["1", "5", "2", "2"]
    assert shown(5) == shown(np.int64(5)) == shown(Index(4)) == ["5"] * 4
    with pytest.raises(ValueError, match=r"`true_label` must be one of the labels 1, 2, .*Index below 5, got 0"):
        shown(0)
    named = make_classifier(labels=("neg", "pos"))
    why = ak.explain(named, TEXT, true_label=1)
    assert why.prediction is not None and why.prediction.true_label == "pos"


def test_an_index_is_kept_with_an_explanation(make_classifier: Callable[..., Classifier], tmp_path: Path) -> None:
    model = make_classifier(labels=SIGNS)
    for target, kept in ((Index(1), {"index": 1}), ((Index(0), np.int64(1)), [{"index": 0}, 1])):
        why = ak.explain(model, TEXT, target=target)  # type: ignore[arg-type]  # of numpy's integers
        assert why.provenance["settings"]["target"] == kept
        assert ak.Explanation.load(why.save(tmp_path / "why.json")) == why


def test_scores_for_a_class_are_those_of_its_place(make_classifier: Callable[..., Classifier]) -> None:
    """Evaluation speaks of classes by number, whatever the labels are called."""
    batches = [
        scores_for(model, EncodedBatch.of(model, [TEXT] * 3), np.array([0, 1, 2]), "quadrature", tolerance=1e-4)
        for model in (make_classifier(labels=labels) for labels in (POLES, ("1", "2", "0")))
    ]
    assert [row.tolist() for row in batches[0].scores] == [row.tolist() for row in batches[1].scores]


def test_the_command_line_takes_integer_labels(make_classifier: Callable[..., Classifier], tmp_path: Path) -> None:
    folder = str(make_classifier(labels=SIGNS).save(tmp_path / "signs"))
    for target, label in (
        ("1", "1"),
        ("-1", "-1"),
        ("0", "0"),
        ("1,-1", "1 − -1"),
        ("index:0", "-1"),
        ("index:1,-1", "0 − -1"),
    ):
        result = CliRunner().invoke(app, ["explain", folder, TEXT, "--target", target, "--true-label", "1", "--json"])
        assert result.exit_code == 0, result.output
        (why,) = ak.Explanations.from_json(result.stdout)
        assert why.token_scores.target == label
        assert why.prediction is not None and why.prediction.true_label == "1"


def test_an_index_over_http_is_written_as_on_the_command_line(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier(labels=SIGNS)
    with TestClient(create_app([classifier]), base_url="http://127.0.0.1") as client:
        for target, label in (("index:1", "0"), (1, "1"), (["index:2", -1], "1 − -1")):
            body = {"text": TEXT, "target": target, "views": ["attribution"]}
            answer = client.post("/explain", json=body)
            assert answer.status_code == 200, answer.text
            assert ak.Explanation.from_json(answer.text).token_scores.target == label
        refused = client.post("/explain", json={"text": TEXT, "target": "index:3"})
        assert refused.status_code == 422 and "below 3" in refused.json()["error"]


def test_a_label_that_is_written_as_an_index_is_the_label(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier(labels=("index:1", "other"))
    assert ak.explain(classifier, TEXT, target="index:1").token_scores.target == "index:1"
    assert ak.explain(classifier, TEXT, target="index:0").token_scores.target == "index:1"


def test_a_corpus_run_takes_integer_labels_and_indices(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    folder = make_classifier(labels=SIGNS).save(tmp_path / "signs")
    texts = pd.DataFrame({"text": [TEXT, "a good film"]})
    targets = {"label": (1, "1"), "index": (Index(1), "0"), "pair": ((Index(0), 1), "-1 − 1")}
    for name, (target, expected) in targets.items():
        for workers in (None, 1):
            out = tmp_path / f"{name}-{workers}"
            run = ak.explain_corpus(folder, texts, out, target=target, workers=workers)  # type: ignore[arg-type]
            assert pd.read_parquet(run.folder)["target"].tolist() == [expected] * 2
            again = ak.explain_corpus(folder, texts, out, target=target, workers=workers)  # type: ignore[arg-type]
            assert again.fresh == 0
    assert '"target": {"index": 1}' in (tmp_path / "index-1" / "_manifest.jsonl").read_text(encoding="utf-8")
