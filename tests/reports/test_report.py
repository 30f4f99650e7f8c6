"""The report: every section there, or a sentence on why not; nothing that cannot be used is lost silently."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from render.reading import Page
from reviews import REVIEWS

import attribkit as ak
from attribkit.cli import main
from attribkit.models.classifier import Classifier
from attribkit.reports import Report, explanation_quality, report, training_rows
from attribkit.results.panels import Table

ANCHORS = [
    *(
        "failures",
        "performance",
        "global-importance",
        "regions",
        "explanation-quality",
        "robustness",
        "taught",
        "suspects",
    ),
    *("layers", "texts", "overview", "appendix"),
]
TEXTS = [*REVIEWS, "the worst film ever", "a great movie"]
LABELS = ["pos", "neg", "pos", "neg", "neg", "pos", "pos", "neg"]
SMALL: dict[str, Any] = {"texts": 6, "tested": 4, "mistakes": 2}


@pytest.fixture(scope="module")
def model(make_classifier: Callable[..., Classifier]) -> Classifier:
    return make_classifier()


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.DataFrame({"text": TEXTS * 2, "label": LABELS * 2})


@pytest.fixture(scope="module")
def whole(model: Classifier, table: pd.DataFrame, make_classifier: Callable[..., Classifier]) -> Report:
    return report(model, table, train=table, others=[make_classifier(seed=1)], name="own", map=True, **SMALL)


def said(found: Report, anchor: str) -> str:
    section = next(one for one in found.document.sections if one.anchor == anchor)
    return " ".join(section.sentences)


def titles(found: Report, anchor: str) -> list[str]:
    section = next(one for one in found.document.sections if one.anchor == anchor)
    return [getattr(panel, "title", panel.kind) for panel in section.all_panels]


def test_every_section_is_there_in_the_order_a_reader_asks(whole: Report, model: Classifier) -> None:
    assert [section.anchor for section in whole.document.sections] == ANCHORS
    assert all(section.all_panels or section.rows for section in whole.document.sections)
    page = Page(whole.to_html())
    assert not page.stack
    for title in ("What model, and what data?", "Where does it fail?", "Can the explanations be trusted?"):
        assert title in page.words
    assert model.fingerprint() in page.words
    assert [a["href"] for tag, a in page.elements if tag == "a"] == [f"#{anchor}" for anchor in ANCHORS]


def test_the_figures_are_those_of_the_metrics(whole: Report, model: Classifier, table: pd.DataFrame) -> None:
    metrics = ak.evaluate(model, table)
    values = {figure.name: figure.value for figure in whole.document.figures}
    assert values["Accuracy"] == f"{100 * metrics.accuracy:.1f} %"
    assert values["F1 of “pos”"] == f"{metrics.positive_f1:.3f}"
    assert values["Scores sum to the output"] == "100.0 %"
    assert "Faithfulness" in values and "Calibration error" in values
    wrong = int(metrics.rows - metrics.confusion.trace())
    assert f"wrong on {wrong:,} texts" in said(whole, "failures").replace("text.", "texts.")


def test_the_same_page_is_made_again(
    whole: Report, model: Classifier, table: pd.DataFrame, make_classifier: Callable[..., Classifier]
) -> None:
    again = report(model, table, train=table, others=[make_classifier(seed=1)], name="own", map=True, **SMALL)
    assert again.to_html() == whole.to_html()
    (told,) = next(one for one in whole.document.sections if one.anchor == "appendix").sentences
    assert told.startswith("With the same models and texts") and ", others=[other_1]).save(" in told


def test_another_seed_and_baseline_are_compared(whole: Report) -> None:
    (panel,) = next(one for one in whole.document.sections if one.anchor == "robustness").all_panels
    assert isinstance(panel, Table)
    names = [row[0] for row in panel.rows]
    assert names == ["baseline unk instead of pad", "baseline mean instead of pad", "model tiny-cnn (1)"]


def test_without_labels_what_needs_them_is_skipped_and_says_so(model: Classifier) -> None:
    found = report(model, TEXTS, **SMALL)
    assert [section.anchor for section in found.document.sections] == [
        name for name in ANCHORS if name not in ("taught", "suspects")
    ]
    for anchor in ("performance", "failures"):
        assert "no label that the model knows" in said(found, anchor) and not titles(found, anchor)
    assert "No map was made" in said(found, "layers")
    assert "training texts are not at hand" in said(found, "global-importance")
    assert "not compared with a model trained with another seed" in said(found, "robustness")
    assert {figure.name for figure in found.document.figures} == {"Scores sum to the output", "Faithfulness"}
    assert not Page(found.to_html()).stack


def test_rows_that_cannot_be_used_are_counted_and_listed(model: Classifier) -> None:
    table = pd.DataFrame({"text": [*TEXTS, None, 3, " ", "good"], "label": [*LABELS, "pos", "pos", "neg", "meh"]})
    found = report(model, table, **SMALL)
    assert "9 of 12 rows were read" in said(found, "overview") and "“meh” (1 row)" in said(found, "overview")
    assert "Rows that could not be used" in titles(found, "overview")
    words = Page(found.to_html()).words
    assert "it is no string but int" in words and "it is empty" in words


def test_one_class_only_is_reported_and_said_so(model: Classifier) -> None:
    found = report(model, pd.DataFrame({"text": TEXTS, "label": "pos"}), **SMALL)
    assert "No text is labelled “neg”" in said(found, "performance")


def test_nothing_asked_for_nothing_shown(model: Classifier, table: pd.DataFrame) -> None:
    found = report(model, table, texts=0, tested=0, mistakes=0)
    assert "No texts were asked to be shown" in said(found, "texts")
    assert "not tested" in said(found, "explanation-quality") and "none was asked" in said(found, "failures")
    assert not Page(found.to_html()).stack


def test_more_than_two_classes_and_other_networks(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier("attention-rnn", ("low", "middle", "high"))
    table = pd.DataFrame({"text": TEXTS, "label": ["low", "middle", "high", "low"] * 2})
    found = report(model, table, **SMALL, baselines=("pad",))
    assert "Words that speak for “middle”" in titles(found, "global-importance") or "low" in said(
        found, "global-importance"
    )
    assert "F1, macro average" in {figure.name for figure in found.document.figures}


def test_known_rationales_are_compared_with(model: Classifier) -> None:
    spans = ["[[2, 6]]", "[[4, 9]]"]
    table = pd.DataFrame({"text": TEXTS[:2], "label": LABELS[:2], "rationale": spans})
    found = report(model, table, **SMALL)
    assert "Plausibility" in titles(found, "explanation-quality")
    with pytest.raises(ValueError, match="row 1"):
        report(model, table.assign(rationale=["[[2, 6]]", "[[4, 900]]"]), **SMALL)


def test_all_tests_of_the_explanations_are_taken_on_the_same_texts(
    model: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: dict[str, list[str]] = {}

    def noting(name: str) -> Callable[..., Any]:
        run = getattr(explanation_quality, name)

        def noted(model: Classifier, data: Any, *arguments: Any, **options: Any) -> Any:
            taken[name] = data["text"].tolist() if isinstance(data, pd.DataFrame) else list(data)
            return run(model, data, *arguments, **options)

        return noted

    for name in ("faithfulness", "sanity", "plausibility"):
        monkeypatch.setattr(explanation_quality, name, noting(name))
    texts = [f"a {word} film" for word in ("good", "bad", "dull", "great", "horrible", "best", "worst")]
    table = pd.DataFrame({"review": ["", *texts], "label": "pos", "rationale": [[[2, 2 + 3]]] * 8}, index=range(10, 18))
    report(model, table, text="review", tested=4, texts=7, mistakes=0, seed=1)
    assert len(taken["faithfulness"]) == 4 and set(taken["faithfulness"]) != set(texts[:4])
    assert taken["faithfulness"] == taken["sanity"] == taken["plausibility"]


def test_a_report_is_a_page_and_its_settings_are_checked(whole: Report, model: Classifier, tmp_path: Path) -> None:
    assert whole.save(tmp_path / "report.html").stat().st_size > 10_000
    assert repr(whole).startswith("Report('tiny-cnn on own'")
    with pytest.raises(ValueError, match=r"must end in \.html, got 'report\.png'; rename it"):
        whole.save(tmp_path / "report.png")
    with pytest.raises(ValueError, match="`texts` must be at least 0, got -1"):
        report(model, TEXTS, texts=-1)
    with pytest.raises(TypeError, match="a Classifier was expected, got str"):
        report("imdb-cnn", TEXTS)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="can read none of the 2 texts given"):
        report(model, ["", " "])


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pd.DataFrame({"text": TEXTS, "label": LABELS}).to_csv(tmp_path / "texts.csv", index=False)
    page = tmp_path / "report.html"
    options = ["--texts", "3", "--tested", "2", "--mistakes", "1", "--out", str(page)]
    with pytest.raises(SystemExit) as exit:
        main(["report", "imdb-cnn", str(tmp_path / "texts.csv"), *options])
    assert not exit.value.code and "wrote" in capsys.readouterr().out
    assert "imdb-cnn on texts.csv, all rows" in page.read_text(encoding="utf-8")
    with pytest.raises(SystemExit) as exit:
        main(["report", "imdb-cnn", str(tmp_path / "texts.csv"), "--out", str(tmp_path / "report.pdf")])
    assert exit.value.code == 2 and "must end in .html" in capsys.readouterr().err


def test_the_training_rows_behind_mistakes_are_named_and_rows_to_look_at_listed() -> None:
    data = ak.load_dataset("demo").sample(80)
    rows = data.train.copy()
    model = ak.load("imdb-cnn", "cpu")
    chances = model.probabilities(rows["text"].tolist())
    flipped = chances.max(1).argsort()[-1:].tolist()
    rows.loc[flipped, "label"] = [model.labels[chances[row].argmin()] for row in flipped]
    found = report(model, data.test[:20], train=rows, tested=0, texts=2, mistakes=2, taught=2, suspects=10)
    groups = next(section for section in found.document.sections if section.anchor == "taught").groups
    first, *tables = [panel for group in groups for panel in group.panels if isinstance(panel, Table)]
    assert isinstance(first, Table) and len(first.rows) == 2 and all(float(row[3] or 0) > 0 for row in first.rows)
    assert "against the true one" in said(found, "taught") and "of its labels are the network's" in said(
        found, "taught"
    )
    assert [len(panel.rows) for panel in tables] == [6, 6]
    (suspects,) = next(section for section in found.document.sections if section.anchor == "suspects").all_panels
    assert isinstance(suspects, Table) and set(flipped) <= {row[4] for row in suspects.rows}
    few = report(model, data.test[:4], train=rows, tested=0, texts=1, mistakes=0, taught=0, suspects=0)
    assert said(few, "overview").endswith(" No training rows were asked to be shown.")


def test_without_training_rows_a_report_says_how_to_give_them(
    model: Classifier, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No training rows were given: give train=" in said(report(model, table, **SMALL), "overview")
    single = report(model, table, train=table[:2], **SMALL)
    assert "Each label needs two rows or more, got 1 of" in said(single, "overview")
    monkeypatch.setattr(training_rows, "_MOST_ROWS", 10)
    assert "reads at most 10 training rows, there are 16: keep" in said(
        report(model, table, train=table, **SMALL), "overview"
    )
    carrying = model.copy()
    ak.keep_training(carrying, table)
    assert titles(report(carrying, table, **SMALL), "taught")[0] == "The training row that did most"


def test_each_section_answers_its_question_in_its_first_line() -> None:
    reviews = ak.load_dataset("demo").test.head(30)
    page = ak.report(ak.load("imdb-cnn", "cpu"), reviews, texts=2, tested=6, mistakes=2).document
    first = {section.anchor: section.sentences[0] for section in page.sections}
    assert first["performance"].startswith("It is right on ")
    assert "says “neg” mainly because of" in first["global-importance"]
    assert "of the score lies in the" in first["regions"]
    assert first["explanation-quality"].startswith("Deleting the words that the method")
    assert first["robustness"].startswith("Least alike, with baseline ") and "τ = " in first["robustness"]
