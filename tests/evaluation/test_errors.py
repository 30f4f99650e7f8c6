from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from attribkit.cli import main
from attribkit.data import load_dataset
from attribkit.evaluation.errors import errors
from attribkit.evaluation.metrics import Metrics
from attribkit.evaluation.performance import evaluate
from attribkit.evaluation.tables import confusion_table, metrics_table
from attribkit.models.classifier import Classifier

TEXTS = ["a good film", "dull and bad", "a delight", "the worst movie", "the best film ever", "it was horrible"]


@pytest.fixture
def model(make_classifier: Callable[..., Classifier]) -> Classifier:
    return make_classifier()


def opposite(model: Classifier) -> pd.DataFrame:
    """The texts with labels that make every second answer wrong."""
    said = model.predict(TEXTS)["label"].tolist()
    other = {"neg": "pos", "pos": "neg"}
    labels = [other[one] if number % 2 else one for number, one in enumerate(said)]
    return pd.DataFrame({"text": TEXTS, "label": labels})


def test_the_surest_mistakes_come_first_and_say_what_was_true(model: Classifier) -> None:
    table = opposite(model)
    found = errors(model, table)
    whole, wrong = found.overview, found.mistakes
    assert sorted(one.text for one in wrong if one.text) == sorted(TEXTS[1::2])
    sure = [max(one.prediction.probabilities) for one in wrong if one.prediction]
    assert sure == sorted(sure, reverse=True)
    for one in wrong:
        assert one.prediction is not None and one.prediction.true_label != one.prediction.label
        assert one.token_scores.target == one.prediction.label and one.token_scores.converged
    assert [panel.kind for panel in whole.panels()] == ["table", "table", "chart", "table"]
    assert whole.provenance["accuracy"] == 0.5
    assert len(errors(model, table, most=1).mistakes) == 1


def test_a_model_without_mistakes_has_none_to_show(model: Classifier) -> None:
    said = model.predict(TEXTS)["label"]
    assert not errors(model, pd.DataFrame({"text": TEXTS, "label": said})).mistakes


def test_data_without_labels_is_refused_with_the_cure(model: Classifier) -> None:
    with pytest.raises(ValueError, match="mistakes need true labels among the model's 'neg', 'pos'"):
        errors(model, TEXTS)
    with pytest.raises(ValueError, match="`most` must be at least 0"):
        errors(model, opposite(model), most=-1)


def test_the_tables_say_what_the_metrics_say(model: Classifier) -> None:
    metrics = evaluate(model, opposite(model))
    frame = metrics.to_frame()
    for row in metrics_table(metrics).rows:
        assert row[1:4] == pytest.approx(frame.loc[str(row[0])][:3].tolist(), abs=5e-5)
    table = confusion_table(Metrics(("a", "b", "c"), [[3, 1, 0], [0, 0, 0], [2, 2, 4]]))  # type: ignore[arg-type]
    assert table.rows == (("a", 3, 1, 0, 4), ("b", 0, 0, 0, 0), ("c", 2, 2, 4, 8))
    assert table.shades == ((None, 0.75, 0.25, 0, None), (None, None, None, None, None), (None, 0.25, 0.25, 0.5, None))


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = load_dataset("demo").test.head(60)
    rows.to_csv(tmp_path / "reviews.csv", index=False)
    page = tmp_path / "errors.html"
    with pytest.raises(SystemExit) as exit:
        main(["evaluate", "imdb-cnn", str(tmp_path / "reviews.csv"), "--errors", str(page), "--most", "2"])
    assert not exit.value.code and "wrote" in capsys.readouterr().err
    source = page.read_text(encoding="utf-8")
    assert "Confusion matrix" in source and "expected calibration error" in source
    assert source.count("✗ said") >= 2
    with pytest.raises(SystemExit) as exit:
        main(["evaluate", "imdb-cnn", str(tmp_path / "reviews.csv"), "--errors", str(tmp_path / "errors.txt")])
    assert exit.value.code == 2 and "suffix must be one of" in capsys.readouterr().err
