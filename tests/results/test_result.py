"""What every result can do, whatever call made it."""

import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import attribkit as ak
from attribkit.evaluation.check_result import CheckResult
from attribkit.evaluation.errors import ErrorAnalysis, errors
from attribkit.evaluation.metrics import Metrics
from attribkit.evaluation.sanity.relabelled import relabelled
from attribkit.evaluation.thresholds import Figure
from attribkit.influence import TrainingInfluence
from attribkit.models.classifier import Classifier
from attribkit.reproduce.folds import CrossValidation
from attribkit.results.panels import Convergence, Table
from attribkit.results.result import Result

GOOD = "It was a good film"
TEXTS = [GOOD, "It was a horrible movie", "Such a great show", "The worst plot ever"]
TABLE = pd.DataFrame({"text": TEXTS, "label": ["pos", "neg", "neg", "neg"], "rationale": [[[0, 2]]] * 4})
TAUGHT = pd.concat([TABLE[["text", "label"]], pd.DataFrame({"text": ["So good"], "label": ["pos"]})])
SMALL: dict[str, Any] = {"epochs": 1, "filters": 4, "embedding_size": 6, "min_frequency": 1, "device": "cpu"}


@cache
def model() -> Classifier:
    return ak.load("imdb-cnn", "cpu")


CALLS: dict[str, Callable[[Path], Any]] = {
    "check": lambda folder: ak.check(model(), TABLE, texts=4),
    "compare": lambda folder: ak.compare(ak.explain(model(), GOOD), ak.explain(model(), GOOD, method="saliency")),
    "evaluate": lambda folder: ak.evaluate(model(), TABLE),
    "explain": lambda folder: ak.explain(model(), GOOD),
    "explain_corpus": lambda folder: ak.explain_corpus(model(), TABLE, folder / "out", workers=1),
    "faithfulness": lambda folder: ak.faithfulness(model(), TEXTS[:2], oracle_texts=0, perturbed=0),
    "keep_reference": lambda folder: ak.keep_reference(model().copy(), TABLE),
    "keep_training": lambda folder: ak.keep_training(model().copy(), TAUGHT),
    "label_errors": lambda folder: ak.label_errors(model(), TAUGHT, most=1, parts=2),
    "layer_outputs": lambda folder: ak.layer_outputs(model(), TEXTS),
    "load": lambda folder: ak.load("imdb-cnn", "cpu"),
    "load_dataset": lambda folder: ak.load_dataset("demo"),
    "plausibility": lambda folder: ak.plausibility(model(), TABLE, "saliency"),
    "project": lambda folder: ak.project(model(), TABLE, neighbours=1, place=GOOD),
    "quickstart": lambda folder: ak.quickstart(ak.load_dataset("demo").sample(80).train, progress=False),
    "region_importance": lambda folder: ak.region_importance(model(), TABLE),
    "report": lambda folder: ak.report(model(), TABLE, texts=2, tested=2, mistakes=1, map=False),
    "sanity": lambda folder: ak.sanity(model(), TEXTS[:2], "saliency", draws=1),
    "train": lambda folder: ak.train("cnn", ak.load_dataset("demo").sample(20), progress=False, **SMALL),
    "training_influence": lambda folder: ak.training_influence(model(), TAUGHT, GOOD, most=1, checked=2),
    "word_importance": lambda folder: ak.word_importance(model(), TEXTS * 5),
}
OTHERS: dict[str, Callable[[Path], Any]] = {
    "several texts": lambda folder: ak.explain(model(), TEXTS[:2]),
    "panels": lambda folder: ak.Panels([Table("two rows", ("a", "b"), ((1, "x"), (2, "y")))]),
    "errors": lambda folder: errors(model(), TABLE),
    "metrics": lambda folder: Metrics(("neg", "pos"), np.array([[50, 10], [5, 35]])),
    "figures": lambda folder: CheckResult(
        "m", "exact", 9, 0, 9, (Figure("accuracy", 0.9, threshold=0.8),), Convergence.of([]), ("a note",)
    ),
    "relabelled": lambda folder: relabelled(texts=4),
    "cross-validation": lambda folder: CrossValidation(np.array([0.8, 0.9]), np.array([0.7, 0.9]), np.array([10, 12])),
}


