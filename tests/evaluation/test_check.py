"""`attribkit check`: figures against thresholds, and an exit code that a pipeline can act on."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.main import get_command

from attribkit.cli import app, main
from attribkit.evaluation.check import check
from attribkit.evaluation.performance import evaluate
from attribkit.evaluation.plausibility import plausibility
from attribkit.evaluation.thresholds import FIGURES, THRESHOLDS, Figure
from attribkit.models.classifier import Classifier

ROWS = [
    ("a good film with a great story", "pos", [[2, 6], [19, 24]]),
    ("such a great show , a delight", "pos", [[7, 12], [22, 29]]),
    ("it was a horrible movie", "neg", [[9, 17]]),
    ("the worst movie ever , dull and bad", "neg", [[4, 9], [23, 27], [32, 35]]),
]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.DataFrame(ROWS, columns=["text", "label", "rationale"])


def run(*arguments: object) -> int:
    try:
        main(["check", *(str(argument) for argument in arguments)])
    except SystemExit as exit:
        return int(exit.code or 0)
    return 0


def test_every_figure_is_measured_where_the_data_allow_it(
    make_classifier: Callable[..., Classifier], table: pd.DataFrame
) -> None:
    model = make_classifier("cnn")
    before = model.fingerprint()
    found = check(model, table)
    assert model.fingerprint() == before
    assert [one.name for one in found.figures] == list(THRESHOLDS)
    assert found.passed and found.method == "exact" and found.texts == 4
    figures = {one.name: one for one in found.figures}
    metrics = evaluate(model, table)
    assert figures["accuracy"].value == metrics.accuracy
    for name, interval in (("accuracy", metrics.accuracy_estimate), ("f1", metrics.f1_estimate)):
        assert (figures[name].low, figures[name].high) == (interval.low, interval.high)
    summary, frame = found.to_dict()["figures"], found.to_frame().set_index("figure")
    panel: Any = found.panels()[0]
    shown = {str(row[0]): row[2] for row in panel.rows}
    for name in ("accuracy", "f1", "calibration_error"):
        low, high = figures[name].low, figures[name].high
        assert low is not None and high is not None and low <= high
        assert (summary[name]["low"], summary[name]["high"]) == (low, high) == tuple(frame.loc[name, ["low", "high"]])
        assert shown[name.replace("_", " ")] == f"{low:.3f} to {high:.3f}"
    assert figures["completeness_error"].value < 1e-6
    assert figures["converged"].value == 1
    assert list(found.to_frame()["passed"]) == [None] * len(THRESHOLDS)

    bare = check(model, table["text"].tolist())
    missing = {"accuracy", "f1", "calibration_error", "plausibility", "plausibility_over_random"}
    assert {one.name for one in bare.figures} == set(THRESHOLDS) - missing


@pytest.mark.parametrize(
    ("name", "value", "threshold", "passed"),
    [
        ("f1", 0.8, 0.8, True),
        ("f1", 0.79, 0.8, False),
        ("completeness_error", 1e-4, 1e-4, True),
        ("completeness_error", 2e-4, 1e-4, False),
        ("f1", 0.1, None, None),
    ],
)
def test_a_threshold_is_the_least_or_the_most(
    name: str, value: float, threshold: float | None, passed: bool | None
) -> None:
    assert Figure(name, value, threshold=threshold).passed is passed


def test_the_exit_code_tells_a_pipeline(
    make_classifier: Callable[..., Classifier],
    table: pd.DataFrame,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = make_classifier("cnn").save(tmp_path / "model")
    data = tmp_path / "reviews.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in table.to_dict("records")))
    assert run(model, data, "--min-accuracy", 0, "--max-completeness-error", 1e-3) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "comprehensiveness" in printed and "passed" in printed and "failed" not in printed

    assert run(model, data, "--min-f1", 1, "--json") == 1
    captured = capsys.readouterr()
    summary = json.loads(captured.out)
    assert summary["passed"] is False
    assert summary["figures"]["f1"]["passed"] is False and summary["figures"]["f1"]["threshold"] == 1
    assert summary["figures"]["plausibility"]["value"] > 0
    assert "failed: f1 is" in captured.err

    texts = tmp_path / "texts.csv"
    table[["text"]].to_csv(texts, index=False)
    assert run(model, texts, "--min-f1", 0.5) == 2
    assert "a threshold for 'f1' needs true labels, and texts.csv has none; name their column" in (
        " ".join(capsys.readouterr().err.split())
    )


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_run_without_thresholds_says_how_to_ask(
    make_classifier: Callable[..., Classifier],
    table: pd.DataFrame,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
) -> None:
    model = make_classifier("cnn").save(tmp_path / "model")
    data = tmp_path / "reviews.csv"
    table[["text", "label"]].to_csv(data, index=False)
    sentence = (
        "Nothing was asked of tiny-cnn: give thresholds for some of its 9 figures, such as min_f1=0.9 (--min-f1 0.9)."
    )
    assert run(model, data, *options) == 0
    assert sentence in " ".join(capsys.readouterr().err.split())
    assert run(model, data, *options, "--min-f1", 0) == 0
    assert "Nothing was asked" not in capsys.readouterr().err
    assert sentence in str(check(Classifier.load(model, "cpu"), data))


@pytest.mark.parametrize(
    ("name", "value", "limits"),
    [
        ("f1", 80, "0 and 1"),
        ("accuracy", 1.01, "0 and 1"),
        ("calibration_error", -0.1, "0 and 1"),
        ("hamming_loss", 5, "0 and 1"),
        ("comprehensiveness_over_random", 10, "−1 and 1"),
        ("randomised_correlation", 20, "−1 and 1"),
    ],
)
def test_a_threshold_where_its_figure_never_lies_is_refused(
    make_classifier: Callable[..., Classifier], table: pd.DataFrame, name: str, value: float, limits: str
) -> None:
    expected = f"the threshold for '{name}' must lie between {limits}, got {value:g}; write 80 % as 0.8"
    with pytest.raises(ValueError, match=re.escape(expected)):
        check(make_classifier("cnn"), table, {name: value})


def test_labels_of_another_kind_are_named_beside_the_models(
    make_classifier: Callable[..., Classifier], table: pd.DataFrame
) -> None:
    model = make_classifier("cnn")
    expected = "a threshold for 'f1' needs labels that the model knows, 'neg', 'pos', and the data has '1'; relabel the"
    with pytest.raises(ValueError, match=re.escape(expected)):
        check(model, table.assign(label="1"), min_f1=0.5)
    many = pd.concat([table] * 3, ignore_index=True).assign(label=[f"topic {number:02}" for number in range(12)])
    with pytest.raises(ValueError, match="'topic 09' and 2 more; relabel the rows, or leave the threshold out"):
        check(model, many, min_accuracy=0.5)
    with pytest.raises(ValueError, match="'accuracy' needs true labels, and the data has none; name their column"):
        check(model, table[["text"]], min_accuracy=0.5)


def test_thresholds_are_arguments_or_a_mapping(make_classifier: Callable[..., Classifier], table: pd.DataFrame) -> None:
    model = make_classifier("cnn")
    named = check(model, table, min_f1=0.9, max_completeness_error=1e-3)
    assert named == check(model, table, {"f1": 0.9, "completeness_error": 1e-3})
    assert {figure.name for figure in named.figures if figure.threshold is not None} == {"f1", "completeness_error"}
    wrongs: list[tuple[dict[str, Any], str]] = [
        ({"max_f1": 0.9}, "no argument 'max_f1'; did you mean 'min_f1'"),
        ({"min_plausibility": 0.3}, "did you mean 'min_plausibility_over_random'"),
        ({"colour": 1.0}, "thresholds are given as min_f1=0.9"),
    ]
    for wrong, message in wrongs:
        with pytest.raises(TypeError, match=re.escape(message)):
            check(model, table, **wrong)
    with pytest.raises(ValueError, match="'f1' was given twice"):
        check(model, table, {"f1": 0.9}, min_f1=0.8)


def test_a_threshold_that_is_no_number_is_refused(
    make_classifier: Callable[..., Classifier], table: pd.DataFrame
) -> None:
    thresholds: Any = {"accuracy": "high"}
    with pytest.raises(TypeError, match=r"the threshold for 'accuracy' must be a number such as 0\.9, got"):
        check(make_classifier("cnn"), table, thresholds)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--min-plausibility-over-random", "nan"], "must be a finite number, got nan"),
        (["--method", "attention"], "needs a network with attention"),
        (["--method", "exakt"], "did you mean 'exact'"),
        (["--method", "saliency", "--min-converged", "1"], "needs a method that promises completeness"),
        (["--min-f1", "80"], "the threshold for 'f1' must lie between 0 and 1, got 80; write 80 % as 0.8"),
        (
            ["--min-plausibility-over-random", "0.1"],
            "a column 'rationale' of character spans; add that column",
        ),
        (["--texts", "0"], "`texts` must be at least 1, got 0"),
        (["--min-f2", "1"], "No such option"),
    ],
)
def test_bad_use_gets_a_sentence_and_exit_code_2(
    make_classifier: Callable[..., Classifier],
    table: pd.DataFrame,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    model = make_classifier("cnn").save(tmp_path / "model")
    data = tmp_path / "reviews.csv"
    table[["text", "label"]].to_csv(data, index=False)
    assert run(model, data, *arguments) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_plausibility_is_asked_for_over_random_scores_and_both_are_stated(
    make_classifier: Callable[..., Classifier], table: pd.DataFrame
) -> None:
    model = make_classifier("cnn")
    study = plausibility(model, table, "exact", split="all")
    own, random = (study.estimate("auprc", name).mean for name in ("exact", "random"))
    found = check(model, table, {"plausibility_over_random": own - random})
    figures = {one.name: one for one in found.figures}
    assert (figures["plausibility"].value, figures["plausibility"].random) == (own, random)
    assert figures["plausibility_over_random"].value == pytest.approx(own - random)
    assert figures["plausibility_over_random"].passed is not None and figures["plausibility"].passed is None
    # a threshold that random scores would pass asks for nothing
    assert not check(model, table, {"plausibility_over_random": own - random / 2}).passed
    for name in ("comprehensiveness", "sufficiency"):
        assert figures[name].random is not None
    over = figures["comprehensiveness"].value - (figures["comprehensiveness"].random or 0)
    assert figures["comprehensiveness_over_random"].value == pytest.approx(over)
    with pytest.raises(ValueError, match="says nothing where random scores may reach it; give one for 'plausibility_"):
        check(model, table, {"plausibility": 0.3})


def test_labels_that_the_model_lacks_and_rows_without_text_are_survived(
    make_classifier: Callable[..., Classifier], table: pd.DataFrame
) -> None:
    unknown_labels = pd.concat(
        [table, pd.DataFrame([("", "pos", None), ("a story", "maybe", None)], columns=table.columns)]
    )
    found = check(make_classifier("cnn"), unknown_labels.reset_index(drop=True))
    assert found.texts == 5
    assert "1 of 6 rows was left out, row 4: it is empty" in found.notes
    with pytest.raises(ValueError, match="`thresholds` can be given for accuracy"):
        check(make_classifier("cnn"), table, {"recall": 1.0})


def test_every_figure_that_takes_a_threshold_has_an_option() -> None:
    group: Any = get_command(app)
    options = {option.name for option in group.commands["check"].params}
    assert options >= {f"{side}_{name}" for name, (side, _) in FIGURES.items() if side}
