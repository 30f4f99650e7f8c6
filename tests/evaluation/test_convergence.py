"""Every figure made from scores says how many did not converge: here of a network whose scores cannot all add up."""

import json
from html import escape
from pathlib import Path

import pandas as pd
import pytest
from lexicon import Stepped, lexicon

import attribkit as ak
from attribkit.cli import main
from attribkit.corpus import explain_corpus
from attribkit.evaluation.importance import word_importance
from attribkit.evaluation.sanity.checks import sanity
from attribkit.models.classifier import Classifier
from attribkit.reports import report
from attribkit.results.panels import Convergence, Heatmap
from attribkit.results.several_panels import Panels

WORDS = {"good": 2.0, "fine": 1.0, "bad": -3.0, "dull": -1.0}
TEXTS = ["good good", "good fine", "bad bad", "fine bad dull", "fine good dull"]
WORST = 4 / 3  # of "good fine", whose weights are 3 together, where 4 is missing
FAILED = Convergence(2, 3, 0, WORST)
SAID = "3 of 5 explanations did not converge (largest relative error 1.3e+00)"


@pytest.fixture(scope="module")
def model() -> Classifier:
    return lexicon(WORDS, Stepped)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.DataFrame({"text": TEXTS, "label": ["pos", "pos", "neg", "neg", "pos"], "rationale": [[[0, 3]]] * 5})


def same(found: Convergence, expected: Convergence = FAILED) -> bool:
    worst, error = found.worst_relative_error, expected.worst_relative_error
    assert worst == pytest.approx(error, rel=1e-5) if error is not None else worst is None
    counts = (found.converged, found.failed, found.not_applicable)
    return counts == (expected.converged, expected.failed, expected.not_applicable)


def notes_of(panels: object) -> str:
    return " ".join(note for panel in panels for note in getattr(panel, "notes", ()))  # type: ignore[attr-defined]  # any panels


def test_the_network_fails_as_it_is_said_to(model: Classifier) -> None:
    rows = ak.explain(model, TEXTS, views="attribution")
    assert same(Convergence.of(row.token_scores for row in rows))


def test_compare_says_both_verdicts(model: Classifier, tmp_path: Path) -> None:
    a, b = (ak.explain(model, "good good", views="attribution", method=name) for name in ("quadrature", "saliency"))
    found = ak.compare(a, b)
    heatmap = found.panels()[0]
    assert isinstance(heatmap, Heatmap)
    for name, explanation in (("quadrature", a), ("saliency", b)):
        (note,) = [note for note in heatmap.notes if note.startswith(f"{name}: ")]
        assert explanation.token_scores.verdict in note
    assert Convergence.from_json(found.provenance["quadrature"]["convergence"]) == Convergence(0, 1, 0, 1.0)
    assert Convergence.from_json(found.provenance["saliency"]["convergence"]) == Convergence(0, 0, 1)
    assert Panels.from_json(found.to_json()) == Panels(found.panels(), found.provenance, "good good")
    assert escape(a.token_scores.verdict) in found.save(tmp_path / "both.html").read_text(encoding="utf-8")


def test_words(model: Classifier, tmp_path: Path) -> None:
    found = word_importance(model, TEXTS, least=1, replicates=20)
    assert same(found.convergence)
    assert SAID in repr(found) and SAID in found.panels()[0].notes
    assert Convergence.from_json(found.to_frame().attrs["convergence"]) == found.convergence
    assert SAID in found.save(tmp_path / "words.html").read_text(encoding="utf-8")
    loaded = Panels.load(found.save(tmp_path / "words.json"))
    assert Convergence.from_json(loaded.provenance["convergence"]) == found.convergence