def test_every_public_call_is_tried_here() -> None:
    """A function that returns nothing, such as one that registers a class, has no result."""
    functions = {name for name in ak.__all__ if not isinstance(getattr(ak, name), type)}
    silent = {name for name in functions if inspect.signature(getattr(ak, name)).return_annotation in (None, "None")}
    widgets = {"explore"}  # which a notebook draws
    assert functions - silent - widgets == set(CALLS)
    results = {
        name for name in ak.__all__ if isinstance(getattr(ak, name), type) and hasattr(getattr(ak, name), "panels")
    }
    rest = {name for name in ak.__all__ if isinstance(getattr(ak, name), type)} - results
    assert results == {"Classifier", "Explanation", "Explanations", "Panels"}
    assert all(issubclass(getattr(ak, name), Exception) for name in rest - {"TextSettings", "TextClassifier", "Index"})


@pytest.mark.parametrize("name", [*CALLS, *OTHERS])
def test_every_result_draws_tabulates_sums_up_and_saves_itself(name: str, tmp_path: Path) -> None:
    result = (CALLS | OTHERS)[name](tmp_path)
    assert isinstance(result, (Result, ak.Explanations))
    assert result.panels() and isinstance(result.summary(), str) and result.summary()
    assert len(repr(result)) < 2_000 and "array(" not in repr(result) and " object at 0x" not in repr(result)
    table = result.to_frame()
    assert isinstance(table, pd.DataFrame) and len(table) and table.columns.is_unique
    page = result._repr_html_()
    assert "<script src" not in page and "<link" not in page and 'src="http' not in page
    if isinstance(result, Classifier):
        assert result.save(tmp_path / "folder").is_dir()
        assert ak.load(tmp_path / "folder").fingerprint() == result.fingerprint()
        return
    assert result.save(tmp_path / "result.html").stat().st_size > 1_000
    with pytest.raises(ValueError, match=r"file's suffix must be one of \.html, |its file must end in \.html"):
        result.save(tmp_path / "result.doc")
    with pytest.raises(TypeError, match=r"a file name that ends in \.html.* was expected, got None; name a file"):
        result.save(None)  # type: ignore[arg-type]  # no path: it is refused
    if name != "report":  # which is a page
        assert result.save(tmp_path / "result.png").stat().st_size > 1_000
        assert result.save(tmp_path / "result.tex").stat().st_size > 100


READ_BY_THEIR_OWN = {"explain", "several texts", "errors", "label_errors", "training_influence"}


@pytest.mark.parametrize("name", sorted({*CALLS, *OTHERS} - READ_BY_THEIR_OWN))
def test_the_panels_of_every_result_are_read_again(name: str, tmp_path: Path) -> None:
    result = (CALLS | OTHERS)[name](tmp_path)
    again = ak.Panels.from_json(result.to_json())
    assert again == ak.Panels(result.panels(), result.provenance, result.text)


def test_an_error_analysis_is_read_again(tmp_path: Path) -> None:
    found = errors(model(), TABLE)
    assert len(found.mistakes) == 1 and ErrorAnalysis.load(found.save(tmp_path / "errors.json")) == found
    with pytest.raises(ValueError, match=r"holds 'error analysis', not 'panels'; load it with ErrorAnalysis\.load"):
        ak.Panels.from_json(found.to_json())


def test_training_rows_are_read_again(tmp_path: Path) -> None:
    rows = CALLS["training_influence"](tmp_path)
    assert len(rows.lessons) == 2 and TrainingInfluence.load(rows.save(tmp_path / "rows.json")) == rows
    with pytest.raises(ValueError, match="holds 'training influence', not 'panels'"):
        ak.Panels.from_json(rows.to_json())


def test_panels_are_read_as_panels_and_explanations_as_explanations() -> None:
    why, table = ak.explain(model(), GOOD), ak.Panels([Table("a", ("b",), ((1,),))])
    with pytest.raises(ValueError, match=r"an explanation of one text; load it with Explanation\.load"):
        ak.Panels.from_json(why.to_json())
    with pytest.raises(ValueError, match=r"holds 'panels', not 'explanation'; load it with Panels\.load"):
        ak.Explanation.from_json(table.to_json())
    with pytest.raises(ValueError, match=r"place of one of the panels \(0: 'a'\), got 1"):
        table.to_frame(1)


def test_a_map_as_a_table_holds_every_point_of_every_map_and_the_new_texts() -> None:
    maps = ak.project(model(), TABLE, layers=["embedding", "dropout"], neighbours=1, place=GOOD)
    table = maps.to_frame()
    assert table.columns.tolist() == ["layer", "epoch", "x", "y", "text", "label", "prediction", "new"]
    assert table["layer"].value_counts().to_dict() == {"embedding": 5, "dropout": 5}
    for shown in maps.scatter.maps:
        rows = table[table["layer"] == shown.layer]
        assert np.array_equal(rows.loc[~rows["new"], ["x", "y"]], shown.points)
        assert rows.loc[~rows["new"], "text"].tolist() == TEXTS
        assert rows.loc[rows["new"], "text"].tolist() == [GOOD]


