"""Principal components, by scikit-learn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DENSE = 1_500  # up to so many rows or columns all components are computed, beyond it only those wanted


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components: coordinates are `(points − mean) @ axes.T`.

    Attributes:
        mean: (H,).
        axes: (P, H) unit vectors, by falling variance; in each the coordinate of the largest size is positive.
        explained: (P,) each one's share of the variance, 0 to 1.
    """

    mean: Floats
    axes: Floats
    explained: Floats

    @staticmethod
    def of(points: NDArray[np.floating], count: int) -> "Components":
        """The first `count` principal components of points (N, H)."""
        from sklearn.decomposition import PCA  # which takes a second to load; to place a text it is not needed

        points = np.asarray(points, dtype=float)
        solver = "full" if min(points.shape) <= _DENSE else "arpack"
        with np.errstate(invalid="ignore", divide="ignore"):  # points all alike have no variance to share out
            pca = PCA(min(count, *points.shape), svd_solver=solver, random_state=0).fit(points)
        return Components(pca.mean_, pca.components_, np.nan_to_num(pca.explained_variance_ratio_))

    def __call__(self, points: NDArray[np.floating]) -> Floats:
        """Coordinates (M, P) of points (M, H)."""
        return (np.asarray(points, dtype=float) - self.mean) @ self.axes.T
