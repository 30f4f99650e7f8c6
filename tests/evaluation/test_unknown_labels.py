"""Rows with labels that a model lacks are counted and listed, and its confidence is asked whether it tells them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

import attribkit as ak
from attribkit.cli import main
from attribkit.evaluation.unknown_labels import UnknownLabels, area, interval_of_area
from attribkit.models.classifier import Classifier

shares = st.lists(st.sampled_from([0.3, 0.5, 0.5001, 0.8, 1.0]), min_size=1, max_size=12)


@given(shares, shares)
def test_the_area_is_the_share_of_pairs_in_the_right_order(known: list[float], unknown: list[float]) -> None:
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in known for b in unknown]
    found = area(np.array(known), np.array(unknown))
    assert found == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)
    truth = [1] * len(known) + [0] * len(unknown)
    assert found == pytest.approx(roc_auc_score(truth, known + unknown), abs=1e-12)


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.5])
def test_the_interval_holds_the_true_area_as_often_as_it_says(distance: float) -> None:
    random, true = np.random.default_rng(0), norm.cdf(distance / np.sqrt(2))
    held = 0
    for _ in range(400):
        low, high = interval_of_area(area(random.normal(distance, 1, 60), random.normal(0, 1, 15)), 60, 15)
        held += low <= true <= high
    assert held / 400 >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400)


@given(st.integers(1, 200), st.integers(1, 200), st.floats(0, 1))
def test_the_interval_lies_around_the_area_and_is_never_a_point(m: int, n: int, found: float) -> None:
    low, high = interval_of_area(found, m, n)
    assert 0 <= low <= found <= high <= 1 and high > low


@given(shares, shares)
def test_the_threshold_keeps_nineteen_of_twenty(known: list[float], unknown: list[float]) -> None:
    names = ["new"] * len(unknown)
    found = UnknownLabels.of(names, np.arange(len(unknown)), np.array(unknown), np.array(known))
    assert found is not None and found.kept >= 0.95 - 1e-12
    assert found.kept == sum(one >= found.threshold for one in known) / len(known)
    assert found.rejected == sum(one < found.threshold for one in unknown) / len(unknown)
    larger = sorted({one for one in known if one > found.threshold})
    assert not larger or sum(one >= larger[0] for one in known) / len(known) < 0.95


def test_a_file_with_labels_that_the_model_lacks_is_measured_on_the_rest(
    make_classifier: Callable[..., Classifier], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_classifier()
    rows = [("a good film", "pos"), ("the worst movie", "neg"), ("a story", "meh"), ("a bad show", "neg")]
    rows += [("ever and ever", "meh"), ("the film", "mixed"), ("a great delight", "pos")]
    table = pd.DataFrame(rows, columns=["text", "label"])
    known = table[table["label"].isin(["neg", "pos"])]
    found = ak.evaluate(model, table)
    assert found.confusion.tolist() == ak.evaluate(model, known).confusion.tolist()
    assert (found.rows, found.dropped) == (4, 3) and found.unknown is not None
    assert (found.unknown.labels, found.unknown.rows.tolist()) == ((("meh", 2), ("mixed", 1)), [2, 4, 5])
    sure = model.predict(table["text"].tolist())[["neg", "pos"]].max(axis=1).to_numpy()
    inside = table["label"].isin(["neg", "pos"]).to_numpy()
    assert found.unknown.auroc == area(sure[inside], sure[~inside])
    assert ak.evaluate(model, known).unknown is None

    table.to_csv(tmp_path / "x.csv", index=False)
    folder = model.save(tmp_path / "model")
    with pytest.raises(SystemExit) as exit:
        main(["evaluate", str(folder), str(tmp_path / "x.csv"), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert not exit.value.code and told["unknown_labels"]["labels"] == {"meh": 2, "mixed": 1}
    assert told["unknown_labels"]["rows"] == [2, 4, 5] and told["unknown_labels"]["auroc"] == found.unknown.auroc
    with pytest.raises(SystemExit):
        main(["evaluate", str(folder), str(tmp_path / "x.csv")])
    printed = " ".join(capsys.readouterr().out.split())
    assert "3 rows have labels that the model does not know: “meh” (2), “mixed” (1)" in printed
    assert f"an AUROC of {found.unknown.auroc:.3f}" in printed and "rows 2, 4, 5" in printed

    checked = ak.check(model, table, texts=2)
    assert set(found.unknown.sentences) <= set(checked.notes)
    report = ak.report(model, table, texts=2, tested=0, mistakes=0)
    performance = next(one for one in report.document.sections if one.anchor == "performance")
    assert any(f"AUROC of {found.unknown.auroc:.3f}" in sentence for sentence in performance.sentences)
