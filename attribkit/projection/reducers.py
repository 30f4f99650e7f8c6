"""Dimension reduction: PCA, t-SNE and UMAP. Each is settings, then a call; nothing is pickled."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from numbers import Real
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from attribkit.errors import InputError, InputTypeError, MissingPackageError
from attribkit.projection.components import Components

Floats = NDArray[np.float64]

PCA_FIRST = 20
"""Principal components that t-SNE starts from."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Points on a map.

    Attributes:
        points: (N, D).
        axes: (D,) their names.
        place: from new points (M, H) of the layer to the map (M, D); each one's place does not depend on the others.
        notes: sentences a reader must know.
        settings: what made it, as JSON holds it.
    """

    points: Floats
    axes: tuple[str, ...]
    place: Callable[[NDArray[np.floating]], Floats]
    notes: tuple[str, ...]
    settings: dict[str, Any]


@dataclass(frozen=True)
class PCA:
    """Principal component analysis: the directions of largest variance. Distances and axes keep their meaning.

    Source: Pearson, "On lines and planes of closest fit to systems of points in space", 1901.
    """

    dimensions: int = 2
    seed: int = 0

    method = "pca"

    def __call__(self, points: NDArray[np.floating]) -> Layout:
        """Lay out points (N, H).

        Raises:
            ValueError: for fewer points than dimensions and one more.
        """
        _check(points, self.dimensions + 1, f"a PCA of {self.dimensions} dimensions", "give more texts")
        parts = Components.of(points, self.dimensions)

        def place(new: NDArray[np.floating]) -> Floats:
            return _widened(parts(new), self.dimensions)

        shares = [*parts.explained, *[0.0] * self.dimensions][: self.dimensions]
        axes = tuple(f"PC {number} ({share:.0%} of the variance)" for number, share in enumerate(shares, 1))
        settings = {"method": self.method, "dimensions": self.dimensions, "explained": [float(s) for s in shares]}
        return Layout(place(points), axes, place, (), settings)


@dataclass(frozen=True)
class TSNE:
    """t-distributed stochastic neighbour embedding of the first 20 principal components.

    Neighbourhoods keep their meaning; distances between groups, their sizes and the axes have none. Up to 8,000 points
    scikit-learn is quicker, beyond it openTSNE, which also places new points.

    Source: van der Maaten & Hinton, "Visualizing Data using t-SNE", 2008; Poličar, Stražar & Zupan, openTSNE, 2024.

    Attributes:
        perplexity: about how many neighbours a point has.
        components: principal components it starts from.
        engine: "sklearn" or "openTSNE"; None for the quicker.
    """

    dimensions: int = 2
    seed: int = 0
    perplexity: float = 30.0
    components: int = PCA_FIRST
    engine: str | None = None

    method = "t-sne"

    def __call__(self, points: NDArray[np.floating]) -> Layout:
        """Lay out points (N, H).

        Raises:
            ValueError: for too few points for the perplexity.
        """
        least = int(3 * self.perplexity) + 2
        most = (len(points) - 2) // 3
        cure = f"lower `perplexity` to {most} or less, or give more texts" if most >= 1 else "give more texts"
        _check(points, least, f"t-SNE with a perplexity of {self.perplexity:g}", cure)
        parts = Components.of(points, min(self.components, *points.shape))
        reduced = _widened(parts(points), self.dimensions)
        engine, notes = self._engine(len(points))
        embedding = (self._sklearn if engine == "sklearn" else self._open)(reduced)

        def place(new: NDArray[np.floating]) -> Floats:
            return self._placed(reduced, embedding, _widened(parts(new), self.dimensions))

        notes = (
            f"t-SNE saw the first {len(parts.axes)} principal components, {parts.explained.sum():.1%} of the variance",
            *notes,
        )
        settings = {**asdict(self), "method": self.method, "engine": engine}
        axes = tuple(f"t-SNE {number}" for number in range(1, self.dimensions + 1))
        return Layout(embedding, axes, place, notes, settings | {"explained": float(parts.explained.sum())})

    def _engine(self, count: int) -> tuple[str, tuple[str, ...]]:
        if self.engine is not None or count <= QUICKER_FROM or self.dimensions > 2:
            return self.engine or "sklearn", ()  # beyond two dimensions openTSNE has no fast way
        if find_spec("openTSNE") is None:
            return "sklearn", ("openTSNE, quicker for so many points, is not installed: pip install 'attribkit[maps]'",)
        return "openTSNE", ()

    def _sklearn(self, points: Floats) -> Floats:
        sklearn = import_module("sklearn.manifold")
        embedding = sklearn.TSNE(
            self.dimensions, perplexity=self.perplexity, init="pca", random_state=self.seed, n_jobs=_cores()
        ).fit_transform(points)
        return np.asarray(embedding, dtype=float)

    def _open(self, points: Floats) -> Floats:
        library = _optional("openTSNE", "engine='openTSNE'")
        embedding = library.TSNE(
            self.dimensions, perplexity=self.perplexity, random_state=self.seed, n_jobs=_cores()
        ).fit(points)
        return np.asarray(embedding, dtype=float)

    def _placed(self, reduced: Floats, layout: Floats, new: Floats) -> Floats:
        """Place each new point by itself, by its neighbours, while the map stays as it is."""
        library = _optional("openTSNE", "placing a new text on a t-SNE map")
        affinities = import_module("openTSNE.affinity").PerplexityBasedNN(
            reduced, perplexity=self.perplexity, method="exact", random_state=self.seed, n_jobs=_cores()
        )
        embedding = library.TSNEEmbedding(
            layout, affinities, negative_gradient_method="bh", random_state=self.seed, n_jobs=_cores()
        )
        each = [np.asarray(embedding.transform(point[None], perplexity=5), dtype=float) for point in new]
        return np.concatenate(each) if each else np.empty((0, self.dimensions))


QUICKER_FROM = 8_000
"""From so many points on openTSNE is quicker than scikit-learn (`benchmarks/projection.py` measures it)."""


@dataclass(frozen=True)
class UMAP:
    """Uniform manifold approximation and projection.

    Neighbourhoods keep their meaning; distances between groups and the axes hardly do. It starts from the principal
    components. A new point gets the mean of its neighbours' places, weighted by UMAP's weights of its edges to them.
    UMAP's own `transform` continues from there by random steps, in which the last digit of a layer's output, that
    another batch changes, can move the point by hundredths of the map.

    Source: McInnes, Healy & Melville, "UMAP", 2018; for the start: Kobak & Linderman, "Initialization is critical for
    preserving global data structure in both t-SNE and UMAP", 2021.

    Attributes:
        neighbours: of each point in UMAP's graph.
        min_dist: how close points may lie on the map.
    """

    dimensions: int = 2
    seed: int = 0
    neighbours: int = 15
    min_dist: float = 0.1

    method = "umap"

    def __call__(self, points: NDArray[np.floating]) -> Layout:
        """Lay out points (N, H).

        Raises:
            ValueError: for fewer points than neighbours.
        """
        cure = f"lower `umap_neighbours` to {len(points) - 2} or less, or give more texts"
        if len(points) < self.dimensions + 3:  # so many it needs whatever its neighbours
            cure = "give more texts"
        least = max(self.neighbours, self.dimensions + 1) + 2
        _check(points, least, f"UMAP with {self.neighbours} neighbours", cure)
        library = _optional("umap", "method='umap'")
        start = _widened(Components.of(points, self.dimensions)(points), self.dimensions)
        start += np.random.default_rng(self.seed).normal(scale=1e-4 * (start.std() or 1.0), size=start.shape)
        reducer = library.UMAP(
            n_neighbors=self.neighbours,
            n_components=self.dimensions,
            min_dist=self.min_dist,
            init=start,  # its own start, by eigenvectors, differs from run to run where the points fall into parts
            random_state=self.seed,  # which also means one thread: several would differ from run to run
            n_jobs=1,
        )
        with _quiet_library():
            embedding = np.asarray(reducer.fit_transform(np.asarray(points, dtype=np.float32)), dtype=float)

        reducer.transform_mode = "graph"

        def place(new: NDArray[np.floating]) -> Floats:
            # one at a time: how strongly a row is joined depends on the mean distance of all rows of its batch
            with _quiet_library():
                each = [reducer.transform(np.asarray(point[None], dtype=np.float32)) for point in new]
            return np.array([(joined @ embedding)[0] / joined.sum() for joined in each]).reshape(-1, self.dimensions)

        axes = tuple(f"UMAP {number}" for number in range(1, self.dimensions + 1))
        return Layout(embedding, axes, place, (), {"method": self.method, **asdict(self)})


Reducer = PCA | TSNE | UMAP
METHODS: dict[str, type[PCA] | type[TSNE] | type[UMAP]] = {"pca": PCA, "tsne": TSNE, "t-sne": TSNE, "umap": UMAP}


def choose_reducer(method: str, dimensions: int, seed: int, perplexity: float, neighbours: int) -> Reducer:
    """The reducer of this name.

    Args:
        method: "pca", "tsne" or "umap".
        dimensions: 2 or 3.
        seed: of the method.
        perplexity: of t-SNE.
        neighbours: of UMAP.

    Raises:
        TypeError: for a perplexity that is no number.
        ValueError: for an unknown name or a number out of its range.
    """
    if method not in METHODS:
        raise InputError(f"`method` must be 'pca', 'tsne' or 'umap', got {method!r}")
    if dimensions not in (2, 3):
        raise InputError(f"`dimensions` must be 2 or 3, got {dimensions!r}")
    if isinstance(perplexity, bool) or not isinstance(perplexity, Real):
        raise InputTypeError(
            f"`perplexity` must be a number, got {type(perplexity).__name__} {perplexity!r}; give one such as 30"
        )
    if not 1 <= perplexity < float("inf"):
        raise InputError(f"`perplexity` must be at least 1, got {perplexity!r}")
    if neighbours < 2:
        raise InputError(f"`umap_neighbours` must be at least 2, got {neighbours!r}")
    if METHODS[method] is TSNE:
        return TSNE(dimensions, seed, perplexity)
    return UMAP(dimensions, seed, neighbours) if method == "umap" else PCA(dimensions, seed)


def _check(points: NDArray[np.floating], least: int, what: str, cure: str) -> None:
    if len(points) < least:
        raise InputError(f"{what} needs at least {least} points, got {len(points)}; {cure}")
    if not np.isfinite(points).all():
        raise InputError("every coordinate must be a finite number, got NaN or infinity; check the layer's outputs")


def _optional(library: str, wanted: str) -> Any:
    """A library of the extra `maps`, imported only when needed: umap takes seconds."""
    try:
        with _quiet_library():
            return import_module(library)
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"{wanted} needs the library {library}, which is not installed; pip install 'attribkit[maps]'"
        ) from error


def _widened(points: Floats, dimensions: int) -> Floats:
    """Points of a layer with fewer units than the map has dimensions lie flat in it."""
    return np.pad(points, ((0, 0), (0, max(0, dimensions - points.shape[1]))))


def _cores() -> int:
    """As many as torch may use."""
    return torch.get_num_threads()


@contextmanager
def _quiet_library() -> Iterator[None]:
    """Silence UMAP, and keep torch's number of threads.

    UMAP warns of absent TensorFlow, its numba code, a graph in several parts: nothing a user can change; and numba sets
    the number of threads for torch too.
    """
    threads = torch.get_num_threads()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_num_threads(threads)