def test_outputs_of_layers_as_a_table_are_their_numbers() -> None:
    outputs = ak.layer_outputs(model(), TEXTS, ["embedding", "dropout"])
    table = outputs.to_frame("dropout")
    assert np.array_equal(table.drop(columns="text"), outputs["dropout"]) and table["text"].tolist() == [0, 1, 2, 3]
    assert outputs.to_frame().shape == (4, 1 + sum(values.shape[1] for values in outputs.values.values()))
    with pytest.raises(ValueError, match="`layer` must be one of 'embedding', 'dropout', got 'rnn'"):
        outputs.to_frame("rnn")


def test_a_data_set_counts_its_rows_and_shows_no_text() -> None:
    data = ak.load_dataset("demo").sample(20)
    table, panel = data.to_frame(), data.panels()[0]
    assert table["split"].value_counts().to_dict() == {"train": 20, "validation": 20, "test": 20}
    assert [row[0] for row in panel.rows] == ["neg", "pos"]
    assert sum(int(str(cell)) for row in panel.rows for cell in row[1:]) == 60
    shown = data._repr_html_() + repr(data) + data.summary()
    assert not any(text[:20] in shown for text in table["text"])


def test_a_classifier_names_few_of_many_labels() -> None:
    few = model()
    many = Classifier(few.network, few.tokenizer, [f"label {number}" for number in range(2_000)])
    assert len(repr(many)) < 400 and "and 1,990 more" in repr(many) and len(many.summary()) < 1_000
    assert few.to_frame()["numbers"].sum() == sum(weights.numel() for weights in few.network.parameters())


def test_a_run_counts_every_row(tmp_path: Path) -> None:
    run = ak.explain_corpus(model(), pd.DataFrame({"text": [*TEXTS, ""]}), tmp_path / "out", workers=1)
    assert run.to_frame()["rows"].sum() == run.rows == 5 and run.to_frame()["status"][0] == "ok"
    assert run.summary().startswith("4 of 5 rows are explained (1 ")


def in_words(mean: float, low: float, high: float, digits: int = 3) -> str:
    return f"{mean:.{digits}f} (95 % interval {low:.{digits}f} to {high:.{digits}f})".replace("-", "−")


def test_summaries_say_the_means_of_the_table_with_their_intervals(tmp_path: Path) -> None:
    faithful, plausible, sane = (CALLS[name](tmp_path) for name in ("faithfulness", "plausibility", "sanity"))
    said = 0
    for result, measures in ((faithful, ("comprehensiveness", "sufficiency")), (plausible, ("auprc", "iou_f1"))):
        table = result.to_frame()
        table = table[table["measure"].isin(measures) & table["method"].isin(result.methods)]
        if "level" in table:
            table = table[table["level"] == "token"]
        if "removal" in table:
            table = table[table["removal"] == result.removals[0]]
        for row in table.itertuples():
            line = next(line for line in result.summary().splitlines() if line.startswith(f"{row.method}: "))
            assert in_words(row.mean, row.low, row.high) in line
            said += 1
    assert said == 2 * (len(faithful.methods) + len(plausible.methods))
    table = sane.to_frame()
    deepest = table[table["scheme"] == "top_down"].iloc[-1]
    words = in_words(deepest["correlation"], deepest["low"], deepest["high"])
    assert f"with every layer randomised: {words}" in sane.summary()
    important = CALLS["word_importance"](tmp_path)
    first = important.words[important.words["low"] > 0].iloc[0]
    words = f"{first['word']} {first['score']:+.2f} (95 % interval {first['low']:.2f} to {first['high']:.2f})"
    assert f"for {first['label']}: {words}" in important.summary()


def test_an_explanation_gives_its_scores_and_words_at_once() -> None:
    why = ak.explain(ak.load("imdb-cnn", "cpu"), GOOD)
    assert isinstance(why, ak.Explanation)
    assert why.tokens == GOOD.split() and why.scores.shape == (5,) and why.scores is why.token_scores.scores
    assert (
        why.prediction is not None
        and why.prediction.label == why.label
        and why.probability == max(why.prediction.probabilities)
    )
    assert why.token_scores.verdict in why.summary()


def test_metrics_say_accuracy_and_f1() -> None:
    metrics = Metrics(("neg", "pos"), np.array([[50, 10], [5, 35]]))
    assert "accuracy 0.8500" in repr(metrics) and "F1 of pos 0.8235" in repr(metrics)
