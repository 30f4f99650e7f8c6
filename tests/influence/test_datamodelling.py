"""The datamodelling score and exact KNN-Shapley values, against their definitions."""

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import attribkit as ak
from attribkit.influence import RefittedLayer, datamodelling_score
from attribkit.influence.datamodelling import correlations
from attribkit.influence.knn_shapley import knn_shapley
from attribkit.models.classifier import Classifier


def worth(rows: tuple[int, ...], distances: np.ndarray, labels: np.ndarray, label: int, neighbours: int) -> float:
    nearest = sorted(rows, key=lambda row: distances[row])[:neighbours]
    return sum(labels[row] == label for row in nearest) / neighbours


def slow_shapley(distances: np.ndarray, labels: np.ndarray, label: int, neighbours: int) -> list[float]:
    count = len(distances)
    values = []
    for row in range(count):
        others = [other for other in range(count) if other != row]
        value = 0.0
        for size in range(count):
            share = factorial(size) * factorial(count - size - 1) / factorial(count)
            for part in combinations(others, size):
                arguments = (distances, labels, label, neighbours)
                value += share * (worth((*part, row), *arguments) - worth(part, *arguments))
        values.append(value)
    return values


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999), count=st.integers(1, 7), neighbours=st.integers(1, 8))
def test_knn_shapley_is_the_mean_over_all_coalitions(seed: int, count: int, neighbours: int) -> None:
    random = np.random.default_rng(seed)
    distances, labels = random.permutation(count).astype(float), random.integers(0, 2, count)
    fast = knn_shapley(distances, labels, 1, neighbours)
    assert np.allclose(fast, slow_shapley(distances, labels, 1, neighbours), atol=1e-12)
    assert fast.sum() == pytest.approx(worth(tuple(range(count)), distances, labels, 1, neighbours))


def test_effects_that_add_up_exactly_score_one() -> None:
    random = np.random.default_rng(0)
    effects, halves = random.normal(size=(4, 30)), random.random((20, 30)) < 0.5
    answers = halves @ effects.T
    assert np.allclose(correlations(effects, halves, answers), 1) and np.allclose(
        correlations(-effects, halves, answers), -1
    )


def test_leave_one_out_predicts_refits_on_halves_and_random_numbers_do_not() -> None:
    data = ak.load_dataset("demo").sample(300)
    model = ak.load("imdb-cnn", "cpu")
    layer = RefittedLayer.of(model, data, other_rows=True, checked=0)
    score = datamodelling_score(layer, data.test["text"][:12].tolist(), subsets=16)
    table = score.to_frame().set_index("method")
    assert table.loc["leave-one-out", "score"] > 0.9 and abs(table.loc["random", "score"]) < 0.3
    assert table.loc["leave-one-out", "low"] > table.loc["KNN-Shapley", "high"]
    assert "leave-one-out: 0.9" in score.summary() and score.panels()[0].title.endswith("16 halves")
    with pytest.raises(ValueError, match="`method` must be one of leave-one-out, "):
        score.score("loo")
    with pytest.raises(ValueError, match="`subsets` must be at least 3 halves, got 2"):
        datamodelling_score(layer, ["a film"], subsets=2)


def test_whole_networks_are_retrained_on_halves_if_asked() -> None:
    data = ak.load_dataset("demo").sample(40)
    model = ak.load("imdb-cnn", "cpu")
    layer = RefittedLayer.of(model, data, other_rows=True, checked=0)
    given_rows: list[int] = []

    def retrain(rows: pd.DataFrame, seed: int) -> Classifier:
        given_rows.append(len(rows))
        return model

    score = datamodelling_score(layer, ["A great film"], subsets=3, retrain=retrain)
    assert given_rows == [20, 20, 20] and score.against == "whole network"
    other = ak.load("ag-news-attention", "cpu")
    with pytest.raises(ValueError, match="`retrain` must give models of the labels"):
        datamodelling_score(layer, ["A great film"], subsets=3, retrain=lambda rows, seed: other)
