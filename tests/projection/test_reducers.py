"""Maps: PCA is the SVD with a sign rule; what each method promises of new points holds; the same seed, the same map."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from attribkit.projection import components, reducers
from attribkit.projection.alignment import align
from attribkit.projection.components import Components
from attribkit.projection.cosine import Cosine
from attribkit.projection.measures import measure
from attribkit.projection.reducers import PCA, TSNE, UMAP, choose_reducer
from attribkit.projection.settings import MapSettings

pytestmark = pytest.mark.filterwarnings("ignore::ImportWarning")  # umap's own, as it is first imported


def clouds(count: int = 150, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    return random.normal(size=(count, 12)) + 8 * np.eye(12)[labels], labels


@given(arrays(float, st.tuples(st.integers(4, 20), st.integers(2, 6)), elements=st.floats(-9, 9)))
@settings(max_examples=40)
def test_pca_is_the_singular_value_decomposition_with_a_sign_rule(points: np.ndarray) -> None:
    parts = Components.of(points, 2)
    centred = points - points.mean(0)
    sizes = np.linalg.svd(centred, compute_uv=False)
    total = (centred**2).sum()
    np.testing.assert_allclose(parts(points).var(0) * len(points), sizes[:2] ** 2, atol=1e-6)
    if total > 1e-6:
        np.testing.assert_allclose(parts.explained, sizes[:2] ** 2 / total, atol=1e-9)
    np.testing.assert_allclose(parts.axes @ parts.axes.T, np.eye(2), atol=1e-9)
    largest = np.abs(parts.axes).argmax(1)
    assert (parts.axes[[0, 1], largest] > 0).all()


def test_pca_does_not_depend_on_the_order_of_the_points() -> None:
    points, _ = clouds()
    turned = points[::-1]
    np.testing.assert_allclose(Components.of(points, 5).axes, Components.of(turned, 5).axes, atol=1e-9)


def test_the_few_components_of_a_large_matrix_are_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    points, _ = clouds()
    whole = Components.of(points, 5)
    monkeypatch.setattr(components, "_DENSE", 5)
    few = Components.of(points, 5)
    np.testing.assert_allclose(few.axes, whole.axes, atol=1e-7)
    np.testing.assert_allclose(few.explained, whole.explained, atol=1e-9)


def test_the_axes_say_their_share_of_the_variance() -> None:
    points = np.random.default_rng(0).normal(size=(500, 2)) * [3, 1]
    layout = PCA()(points)
    assert layout.axes == ("PC 1 (90% of the variance)", "PC 2 (10% of the variance)")
    assert PCA(3)(points).points.shape == (500, 3)  # a layer of two units lies flat in three dimensions


REDUCERS = [PCA(), PCA(3), TSNE(perplexity=10), TSNE(perplexity=10, engine="openTSNE"), UMAP(), UMAP(3)]


@pytest.mark.parametrize("reducer", REDUCERS, ids=str)
def test_a_map_keeps_neighbourhoods_and_places_new_points_each_by_itself(reducer: Callable[..., Any]) -> None:
    points, labels = clouds()
    layout = reducer(points)
    assert measure(points, layout.points, labels).mixing.agreement_map > 0.95
    new = points[:3] + 0.01
    together = layout.place(new)
    alone = np.concatenate([layout.place(one[None]) for one in new])
    np.testing.assert_allclose(together, alone, atol=1e-9)
    near = np.linalg.norm(layout.points[None] - together[:, None], axis=2).argmin(1)
    assert (labels[near] == labels[:3]).all()
    assert layout.place(new[:0]).shape == (0, layout.points.shape[1])
    np.testing.assert_array_equal(reducer(points).points, layout.points)


@pytest.mark.parametrize("reducer", REDUCERS, ids=str)
def test_the_last_digit_of_a_layer_does_not_move_a_placed_point(reducer: Callable[..., Any]) -> None:
    points, _ = clouds()
    layout = reducer(points.astype(np.float32))
    new = (points[:5] + np.random.default_rng(1).normal(size=(5, 12))).astype(np.float32)
    noise = 1 + 3e-7 * np.random.default_rng(2).normal(size=new.shape)  # another batch, another order of a sum
    moved = np.abs(layout.place((new * noise).astype(np.float32)) - layout.place(new)).max()
    assert moved < 1e-5 * layout.points.std()


def test_a_point_is_placed_on_a_umap_at_the_weighted_mean_of_its_neighbours() -> None:
    points, _ = clouds()
    layout = UMAP(neighbours=5)(points)
    new = points[:4] + 0.3
    apart = np.linalg.norm(points[None] - new[:, None], axis=2)
    near = np.sort(apart, axis=1)[:, :5]
    for place, row, few in zip(layout.place(new), apart, near, strict=True):
        low, high = 1e-3, 1e3
        for _ in range(100):  # σ of the weights exp(−d / σ), so that those of all but the nearest add up to log2 5
            middle = (low + high) / 2
            low, high = (low, middle) if np.exp(-few[1:] / middle).sum() > np.log2(5) else (middle, high)
        weights = np.exp(-row / middle) * (row <= few[-1])
        np.testing.assert_allclose(place, weights @ layout.points / weights.sum(), atol=1e-3)


def test_points_in_parts_far_from_one_another_give_the_same_umap_every_time() -> None:
    points, labels = clouds()
    points = points + 1e3 * labels[:, None]
    first, second = UMAP(3, neighbours=5)(points).points, UMAP(3, neighbours=5)(points).points
    np.testing.assert_array_equal(first, second)


def test_a_point_of_a_pca_is_placed_where_it_is() -> None:
    points, _ = clouds()
    layout = PCA()(points)
    np.testing.assert_allclose(layout.place(points), layout.points, atol=1e-9)


@pytest.mark.parametrize(
    ("reducer", "count", "message"),
    [
        (PCA(), 2, "a PCA of 2 dimensions needs at least 3 points, got 2; give more texts"),
        (
            TSNE(),
            91,
            "t-SNE with a perplexity of 30 needs at least 92 points, got 91; lower `perplexity` to 29 or less",
        ),
        (TSNE(), 4, "needs at least 92 points, got 4; give more texts"),
        (TSNE(), 5, "needs at least 92 points, got 5; lower `perplexity` to 1 or less"),
        (UMAP(), 4, "needs at least 17 points, got 4; give more texts"),
        (UMAP(), 5, "needs at least 17 points, got 5; lower `umap_neighbours` to 3 or less"),
        (UMAP(3), 5, "needs at least 17 points, got 5; give more texts"),
        (UMAP(), 16, "UMAP with 15 neighbours needs at least 17 points, got 16; lower `umap_neighbours` to 14"),
    ],
)
def test_too_few_points_say_the_limit(reducer: Callable[..., Any], count: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reducer(clouds(count)[0])


@pytest.mark.parametrize(
    ("reducer", "count"), [(TSNE(perplexity=1), 5), (UMAP(neighbours=3), 5), (UMAP(3, neighbours=4), 6)], ids=str
)
def test_the_cure_that_is_named_cures(reducer: Callable[..., Any], count: int) -> None:
    assert len(reducer(clouds(count)[0]).points) == count


@pytest.mark.parametrize("reducer", [PCA(3), TSNE(3, perplexity=10), UMAP(3)], ids=str)
def test_a_layer_of_two_units_has_a_map_of_three_dimensions(reducer: Callable[..., Any]) -> None:
    points, _ = clouds()
    layout = reducer(points[:, :2])
    assert layout.points.shape == (150, 3) and layout.place(points[:2, :2]).shape == (2, 3)


@pytest.mark.parametrize("reducer", [UMAP(), TSNE(perplexity=10)], ids=str)
def test_torch_keeps_its_number_of_threads(reducer: Callable[..., Any]) -> None:
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            points, _ = clouds()
            layout = reducer(points)
            assert torch.get_num_threads() == threads
            layout.place(points[:1])
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_points_that_are_not_finite_are_refused() -> None:
    points, _ = clouds()
    points[3, 2] = np.nan
    with pytest.raises(ValueError, match="must be a finite number"):
        PCA()(points)


def test_a_library_that_is_not_installed_says_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(reducers, "import_module", absent)
    with pytest.raises(
        ModuleNotFoundError, match=r"method='umap' needs the library umap, .*pip install 'attribkit\[maps\]'"
    ):
        UMAP()(clouds()[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("som", 2, 0, 30.0, 15), "`method` must be 'pca', 'tsne' or 'umap', got 'som'"),
        (("pca", 4, 0, 30.0, 15), "`dimensions` must be 2 or 3, got 4"),
        (("tsne", 2, 0, 0.5, 15), "`perplexity` must be at least 1, got 0.5"),
        (("umap", 2, 0, 30.0, 1), "`umap_neighbours` must be at least 2, got 1"),
    ],
)
def test_a_reducer_that_there_is_not_is_refused(options: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        choose_reducer(*options)


@given(st.floats(0.1, 9), st.floats(0, 6), st.booleans())
@settings(max_examples=25)
def test_alignment_undoes_turning_mirroring_scaling_and_moving(scale: float, angle: float, mirror: bool) -> None:
    points = np.random.default_rng(0).normal(size=(30, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag(
        [-1 if mirror else 1, 1]
    )
    moved = scale * points @ turn + [5, -3]
    found = align(moved, points)
    np.testing.assert_allclose(found(moved), points, atol=1e-8)
    np.testing.assert_allclose(found.turn @ found.turn.T, np.eye(2), atol=1e-9)
    unlike = np.random.default_rng(1).normal(size=(30, 2)) * 7
    sizes = [np.linalg.norm(one - one.mean(0)) for one in (align(unlike, points)(unlike), points)]
    assert sizes[0] == pytest.approx(sizes[1])  # a layer that orders its texts otherwise is not drawn as a dot
    np.testing.assert_allclose(align(np.ones((30, 2)), points)(np.ones((30, 2))), np.tile(points.mean(0), (30, 1)))


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_a_map_by_the_cosine_sees_directions_and_no_lengths(method: str) -> None:
    points, labels = clouds()
    points *= np.random.default_rng(3).choice([1.0, 4.0, 64.0], size=(len(points), 1))  # exact in binary
    reducer = MapSettings(reducer=method, perplexity=10, metric="cosine").chosen_reducer()
    layout = reducer(points)
    lengths = np.random.default_rng(4).choice([0.5, 2.0, 32.0], size=(len(points), 1))
    np.testing.assert_array_equal(reducer(points * lengths).points, layout.points)
    np.testing.assert_array_equal(layout.place(points[:3] * lengths[:3]), layout.place(points[:3]))
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    assert measure(unit, layout.points, labels).mixing.agreement_map > 0.95
    assert layout.settings["metric"] == "cosine"
    plain = MapSettings(reducer=method, perplexity=10).chosen_reducer()(points)
    trusted = [measure(unit, shown.points, labels).mixing.trustworthiness or 0.0 for shown in (plain, layout)]
    assert trusted[0] < trusted[1] - 0.01


def test_a_metric_that_a_method_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="needs method='tsne' or 'umap', for a PCA knows Euclidean distances only"):
        MapSettings(metric="cosine")
    with pytest.raises(ValueError, match="`metric` must be 'euclidean' or 'cosine', got 'manhattan'"):
        MapSettings(reducer="tsne", metric="manhattan")
    points, _ = clouds()
    points[3] = 0
    with pytest.raises(ValueError, match="a point at the origin has no direction"):
        Cosine(TSNE(perplexity=10))(points)
