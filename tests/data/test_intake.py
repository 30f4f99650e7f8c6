"""A model is measured on the rows that it was not trained on, whatever the file is called; what it has seen is said."""

import gzip
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from commands import run

import attribkit as ak
from attribkit.data import Dataset, load_dataset
from attribkit.data.intake import NOT_KNOWN, Rows
from attribkit.evaluation.answers import Answers
from attribkit.models.classifier import Classifier
from attribkit.results.panels import Scatter, Table

SMALL: dict[str, Any] = {
    "epochs": 4, "filters": 4, "embedding_size": 6, "min_frequency": 1, "device": "cpu", "progress": False,
}  # fmt: skip
COMMAND = [
    word for name, value in SMALL.items() if name != "progress" for word in (f"--{name.replace('_', '-')}", str(value))
]


def noisy(count: int = 300, seed: int = 0) -> pd.DataFrame:
    """Texts of a random number each: a network that has seen a text knows its label, no other network can."""
    random = Random(seed)
    words = "good bad film show story plot actor scene music light".split()
    rows = []
    for number in range(count):
        text = " ".join(random.choice(words) for _ in range(6)) + f" n{seed}x{number}"
        rows.append((text, random.choice(("neg", "pos"))))
    return pd.DataFrame(rows, columns=["text", "label"])


def mapped(model: Classifier, data: Any) -> int:
    """How many texts are on a map of the data."""
    panel = ak.project(model, data, progress=False).panels()[0]
    assert isinstance(panel, Scatter)
    return len(panel.excerpts)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows")


@pytest.fixture(scope="module")
def table(place: Path) -> pd.DataFrame:
    """Written as x.csv, a renamed copy, its .gz, shuffled; and an unrelated file of the same name elsewhere."""
    found = noisy()
    found.to_csv(place / "x.csv", index=False)
    shutil.copy(place / "x.csv", place / "renamed.csv")
    (place / "packed.csv.gz").write_bytes(gzip.compress((place / "x.csv").read_bytes()))
    found.sample(frac=1, random_state=1).to_csv(place / "shuffled.csv", index=False)
    (place / "other").mkdir()
    noisy(80, seed=9).to_csv(place / "other" / "x.csv", index=False)
    return found


@pytest.fixture(scope="module")
def folder(place: Path, table: pd.DataFrame) -> Path:
    """Trained by the command, with a share, a split seed and a seed that are none's default."""
    command = ["train", place / "x.csv", "--out", place / "model", "--test", "0.2", "--split-seed", "3", "--seed", "1"]
    assert run(*command, *COMMAND) == 0
    return place / "model"


@pytest.fixture(scope="module")
def model(folder: Path) -> Classifier:
    return Classifier.load(folder, "cpu")


@pytest.fixture(scope="module")
def split(place: Path, table: pd.DataFrame) -> Dataset:
    return load_dataset(place / "x.csv", test=0.2, seed=3)


FILES = ["x.csv", "renamed.csv", "packed.csv.gz", "shuffled.csv"]


@pytest.mark.parametrize("file", FILES)
def test_every_copy_of_the_file_is_measured_on_the_same_held_out_rows(
    place: Path, model: Classifier, split: Dataset, file: str
) -> None:
    rows = Rows.of(model, str(place / file))
    assert sorted(rows.table["text"]) == sorted(split.test["text"])
    assert (rows.part, rows.seen, rows.mark) == ("test split", 0, None)
    assert rows.notes[-1].startswith("240 of 300 rows were left out: the model was trained on 210 of them")
    assert rows.training is not None and sorted(rows.training["text"]) == sorted(split.train["text"])


