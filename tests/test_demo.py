"""The demonstration and the bundled models: small, right, and honest about what they were trained on."""

import re
from pathlib import Path

import pytest

from attribkit.data import load_dataset
from attribkit.demo import REVIEW, SENTENCES, TITLES, demo, small_report
from attribkit.evaluation.performance import evaluate
from attribkit.models.classifier import Classifier
from attribkit.models.model_folder import BUNDLED, bundled

NAMES = ["imdb-attention-rnn", "imdb-cnn"]
NEWS = "ag-news-attention"


def test_three_models_are_bundled_and_small() -> None:
    assert bundled() == [NEWS, *NAMES]
    for name in bundled():
        assert sum(file.stat().st_size for file in (BUNDLED / name).iterdir()) <= 8_000_000


def test_the_six_sentences_are_judged_right() -> None:
    texts = [text for text, _ in SENTENCES]
    answers = [label for _, label in SENTENCES]
    right = [
        [a == b for a, b in zip(Classifier.load(n, "cpu").predict(texts)["label"], answers, strict=True)] for n in NAMES
    ]
    assert all(sum(one) >= 5 for one in right)
    assert all(any(both) for both in zip(*right, strict=True))


def test_the_titles_are_put_in_their_sections() -> None:
    titles, sections = zip(*TITLES, strict=True)
    assert Classifier.load(NEWS, "cpu").predict(list(titles))["label"].tolist() == list(sections)


def test_the_review_is_of_real_length_and_judged_negative() -> None:
    for name in NAMES:
        classifier = Classifier.load(name, "cpu")
        assert len(classifier.encode([REVIEW])[0].ids) > 150
        assert classifier.predict(REVIEW)["label"].tolist() == ["neg"]


@pytest.mark.parametrize("name", NAMES)
def test_a_card_states_the_data_their_licence_and_the_test_metrics(name: str) -> None:
    card = (BUNDLED / name / "README.md").read_text()
    provenance = Classifier.load(name, "cpu").provenance
    assert provenance["metrics"]["f1"] >= 0.87
    assert provenance["data"]["fingerprint"] in card
    assert "none stated" in card
    assert "torch" in card


def test_the_card_of_the_titles_states_what_may_be_done_with_them() -> None:
    card = (BUNDLED / NEWS / "README.md").read_text()
    provenance = Classifier.load(NEWS, "cpu").provenance
    assert provenance["metrics"]["weighted_f1"] >= 0.84
    assert provenance["data"]["fingerprint"] in card and "non-commercial" in card


def test_the_demo_writes_a_page_and_pictures(tmp_path: Path) -> None:
    explained, files = demo(tmp_path / "out")
    assert list(explained) == [NEWS, *NAMES]
    assert [len(rows) for rows in explained.values()] == [6, 7, 7]
    assert all(row.token_scores.converged for rows in explained.values() for row in rows)
    assert [file.name for file in files] == [
        "demo.html",
        "ag-news-attention-sentences.png",
        "imdb-attention-rnn-sentences.png",
        "imdb-attention-rnn-review.png",
        "imdb-cnn-sentences.png",
        "imdb-cnn-review.png",
        "report.html",
    ]
    page = files[0].read_text(encoding="utf-8")
    assert "disgusting" in page
    assert (
        re.findall(r"<script(?! type=\"application/json\")", page) == ["<script"] * 2
    )  # of the maps and of the explanations, once each
    kinds = [[panel.kind for panel in row.panels()] for row in explained["imdb-attention-rnn"]]
    assert kinds == [["token_scores", "heatmap"]] * 6 + [["token_scores", "heatmap", "scatter"]]


def test_the_demos_report_has_every_section(tmp_path: Path) -> None:
    page = small_report(tmp_path / "report.html").read_text(encoding="utf-8")
    for title in ("How good is it?", "What drives it?", "Where does it fail?", "Can the explanations be trusted?"):
        assert title in page
    assert "synthetic reviews" in page and "Faithfulness" in page and "Plausibility" in page


@pytest.mark.data
@pytest.mark.parametrize("name", NAMES)
def test_the_card_tells_the_truth_on_the_real_test_set(name: str, data_folder: Path) -> None:
    """On 2,000 of the 25,000 official test reviews; `attribkit evaluate` measures them all."""
    test = load_dataset("imdb").test.sample(2_000, random_state=0)
    classifier = Classifier.load(name, "cpu")
    # three standard errors of a share near .88 among 2,000
    assert evaluate(classifier, test).accuracy == pytest.approx(classifier.provenance["metrics"]["accuracy"], abs=0.022)
