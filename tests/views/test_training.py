"""The view of the training rows, and the features that a model carries for it."""

import gc
import json
import weakref
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from typer.testing import CliRunner

import attribkit as ak
from attribkit.cli import app
from attribkit.data import Dataset
from attribkit.influence import RefittedLayer
from attribkit.last_layer import kept_layer
from attribkit.models.classifier import Classifier
from attribkit.models.model_files import CONFIG, TRAINING
from attribkit.models.training_features import TrainingFeatures
from attribkit.results.panels import Table

TEXTS = ["A great film", "It was a horrible movie"]
SMALL: dict[str, Any] = {"filters": 8, "embedding_size": 12, "widths": (1, 2), "device": "cpu", "progress": False}


@cache
def trained() -> tuple[Classifier, Dataset]:
    data = ak.load_dataset("demo").sample(120)
    return ak.train("cnn", data, epochs=4, learning_rate=0.02, **SMALL), data


@cache
def carrying() -> Classifier:
    model, data = trained()
    model = model.copy()
    ak.keep_training(model, data)
    return model


def tables(why: ak.Explanation) -> list[Table]:
    return [panel for panel in why.panels() if isinstance(panel, Table)]


def effects(table: Table) -> NDArray[np.float64]:
    return np.array([row[2] for row in table.rows], dtype=float)


def test_given_rows_are_shown_as_training_influence_finds_them() -> None:
    model, data = trained()
    rows = ak.explain(model, TEXTS, train=data)
    wanted = ak.training_influence(model, data, TEXTS).to_frame()
    for number, why in enumerate(rows):
        (table,) = tables(why)
        own = wanted[wanted["text"] == number]
        assert [row[0] for row in table.rows] == own["row"].tolist()
        assert np.allclose(effects(table), own["effect"], rtol=1e-6, atol=1e-9)
        assert [row[5] for row in table.rows] == own["excerpt"].tolist()
        assert any("its log-odds are" in note for note in table.notes)
    (again,) = tables(ak.explain(model, TEXTS[0], views="training", train=RefittedLayer.of(model, data)))
    assert np.allclose(effects(again), effects(tables(rows[0])[0]), atol=1e-7)


def test_a_model_carries_its_rows_into_a_folder_and_shows_them_without_any_data(tmp_path: Path) -> None:
    model, data = trained()
    given = tables(ak.explain(model, TEXTS[1], train=data))
    folder = carrying().save(tmp_path / "model")
    assert json.loads((folder / CONFIG).read_text())["format"] == 4
    assert f"{TRAINING} holds the beginning of each training text" in (folder / "README.md").read_text()
    loaded = ak.load(folder, "cpu")
    shown = tables(ak.explain(loaded, TEXTS[1], views="training"))
    assert [row[:2] for row in shown[0].rows] == [row[:2] for row in given[0].rows]
    assert np.allclose(effects(shown[0]), effects(given[0]), atol=1e-7)
    assert ak.load(loaded.save(tmp_path / "again"), "cpu").training_features is not None
    without = json.loads((trained()[0].save(tmp_path / "none") / CONFIG).read_text())
    assert without["format"] == 1 and TRAINING not in without["files"]


def test_the_view_is_shown_where_it_is_asked_for() -> None:
    model, data = trained()
    assert tables(ak.explain(carrying(), TEXTS[0])) == []
    assert len(tables(ak.explain(carrying(), TEXTS[0], views=["attribution", "training"]))) == 1
    assert len(tables(ak.explain(carrying(), TEXTS[0], views="training", target="all"))) == 2
    pair = tables(ak.explain(carrying(), TEXTS[0], views="training", target=("neg", "pos")))
    assert "neg − pos" in pair[0].title
    with pytest.raises(ValueError, match=r"'training' needs the rows it was trained on: give `train=data`, or a model"):
        ak.explain(model, TEXTS[0], views="training")
    layer = RefittedLayer.of(model, data, checked=0)
    with pytest.raises(ValueError, match="a layer refitted for this model was expected, got one of"):
        ak.explain(ak.load("imdb-cnn", "cpu"), TEXTS[0], train=layer)


def test_a_model_that_has_changed_does_not_use_its_rows() -> None:
    model = carrying().copy()
    with torch.no_grad():
        model.network.get_parameter("embedding.weight").add_(0.01)
    with pytest.raises(ValueError, match="'training' needs the rows"):
        ak.explain(model, TEXTS[0], views="training")
    with pytest.raises(ValueError, match="has changed since it was given its features of training rows"):
        kept_layer.kept_layer(model)


def test_an_explanation_with_training_rows_is_read_again(tmp_path: Path) -> None:
    why = ak.explain(carrying(), TEXTS[0], views=["attribution", "training"])
    assert ak.Explanation.load(why.save(tmp_path / "why.json")) == why
    assert "Training rows that raised and lowered" in why.save(tmp_path / "why.html").read_text()


def test_features_of_another_kind_are_refused_by_name() -> None:
    kept = carrying().training_features
    assert kept is not None and TrainingFeatures.from_bytes(kept.to_bytes()).to_frame().equals(kept.to_frame())
    assert kept.summary().startswith("120 training rows (demo) of 16 features and an excerpt each: 0.0 MB")
    newer = kept.to_bytes().replace(b'"format":1', b'"format":9')
    with pytest.raises(ValueError, match=r"features of format 1 were expected, got 9; upgrade attribkit"):
        TrainingFeatures.from_bytes(newer)
    with pytest.raises(ValueError, match="training features were expected, got something else"):
        TrainingFeatures.from_bytes(b"no such file")
    for wrong in ({"weights": kept.weights[:, :-1]}, {"excerpts": kept.excerpts[:-1]}, {"labels": kept.labels + 1}):
        with pytest.raises(ValueError, match="training features"):
            replace(kept, **wrong)


def test_the_command_line_keeps_the_rows_and_shows_them(tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.csv", str(tmp_path / "model")
    trained()[1].train.to_csv(rows, index=False)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    small = ("--epochs", "1", "--filters", "4", "--embedding-size", "6", "--device", "cpu")
    run("train", str(rows), "--out", out, *small, "--training-rows")
    (kept,) = tables(ak.Explanations.from_json(run("explain", out, "A great film", "--view", "training", "--json"))[0])
    (given,) = tables(ak.Explanations.from_json(run("explain", out, "A great film", "--train", str(rows), "--json"))[0])
    assert [row[5] for row in kept.rows] == [row[5] for row in given.rows]


def test_what_is_prepared_is_forgotten_with_the_model() -> None:
    model = carrying().copy()
    kept = weakref.ref(ak.keep_training(model, trained()[1]))
    ak.explain(model, TEXTS[0], views="training")
    assert kept() in kept_layer._PREPARED
    del model
    gc.collect()
    assert kept() is None
