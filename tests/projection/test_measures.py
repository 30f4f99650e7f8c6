"""Mixing numbers on clouds whose mixing is known, and against slow versions."""

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import manifold, metrics

from attribkit.projection.distances import nearest
from attribkit.projection.measures import chance, measure, silhouette, trustworthiness, votes

CLOUDS = arrays(float, st.tuples(st.integers(5, 24), st.integers(1, 4)), elements=st.integers(-20, 20).map(float))


def clouds(count: int, apart: float, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count)
    return random.normal(size=(count, 8)) + apart * np.eye(8)[labels], labels


def test_separate_clouds_agree_wholly_and_shuffled_ones_by_chance() -> None:
    points, labels = clouds(600, apart=60)
    separate = measure(points, points[:, :3], labels).mixing
    assert separate.agreement_layer == separate.agreement_map == 1
    assert separate.silhouette_layer is not None and separate.silhouette_layer > 0.9
    assert separate.chance == pytest.approx(1 / 3, abs=0.02)
    shuffled = measure(points, points[:, :3], np.random.default_rng(1).permutation(labels)).mixing
    assert shuffled.agreement_layer == pytest.approx(shuffled.chance, abs=0.03)
    assert shuffled.silhouette_layer == pytest.approx(0, abs=0.03)


def test_the_layer_may_separate_what_the_map_mixes() -> None:
    points, labels = clouds(400, apart=60)
    noise = np.random.default_rng(2).normal(size=(400, 2))
    mixing = measure(points, noise, labels).mixing
    assert mixing.agreement_layer == 1 and mixing.agreement_map < 0.45
    assert mixing.trustworthiness == pytest.approx(0.5, abs=0.05)
    assert measure(points, points, labels).mixing.trustworthiness == 1


@given(CLOUDS, st.integers(1, 4))
@settings(max_examples=40)
def test_neighbours_are_those_of_sorting_all_distances(points: np.ndarray, k: int) -> None:
    found = nearest(points, k)
    expected = np.array(reference.nearest(points, k))
    rows = np.arange(len(points))[:, None]
    assert all(len(set(row)) == k and number not in row for number, row in enumerate(found.tolist()))
    np.testing.assert_allclose(  # ties may be broken either way
        ((points[found] - points[rows]) ** 2).sum(2), ((points[expected] - points[rows]) ** 2).sum(2), atol=1e-9
    )


@given(CLOUDS, st.integers(0, 9))
@settings(max_examples=40)
def test_the_silhouette_is_that_of_its_definition(points: np.ndarray, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 3, len(points))
    np.testing.assert_allclose(silhouette(points, labels), reference.silhouette(points, labels), atol=1e-6)


def test_the_numbers_are_those_of_another_library() -> None:
    points, labels = clouds(300, apart=2)
    flat = points[:, :2]
    expected = manifold.trustworthiness(points, flat, n_neighbors=10)
    assert trustworthiness(points, flat, 10) == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(silhouette(points, labels), metrics.silhouette_samples(points, labels), atol=1e-9)


TIED = arrays(float, st.tuples(st.integers(5, 7), st.integers(1, 2)), elements=st.integers(0, 2).map(float))


