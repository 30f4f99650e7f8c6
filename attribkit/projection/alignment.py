"""Alignment of maps of different layers: rotation, reflection and scaling, nothing else."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Alignment:
    """A similarity: `(points − centre) @ turn · scale + target`. It does not change which points are neighbours."""

    centre: Floats
    turn: Floats
    scale: float
    target: Floats

    def __call__(self, points: Floats) -> Floats:
        """Points (N, D) after the similarity."""
        return (points - self.centre) @ self.turn * self.scale + self.target


def align(points: Floats, onto: Floats) -> Alignment:
    """Bring points (N, D) to the place, size and direction of the same points elsewhere, `onto` (N, D).

    The rotation is the least squares solution of the orthogonal Procrustes problem (Schönemann, "A generalized solution
    of the orthogonal Procrustes problem", 1966). The size, the root mean square distance from the centre, is that of
    `onto`: the least squares size would shrink a map the more, the less it is like the other. Points that all lie in
    one place, or are brought to such, are only moved.
    """
    centre, target = points.mean(0), onto.mean(0)
    moved = points - centre
    left, _, right = np.linalg.svd(moved.T @ (onto - target))
    spread, wanted = (float(np.linalg.norm(offsets)) for offsets in (moved, onto - target))
    scale = wanted / spread if spread > 0 and wanted > 0 else 1.0
    return Alignment(centre, left @ right, scale, target)
