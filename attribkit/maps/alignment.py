"""Maps of different layers on shared axes: turned, mirrored and scaled onto one another, nothing else."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Alignment:
    """A similarity: `(points − centre) @ turn · scale + target`. Which points are neighbours stays as it was."""

    centre: Floats
    turn: Floats
    scale: float
    target: Floats

    def __call__(self, points: Floats) -> Floats:
        """Points (N, D) where they lie after it."""
        return (points - self.centre) @ self.turn * self.scale + self.target


def align(points: Floats, onto: Floats) -> Alignment:
    """The similarity that brings points (N, D) closest to the same points elsewhere, `onto` (N, D).

    The least squares solution of the orthogonal Procrustes problem; source: Schönemann, "A generalized solution of the
    orthogonal Procrustes problem", 1966. Points that all lie in one place are only moved.
    """
    centre, target = points.mean(0), onto.mean(0)
    moved = points - centre
    left, sizes, right = np.linalg.svd(moved.T @ (onto - target))
    spread = float((moved**2).sum())
    scale = float(sizes.sum()) / spread if spread > 0 and sizes.sum() > 0 else 1.0
    return Alignment(centre, left @ right, scale, target)