@given(TIED, st.integers(1, 3), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_equally_far_points_count_as_the_mean_over_all_their_orders(points: np.ndarray, k: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    labels, flat = random.integers(0, 3, len(points)), random.integers(0, 3, (len(points), 1)).astype(float)
    np.testing.assert_allclose(votes(points, labels, 3, k), reference.votes(points, labels, 3, k), atol=1e-12)
    found = trustworthiness(points, flat, k)
    if 2 * k >= len(points):
        assert found is None
    else:
        assert found == pytest.approx(reference.trustworthiness(points, flat, k), abs=1e-12)


@given(CLOUDS, st.integers(0, 99), st.sampled_from([1.0, 0.1, 1e-3]))
@settings(max_examples=60, deadline=None)
def test_no_number_depends_on_the_order_of_the_rows(points: np.ndarray, seed: int, unit: float) -> None:
    random = np.random.default_rng(seed)
    layer, flat = points // 8 * unit, random.integers(0, 3, (len(points), 2)) * unit  # many of them coincide
    labels = random.integers(-1, 3, len(points))
    if (labels >= 0).sum() < 4:
        labels[:] = 0
    order = random.permutation(len(points))
    one, other = (measure(layer[rows], flat[rows], labels[rows], 3) for rows in (np.arange(len(points)), order))
    for name, value in vars(one.mixing).items():
        assert getattr(other.mixing, name) == (value if value is None else pytest.approx(value, abs=1e-9)), name
    place = {row: number for number, row in enumerate(one.rows.tolist())}
    back = [place[row] for row in order[other.rows].tolist()]
    np.testing.assert_allclose(one.votes_layer[back], other.votes_layer, atol=1e-9)
    np.testing.assert_allclose(one.votes_map[back], other.votes_map, atol=1e-9)


@pytest.mark.parametrize("labels", [np.repeat([0, 1], 20), np.tile([0, 1], 20), np.repeat([0, 1], [30, 10])])
@pytest.mark.parametrize("value", [0.1, 1.0, 1e6])
def test_a_layer_that_is_equal_for_all_texts_is_as_good_as_chance(labels: np.ndarray, value: float) -> None:
    mixing = measure(np.full((40, 8), value), np.full((40, 2), value), labels).mixing
    assert mixing.agreement_layer == mixing.agreement_map == pytest.approx(mixing.chance, abs=1e-12)
    assert mixing.silhouette_layer == mixing.silhouette_map == 0
    ranks = np.arange(1, 40)  # any of 39 others may be any neighbour
    expected = 1 - 2 * np.maximum(ranks - 10, 0).mean() / (80 - 30 - 1)
    assert mixing.trustworthiness == pytest.approx(expected, abs=1e-12)


def test_a_point_far_away_ties_no_others() -> None:
    points, labels = clouds(60, apart=3)
    far = np.vstack([points, np.full((1, 8), 1e6)])
    one, other = votes(points, labels, 3, 5), votes(far, np.append(labels, 0), 3, 5)[:-1]
    np.testing.assert_array_equal(one, other)


def test_distances_far_from_the_origin_keep_their_digits() -> None:
    points, labels = clouds(200, apart=3)
    np.testing.assert_allclose(silhouette(points + 1e6, labels), silhouette(points, labels), atol=1e-6)


def test_the_chance_is_the_mean_agreement_of_shuffled_labels() -> None:
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    points = np.random.default_rng(0).normal(size=(100, 3))
    random = np.random.default_rng(1)
    found = [measure(points, points, random.permutation(labels), 5).mixing.agreement_layer for _ in range(60)]
    assert np.mean(found) == pytest.approx(chance(labels), abs=0.01)


def test_large_sets_are_measured_on_a_seeded_sample() -> None:
    points, labels = clouds(5_200, apart=1)
    first = measure(points, points[:, :2], labels, seed=4)
    assert first.mixing.sample == len(first.rows) == 5_000 and len(set(first.rows.tolist())) == 5_000
    assert measure(points, points[:, :2], labels, seed=4).mixing == first.mixing


def test_points_without_a_label_are_not_measured() -> None:
    points, labels = clouds(60, apart=60)
    labels[::2] = -1
    found = measure(points, points[:, :2], labels, neighbours=3)
    assert found.rows.tolist() == list(range(1, 60, 2)) and found.mixing.agreement_layer == 1


def test_one_class_has_no_silhouette_and_too_few_points_say_the_limit() -> None:
    points, labels = clouds(30, apart=1)
    mixing = measure(points, points[:, :2], np.zeros_like(labels)).mixing
    assert (mixing.silhouette_layer, mixing.agreement_layer, mixing.chance) == (None, 1.0, 1.0)
    with pytest.raises(ValueError, match="10 neighbours need at least 11 labelled points, got 10; lower `neighbours`"):
        measure(points[:10], points[:10, :2], labels[:10])
    assert measure(points[:11], points[:11, :2], labels[:11]).mixing.trustworthiness is None  # k ≥ n / 2
