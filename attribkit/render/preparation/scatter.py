"""The geometry of a map of points: axes that all maps of a panel share, and the view in three dimensions."""

from dataclasses import dataclass
from math import cos, sin

import numpy as np
from numpy.typing import NDArray

from attribkit.results.panels import Scatter

STRETCH = 2.5
"""Beyond this ratio of the axes' spans each axis gets a scale of its own, or the map would be a line."""


AIR = 1.07
"""How much longer the axes are than what lies on them."""


FLAT = 0.62
"""The least height of a map as a share of its width."""


YAW, PITCH = 0.55, 0.35
"""The angles, in radians, from which a map of three dimensions is first seen."""


@dataclass(frozen=True, eq=False)
class Frame:
    """The axes that all maps of a panel share, with a little air around the points.

    Attributes:
        low: (D,) where each axis begins.
        span: (D,) how long it is.
        height: the share of the second axis that points lie on, in its middle: what a flat map needs.
        stretched: whether the axes have scales of their own.
    """

    low: NDArray[np.float64]
    span: NDArray[np.float64]
    height: float
    stretched: bool

    def unit(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The points with every axis running from 0 to 1."""
        return (points - self.low) / self.span


def frame(panel: Scatter) -> Frame:
    """One scale for all axes, so that distances are true, unless one axis is more than `STRETCH` times another."""
    points = np.concatenate([placed.points for placed in panel.maps] + [placed.points for placed in panel.placed])
    if not len(points):
        return Frame(np.zeros(panel.dimensions), np.ones(panel.dimensions), 1.0, False)
    low, high = points.min(axis=0), points.max(axis=0)
    needed = (high - low) * AIR
    stretched = bool(needed.max() > STRETCH * needed.min() > 0)
    span = needed if stretched else np.full_like(needed, needed.max() or 1.0)
    height = max(FLAT, float(needed[1] / span[1])) if panel.dimensions == 2 else 1.0
    return Frame((low + high - span) / 2, span, height, stretched)


def turned(unit: NDArray[np.float64], yaw: float = YAW, pitch: float = PITCH) -> NDArray[np.float64]:
    """(N, 3) a cube of side 1 seen in perspective: right and up in −½ … ½ or little more, and how far away."""
    x, y, z = (unit - 0.5).T
    right = cos(yaw) * x - sin(yaw) * y
    back = sin(yaw) * x + cos(yaw) * y
    up = sin(pitch) * back + cos(pitch) * z
    away = cos(pitch) * back - sin(pitch) * z
    near = 0.56 / (1 + 0.3 * away)
    return np.column_stack([right * near, up * near, away])
