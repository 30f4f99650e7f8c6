"""The settings of a map, checked before anything is computed."""

from dataclasses import dataclass, field

from attribkit.errors import InputError
from attribkit.projection.cosine import METRICS, Cosine
from attribkit.projection.measures import NEIGHBOURS
from attribkit.projection.points import COLOURS
from attribkit.projection.pooling import Reduction
from attribkit.projection.reducers import PCA, Reducer, choose_reducer
from attribkit.projection.whole import SEEDS, whole

_WHOLE = (
    ("dimensions", 2, 3),
    ("neighbours", 1, None),
    ("umap_neighbours", 2, None),
    ("sample", 1, None),
    ("batch_size", 1, None),
    ("seed", 0, SEEDS),
)
"""Whole numbers, each with its least and largest."""


@dataclass(frozen=True)
class MapSettings:
    """How layers are mapped.

    Attributes:
        layers: names from `model.layers()`; None for the layer that the network's last one reads.
        reducer: "pca", "tsne" or "umap".
        dimensions: 2 or 3.
        colour: "label", "prediction", "error" or "confidence".
        epochs: of the snapshots to map, 0 = before training, kept in their order; None for the model as it is.
        reduction: how a text's steps become points.
        sample: the most texts (or tokens) shown; None for as many as can be.
        neighbours: k, the number of nearest neighbours in the measures of mixing.
        perplexity: of t-SNE.
        umap_neighbours: of UMAP.
        metric: "euclidean" or "cosine", of t-SNE and UMAP.
        seed: the same seed gives the same map.
        batch_size: the most texts at once; None chooses by their length.
    """

    layers: tuple[str, ...] | None = None
    reducer: str = "pca"
    dimensions: int = 2
    colour: str = "label"
    epochs: tuple[int, ...] | None = None
    reduction: Reduction = field(default_factory=Reduction)
    sample: int | None = None
    neighbours: int = NEIGHBOURS
    perplexity: float = 30.0
    umap_neighbours: int = 15
    metric: str = "euclidean"
    seed: int = 0
    batch_size: int | None = None

    def __post_init__(self) -> None:
        for name, least, most in _WHOLE:
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole(name, getattr(self, name), least, most))
        self.chosen_reducer()  # refuses what it cannot do
        if self.colour not in COLOURS:
            raise InputError(f"`colour` must be one of {', '.join(COLOURS)}, got {self.colour!r}")
        if self.epochs is not None:
            if not self.epochs:
                raise InputError("`epochs` must name at least one epoch, got none; leave it out for the model as it is")
            object.__setattr__(self, "epochs", tuple(sorted({whole("epochs", epoch, 0) for epoch in self.epochs})))

    def chosen_reducer(self) -> Reducer | Cosine:
        """The reducer with its settings."""
        reducer = choose_reducer(self.reducer, self.dimensions, self.seed, self.perplexity, self.umap_neighbours)
        if self.metric not in METRICS:
            raise InputError(f"`metric` must be 'euclidean' or 'cosine', got {self.metric!r}")
        if self.metric == "euclidean":
            return reducer
        if isinstance(reducer, PCA):
            raise InputError(
                "`metric='cosine'` needs method='tsne' or 'umap', for a PCA knows Euclidean distances only; give "
                "one of them, or leave `metric` out"
            )
        return Cosine(reducer)
