"""Options left out follow the data, those given win, and both are on record."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import attribkit as ak
from attribkit.cli import main
from attribkit.data import Dataset
from attribkit.training.defaults import defaults
from attribkit.training.settings import TrainingSettings


def dataset(rows: int, words: int = 10, labels: tuple[str, ...] = ("a", "b"), word: str = "w ") -> Dataset:
    table = pd.DataFrame({"text": [word * words] * rows, "label": [labels[n % len(labels)] for n in range(rows)]})
    return Dataset("d", table, table[:2], table[:2], "memory")


def test_they_follow_rows_length_labels_language_and_vectors() -> None:
    few, many = (defaults("cnn", dataset(rows), {}).options for rows in (300, 60_000))
    assert few["epochs"] > many["epochs"] and few["batch_size"] < many["batch_size"]
    assert few["min_frequency"] == 1 < many["min_frequency"] and few["patience"] > many["patience"]
    assert "max_train_length" not in few
    assert defaults("cnn", dataset(30, words=600), {}).options["max_train_length"] == 600
    assert defaults("cnn", dataset(30, words=5_000), {}).options["max_train_length"] == 1_000
    thai = defaults("cnn", dataset(30, word="\u0e44\u0e17\u0e22"), {})
    assert thai.options["level"] == "character" and "Thai is written without spaces" in " ".join(thai.sentences)
    assert "level" not in few and "class_weights" not in few
    rare = dataset(300)
    rare.train.loc[: len(rare.train) - 6, "label"] = "a"
    weighted = defaults("cnn", rare, {})
    assert weighted.options["class_weights"] == "balanced" and "'b' has 3 texts" in " ".join(weighted.sentences)
    with_vectors = defaults("cnn", dataset(300), {}, vectors=True).options
    assert with_vectors["freeze_epochs"] == 2 and "embedding_size" not in with_vectors


@settings(max_examples=30, deadline=None)
@given(st.sets(st.sampled_from(sorted(defaults("cnn", dataset(300), {}).options))))
def test_an_option_given_takes_the_place_of_itself_alone(names: set[str]) -> None:
    data = dataset(300)
    free = defaults("cnn", data, {}).options
    mine = {name: free[name] for name in names}
    left = defaults("cnn", data, mine)
    assert left.options == {name: value for name, value in free.items() if name not in names}
    assert ("batches of" in " ".join(left.sentences)) == ("batch_size" not in names)
    assert ("at most" in " ".join(left.sentences)) == ("epochs" not in names)


def test_text_settings_are_given_whole_and_what_is_all_given_is_not_said() -> None:
    data = dataset(300)
    chosen = defaults("cnn", data, {}, text_settings=ak.TextSettings()).options
    assert "min_frequency" not in chosen and "learning_rate" in chosen
    assert not {"filters", "widths"} & defaults("lstm", data, {}).options.keys()
    assert defaults("cnn", data, defaults("cnn", data, {}).options).sentences == ()
    rare = dataset(300)
    rare.train.loc[: len(rare.train) - 6, "label"] = "a"
    assert "weighted" not in " ".join(defaults("cnn", rare, {"class_weights": None}).sentences)


@pytest.mark.parametrize(("epochs", "frozen"), [(1, 0), (2, 1), (4, 2), (40, 2)])
def test_vectors_are_trained_in_some_epoch(epochs: int, frozen: int) -> None:
    assert defaults("cnn", dataset(300), {"epochs": epochs}, vectors=True).options["freeze_epochs"] == frozen


def test_a_network_of_ones_own_keeps_its_own_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    from attribkit.models import registry

    known = registry.architecture("cnn")
    own = registry.Architecture(known.network, known.settings, {"patience": 9})
    monkeypatch.setitem(registry.ARCHITECTURES, "own", own)
    assert defaults("own", dataset(300), {}).options.keys() == {"epochs", "batch_size"}


def test_a_training_says_what_it_chose_and_learns() -> None:
    rows = [(f"{word} film {n}", label) for n in range(30) for word, label in (("good", "pos"), ("bad", "neg"))]
    data = ak.load_dataset(pd.DataFrame(rows, columns=["text", "label"]))
    small: dict[str, Any] = {"filters": 4, "embedding_size": 6, "learning_rate": 0.03, "seed": 1, "progress": False}
    model = ak.train("cnn", data, **small)
    record = model.provenance["training"]
    wanted = defaults("cnn", data, small).options
    assert record["chosen"] == list(defaults("cnn", data, small).sentences)
    for name in ("epochs", "batch_size", "patience", "averaging", "word_dropout"):
        assert record[name] == wanted[name] != getattr(TrainingSettings(), name)
    assert record["learning_rate"] == 0.03 and model.network.settings.widths == wanted["widths"]
    assert ak.evaluate(model, data.test, progress=False).accuracy == 1.0
    shorter = ak.train("cnn", data, epochs=1, **small).provenance["training"]
    assert shorter["epochs"] == 1 and shorter["batch_size"] == wanted["batch_size"]
    last = ak.train("cnn", data, **small | {"learning_rate": 1e-5, "averaging": None, "word_dropout": 0.0})
    assert last.provenance["training"]["best_epoch"] == wanted["epochs"]
    assert "was still the best" in " ".join(last.provenance["training"]["notes"])


def test_the_command_says_what_the_data_chose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(f"{word} film {n}", label) for n in range(20) for word, label in (("good", "pos"), ("bad", "neg"))]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "x.csv", index=False)
    small = ["--filters", "2", "--embedding-size", "4", "--patience", "1"]
    for more, chosen in (([], "at most 40 epochs, batches of 32"), (["--epochs", "1"], "batches of 32")):
        command = ["train", str(tmp_path / "x.csv"), "--out", str(tmp_path / "m"), "--force", *small, *more]
        with pytest.raises(SystemExit) as exit:
            main(command)
        assert not exit.value.code
        assert f"chosen by the data: 28 training texts: {chosen}" in capsys.readouterr().out


def test_the_command_turns_off_what_the_data_would_choose(tmp_path: Path) -> None:
    rows = [(f"{word} film {n}", label) for n in range(30) for word, label in (("good", "pos"), ("bad", "neg"))][:36]
    pd.DataFrame([*rows, *[row for row in rows if row[1] == "pos"] * 3], columns=["text", "label"]).to_csv(
        tmp_path / "x.csv", index=False
    )
    small = ["--filters", "2", "--embedding-size", "4", "--epochs", "1"]
    kept = []
    for more in ([], ["--averaging", "0", "--no-class-weights", "--word-dropout", "0"]):
        with pytest.raises(SystemExit) as exit:
            main(["train", str(tmp_path / "x.csv"), "--out", str(tmp_path / "m"), "--force", *small, *more])
        assert not exit.value.code
        record = ak.load(tmp_path / "m").provenance["training"]
        kept.append([record.get(name) for name in ("averaging", "class_weights", "word_dropout")])
    assert kept[0][0] is not None and kept[0][2] > 0
    assert kept[1] == [None, None, 0.0]