def test_faithfulness_and_plausibility_count_for_each_method(model: Classifier, table: pd.DataFrame) -> None:
    methods = ("quadrature", "saliency")
    rest = Convergence(0, 0, 5)
    for found in (
        ak.faithfulness(model, TEXTS, methods, perturbed=0, removals="delete"),
        ak.plausibility(model, table, methods),
    ):
        assert list(found.convergence) == ["quadrature", "saliency", "random"]
        assert same(found.convergence["quadrature"])
        assert same(found.convergence["saliency"], rest) and same(found.convergence["random"], rest)
        said = f"quadrature: {SAID}; saliency, random: adding up proves nothing"
        assert said in repr(found) and said in notes_of(found.panels())
        attrs = found.to_frame().attrs["convergence"]
        assert attrs["quadrature"]["failed"] == 3 and attrs["quadrature"]["total"] == 5


def test_sanity_counts_its_own_and_the_randomised_ones(model: Classifier) -> None:
    found = sanity(model, TEXTS, draws=2)
    assert same(found.convergence) and SAID in repr(found) and SAID in notes_of(found.panels())
    assert found.randomised.total == 5 * 2 * 2  # texts, draws, ways to randomise the one layer
    assert found.randomised.failed and found.randomised.sentence in notes_of(found.panels())
    assert found.to_frame().attrs["convergence"]["failed"] == 3
    assert sanity(model, TEXTS, "saliency", draws=1).convergence == Convergence(0, 0, 5)


def test_check_tells_also_where_nothing_can_add_up(model: Classifier, table: pd.DataFrame) -> None:
    found = ak.check(model, table, method="quadrature")
    assert same(found.convergence) and found.to_dict()["convergence"]["failed"] == 3
    assert SAID in notes_of(found.panels())
    rest = ak.check(model, table, method="saliency")
    assert same(rest.convergence, Convergence(0, 0, 5)) and "adding up proves nothing" in notes_of(rest.panels())


def test_the_report(model: Classifier, table: pd.DataFrame) -> None:
    found = report(model, table, texts=2, tested=2, mistakes=0, counted=5, map=False)
    sections = {section.anchor: section for section in found.document.sections}
    assert f"In counting words, {SAID}." in sections["explanation-quality"].sentences
    assert "Scores sum to the output" in {figure.name for figure in found.document.figures}
    value = next(one.value for one in found.document.figures if one.name == "Scores sum to the output")
    assert value == "40.0 %"
    assert any("did not converge" in sentence for sentence in sections["robustness"].sentences)
    assert SAID in found.to_html()


def test_a_corpus_and_its_words(model: Classifier, table: pd.DataFrame, tmp_path: Path) -> None:
    table[["text"]].to_csv(tmp_path / "texts.csv", index=False)
    run = explain_corpus(model, tmp_path / "texts.csv", tmp_path / "out", words=True, window=2, workers=1)
    assert same(run.convergence) and SAID in repr(run)
    assert same(Convergence.from_json(run.words().attrs["convergence"]))
    again = explain_corpus(model, tmp_path / "texts.csv", tmp_path / "out", words=True, window=2, workers=1)
    assert again.fresh == 0 and again.convergence == run.convergence  # which the manifest knows


def test_the_commands_print_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = pd.DataFrame({"text": ["a good film", "a bad film", "a film"] * 3})
    rows.to_csv(tmp_path / "texts.csv", index=False)
    with pytest.raises(SystemExit):
        main(["corpus", "imdb-cnn", str(tmp_path / "texts.csv"), str(tmp_path / "out"), "--workers", "1"])
    assert "all 9 explanations converged (largest relative error" in capsys.readouterr().out
    pd.DataFrame({"text": ["a good film", "a bad film"] * 5, "label": ["pos", "neg"] * 5}).to_csv(
        tmp_path / "labelled.csv", index=False
    )
    with pytest.raises(SystemExit):
        main(["words", "imdb-cnn", str(tmp_path / "labelled.csv"), "--out", str(tmp_path / "words.json")])
    assert "explanations converged (largest relative error" in capsys.readouterr().out
    assert "convergence" in json.loads((tmp_path / "words.json").read_text())["content"]["provenance"]