@pytest.mark.parametrize("file", FILES)
def test_evaluate_report_and_check_print_the_figure_of_the_training(
    place: Path, folder: Path, model: Classifier, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    wanted = model.provenance["metrics"]
    assert wanted["seen_in_training"] == 0 and wanted["rows"] == 60
    assert run("evaluate", folder, place / file, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    names = ("accuracy", "f1", "confusion", "rows", "part", "seen_in_training")
    assert [found[name] for name in names] == [wanted[name] for name in names]

    options = ["--texts", 3, "--tested", 0, "--mistakes", 0, "--words", 1, "--counted", 5]
    assert run("report", folder, place / file, "--out", place / "r.html", *options) == 0
    page = (place / "r.html").read_text(encoding="utf-8")
    assert f"{100 * wanted['accuracy']:.1f} %" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert f"{file}, test split" in page and "seen in training" not in page

    capsys.readouterr()
    assert run("check", folder, place / file, "--json", "--texts", 3) == 0
    checked = json.loads(capsys.readouterr().out)
    assert checked["figures"]["accuracy"]["value"] == wanted["accuracy"]
    assert (checked["rows"], checked["seen_in_training"]) == (60, 0)


def test_a_table_and_a_data_set_are_measured_on_the_same_rows(
    model: Classifier, table: pd.DataFrame, split: Dataset
) -> None:
    wanted = model.provenance["metrics"]["confusion"]
    for data in (table, table.sample(frac=1, random_state=2), split, split.test):
        metrics = ak.evaluate(model, data)
        assert (metrics.confusion.tolist(), metrics.seen) == (wanted, 0)
    other = ak.evaluate(model, load_dataset(table, test=0.5, seed=8))  # cut through the training rows
    assert (other.part, other.seen) == ("test split", 0) and other.rows < 60
    assert ak.word_importance(model, table, least=1).one_sided is not None  # the training rows are among the data


def test_rows_keep_their_numbers(model: Classifier, table: pd.DataFrame, split: Dataset) -> None:
    answers = Answers.of(model, table.set_index(pd.RangeIndex(1_000, 1_300)))
    assert [table["text"][row] for row in answers.rows] == list(answers.texts)


def test_an_unrelated_file_of_the_same_name_is_measured_whole_without_a_false_note(
    place: Path, folder: Path, model: Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", folder, place / "other" / "x.csv", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["part"], found["seen_in_training"], found["notes"]) == (80, "all rows", 0, [])
    assert Rows.of(model, place / "other" / "x.csv").training is None


def test_new_rows_beside_known_ones_are_held_out_too(model: Classifier, table: pd.DataFrame, split: Dataset) -> None:
    grown = pd.concat([table, noisy(50, seed=5)], ignore_index=True)
    rows = Rows.of(model, grown)
    assert (rows.part, len(rows.table), rows.seen) == ("held-out rows", 110, 0)
    assert len(Rows.of(model, pd.concat([split.train, noisy(50, seed=5)])).table) == 50


def test_training_rows_that_are_asked_for_are_marked_everywhere(
    place: Path, folder: Path, model: Classifier, table: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "210 of the 300 rows"
    metrics = ak.evaluate(model, table, split="all")
    assert (metrics.rows, metrics.seen, metrics.part) == (300, 210, "all rows")
    assert f"{said} measured were seen in training" in metrics.notes
    assert "by 30 of the 300 rows measured its weights were chosen" in metrics.notes
    assert run("evaluate", folder, place / "renamed.csv", "--split", "all") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "300 texts (all rows), 210 of them seen in training" in printed

    found = ak.report(model, table, split="all", texts=3, tested=2, mistakes=0)
    assert len(found.document.figures) > 3
    of_answers = {"Accuracy", f"F1 of “{model.labels[-1]}”", "Calibration error"}
    assert of_answers < {figure.name for figure in found.document.figures}
    for figure in found.document.figures:
        assert ("held-out text" if figure.name in of_answers else f"{said} seen in training") in figure.meaning
    assert f"{said} measured were seen in training." in found.document.sentences

    checked = ak.check(model, table, {"accuracy": 0}, split="all", texts=3)
    assert not checked.passed and checked.seen == 210
    (panel,) = checked.panels()
    assert isinstance(panel, Table) and "with 210 of 300 rows seen in training" in panel.title
    assert set(checked.to_frame()["seen_in_training"]) == {210}
    assert ak.check(model, table, {"accuracy": 0}, split="all", texts=3, allow_training_rows=True).passed
    command = ["check", folder, place / "x.csv", "--split", "all", "--texts", 3, "--json"]
    assert run(*command) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["seen_in_training"] == 210 and "failed: 210 of the 300 rows" in captured.err
    assert run(*command, "--allow-training-rows") == 0
    assert json.loads(capsys.readouterr().out)["allow_training_rows"] is True


def test_a_file_of_training_rows_alone_is_measured_and_marked(model: Classifier, split: Dataset) -> None:
    metrics = ak.evaluate(model, split.train)
    assert (metrics.rows, metrics.seen) == (210, 210)
    assert "no row was held out, so all rows were measured" in metrics.notes
    assert not ak.check(model, split.train, texts=3).passed
    validated = ak.evaluate(model, pd.concat([split.train, split.validation]))
    assert (validated.rows, validated.seen, validated.part) == (30, 0, "validation split")
    assert any("by which the weights were chosen" in note for note in validated.notes)


def test_each_split_can_be_asked_for_by_its_name(
    place: Path, model: Classifier, table: pd.DataFrame, split: Dataset, make_classifier: Callable[..., Classifier]
) -> None:
    for name, seen in (("train", 210), ("validation", 0), ("test", 0)):
        rows = Rows.of(model, place / "shuffled.csv", split=name)
        assert sorted(rows.table["text"]) == sorted(getattr(split, name)["text"])
        assert (rows.part, rows.seen) == (f"{name} split", seen)
    with pytest.raises(ValueError, match="have no test split of their own, and none of their rows is known"):
        Rows.of(make_classifier(), table, split="test")
    with pytest.raises(ValueError, match="`split` must be one of train, validation, test, all, got 'tset'"):
        Rows.of(model, table, split="tset")


def test_texts_in_a_list_are_all_taken_and_those_seen_are_said(model: Classifier, split: Dataset) -> None:
    texts = [*split.train["text"][:4], *split.test["text"][:2]]
    rows = Rows.of(model, texts)
    assert len(rows.table) == 6 and rows.notes == ("4 of the 6 rows measured were seen in training",)
    found = ak.faithfulness(model, texts, ["saliency"], oracle_texts=1, perturbed=0)
    assert rows.notes[0] in found.notes and len(found.tokens) == 6


def test_faithfulness_words_and_maps_take_the_held_out_rows(
    place: Path, model: Classifier, table: pd.DataFrame, split: Dataset
) -> None:
    for data in (table, split, place / "renamed.csv"):
        assert len(ak.faithfulness(model, data, ["saliency"], oracle_texts=1, perturbed=0).tokens) == 60
        assert ak.word_importance(model, data, least=1).texts == 60
    assert mapped(model, str(place / "renamed.csv")) == 60
    with pytest.raises(FileNotFoundError, match=r"there is no 'x\.csv' in the folder"):
        ak.faithfulness(model, "x.csv")


def test_duplicates_of_training_texts_in_a_sources_own_test_split_count_as_seen(tmp_path: Path) -> None:
    rows = noisy(60)
    tables = {"train": rows.iloc[:40], "test": pd.concat([rows.iloc[40:], rows.iloc[:5]])}
    for name, one in tables.items():
        one.to_csv(tmp_path / f"{name}.csv", index=False)
    trained = ak.train("cnn", load_dataset(tmp_path), **SMALL)
    metrics = ak.evaluate(trained, str(tmp_path))
    assert (metrics.rows, metrics.part) == (25, "test split")  # the benchmark's own rows, all of them
    assert metrics.seen == sum(text in set(load_dataset(tmp_path).train["text"]) for text in tables["test"]["text"]) > 0
    assert not ak.check(trained, tmp_path, texts=3).passed


def test_a_model_of_the_older_format_says_that_its_rows_are_not_known(
    place: Path, folder: Path, table: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older = Classifier.load(folder, "cpu")
    older.splits = None
    older.save(tmp_path / "older")
    assert not (tmp_path / "older" / "splits.safetensors").exists()
    assert run("evaluate", tmp_path / "older", place / "renamed.csv") == 0
    assert NOT_KNOWN in " ".join(capsys.readouterr().out.split())
    assert run("evaluate", "imdb-cnn", "demo", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["seen_in_training"] is None and NOT_KNOWN in found["notes"] and found["part"] == "test split"
    checked = ak.check(Classifier.load(tmp_path / "older", "cpu"), table, texts=3)
    assert checked.passed and checked.seen is None and NOT_KNOWN in checked.notes
    page = ak.report(older, table, texts=2, tested=0, mistakes=0)
    assert f"{NOT_KNOWN[0].upper()}{NOT_KNOWN[1:]}." in page.document.sentences
    assert NOT_KNOWN in ak.word_importance(older, table).notes
    assert "It is not known which rows" in (tmp_path / "older" / "README.md").read_text()


def test_an_older_model_knows_the_data_set_whose_fingerprint_it_keeps(model: Classifier, split: Dataset) -> None:
    older = Classifier(model.network, model.tokenizer, model.labels, provenance=model.provenance)
    assert Rows.of(older, split).seen == 0 and Rows.of(older, split, split="all").seen == 210
    assert Rows.of(older, load_dataset(noisy(), test=0.3)).seen is None


def test_the_folder_and_the_card_say_how_the_rows_were_split(folder: Path, model: Classifier) -> None:
    assert model.provenance["split"] == {
        "text": "text", "label": "label", "validation": 0.1, "test": 0.2, "seed": 3, "group": None,
    }  # fmt: skip
    assert model.provenance["training"]["seed"] == 1
    card = (folder / "README.md").read_text()
    assert "## Split" in card and re.search(r"hash of each of its 300 texts", card)
    assert (folder / "splits.safetensors").stat().st_size <= 8 * 300 + 300
    assert model.splits is not None


def test_the_seed_of_the_weights_does_not_move_the_split(place: Path, table: pd.DataFrame, tmp_path: Path) -> None:
    for seed in (0, 1):
        assert run("train", place / "x.csv", "--out", tmp_path / str(seed), "--seed", seed, *COMMAND) == 0
    first, second = (Classifier.load(tmp_path / str(seed), "cpu") for seed in (0, 1))
    assert first.splits is not None and second.splits is not None
    assert first.splits.to_bytes() == second.splits.to_bytes() and first.fingerprint() != second.fingerprint()
    assert first.splits.to_bytes() == load_dataset(table).record().to_bytes()


def test_columns_are_read_as_in_the_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = noisy(60).rename(columns={"text": "body", "label": "mark"})
    table.assign(text="another", label="other").to_csv(tmp_path / "x.csv", index=False)
    command = ["train", tmp_path / "x.csv", "--out", tmp_path / "m", "--text", "body", "--label", "mark"]
    assert run(*command, *COMMAND) == 0
    capsys.readouterr()
    assert run("evaluate", tmp_path / "m", tmp_path / "x.csv", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["part"], found["seen_in_training"]) == (12, "test split", 0)


@pytest.mark.parametrize(("validation", "part", "rows", "seen"), [(0.2, "validation split", 12, 0)])
def test_a_data_set_without_a_test_split_is_measured_by_one_rule(
    validation: float, part: str, rows: int, seen: int
) -> None:
    data = load_dataset(noisy(60), test=0, validation=validation)
    model = ak.train("cnn", data, **SMALL)
    metrics = ak.evaluate(model, data)
    assert (metrics.part, metrics.rows, metrics.seen) == (part, rows, seen)
    assert any("validation split was measured" in note for note in metrics.notes)
    assert ak.check(model, data, texts=3).rows == rows
    assert len(ak.faithfulness(model, data, ["saliency"], oracle_texts=1, perturbed=0).tokens) == rows
    assert ak.word_importance(model, data, least=1).texts == rows
    report = ak.report(model, data, texts=2, tested=2, mistakes=0)
    assert any("validation split was measured" in sentence for sentence in report.document.sentences)
    assert mapped(model, data) == rows


def test_a_rationale_in_a_set_without_a_test_split_is_found(make_classifier: Callable[..., Classifier]) -> None:
    demo = load_dataset("demo")
    data = Dataset("no test", demo.train, demo.validation.head(30), demo.test.head(0), "by hand")
    found = ak.check(make_classifier(), data, texts=10)
    assert found.rows == 30 and "plausibility_over_random" in {figure.name for figure in found.figures}
    assert "there is no test split, so the validation split was measured" in found.notes
    whole = Dataset("train alone", demo.train.head(40), demo.test.head(0), demo.test.head(0), "by hand")
    assert ak.check(make_classifier(), whole, texts=5).rows == 40
    assert ak.plausibility(make_classifier(), data, ["saliency"]).auprc.shape[1] == 30


def test_training_without_a_test_split_prints_what_was_measured(
    place: Path, table: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("train", place / "x.csv", "--out", tmp_path / "m", "--test", 0, *COMMAND) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "30 texts (validation split)" in printed and "by which the weights were chosen" in printed
    assert run("evaluate", tmp_path / "m", place / "shuffled.csv", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["confusion"] == Classifier.load(tmp_path / "m", "cpu").provenance["metrics"]["confusion"]


def test_folds_are_printed_with_mean_and_deviation_and_the_model_trained_as_asked(
    place: Path, table: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("train", place / "x.csv", "--out", tmp_path / "m", "--folds", 3, *COMMAND) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "mean ± sd of 3" in printed
    model = Classifier.load(tmp_path / "m", "cpu")
    found = model.provenance["cross-validation"]
    assert found["folds"] == len(found["accuracy_by_fold"]) == 3
    assert found["accuracy"] == pytest.approx(sum(found["accuracy_by_fold"]) / 3)
    deviation = (sum((one - found["accuracy"]) ** 2 for one in found["accuracy_by_fold"]) / 2) ** 0.5
    assert found["accuracy_sd"] == pytest.approx(deviation)
    assert f"{found['accuracy']:.4f} ± {deviation:.4f}" in printed
    assert model.splits is not None and model.splits.to_bytes() == load_dataset(table).record().to_bytes()
    assert run("train", place / "x.csv", "--out", tmp_path / "m", "--folds", 3, *COMMAND) == 2
    assert "already holds a model" in capsys.readouterr().err
