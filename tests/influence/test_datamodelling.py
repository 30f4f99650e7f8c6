"""The datamodelling score and exact KNN-Shapley values, against their definitions."""

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import attribkit as ak
from attribkit.influence import RefittedLayer, datamodelling_score
from attribkit.influence.datamodelling import correlations, likeness_of_repeats
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


def test_effects_of_other_methods_and_several_networks_for_each_half_are_measured() -> None:
    data = ak.load_dataset("demo").sample(40)
    layer = RefittedLayer.of(ak.load("imdb-cnn", "cpu"), data, other_rows=True, checked=0)
    seeds: list[int] = []

    def retrain(rows: pd.DataFrame, seed: int) -> Classifier:
        seeds.append(seed)
        again = layer.model.copy()
        with torch.no_grad():
            again.network.get_parameter("output.bias")[0] += len(rows["text"][0]) + 0.01 * (seed % 5)
        return again

    none = np.zeros((2, len(layer.rows.labels)))
    score = datamodelling_score(
        layer, ["So dull", "A film"], subsets=5, retrain=retrain, repeats=2, more={"none": none}
    )
    assert seeds == list(range(10)) and list(score.correlations)[-1] == "none"
    assert "two networks trained on the same half agree by" in score.notes[-1]
    with pytest.raises(ValueError, match=r"effects of 1 text and 40 rows were expected of 'none', got \(2, 40\)"):
        datamodelling_score(layer, ["A film"], subsets=3, more={"none": none})
    with pytest.raises(ValueError, match="`repeats` must be at least 1 network for each half, and needs `retrain`"):
        datamodelling_score(layer, ["A film"], subsets=3, repeats=2)


def test_the_ceiling_is_that_of_spearman_and_brown() -> None:
    random = np.random.default_rng(0)
    true, noise = random.normal(size=(1, 4_000, 1)), random.normal(size=(3, 4_000, 1))
    (sentence,) = likeness_of_repeats(true + noise)  # half of each one's variance is noise: r is .5, the ceiling √.75
    assert "agree by 0.4" in sentence and "let no method score above 0.8" in sentence.replace("lets", "let")
    assert likeness_of_repeats(true + noise[:1]) == ()
