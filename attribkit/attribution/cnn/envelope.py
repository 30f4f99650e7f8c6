"""The upper envelope of straight lines over α ∈ [0, 1], cut at zero: a max-pooled ReLU along a path."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Envelope:
    """The P lines that are on S envelopes somewhere above zero, each with its stretch.

    Attributes:
        segment: (P,) the envelope of each line.
        intercept: (P,) the line's height at 0.
        slope: (P,) the line's slope.
        start: (P,) where the line joins the envelope, above zero.
        end: (P,) where it leaves it; never before `start`.
        share: (P,) 1/m where m lines coincide: they share the stretch equally, as `amax` shares a gradient.
    """

    segment: Indices
    intercept: Numbers
    slope: Numbers
    start: Numbers
    end: Numbers
    share: Numbers

    @staticmethod
    def joined(parts: Sequence["Envelope"]) -> "Envelope":
        """All lines of several."""
        columns = ([getattr(part, field.name) for part in parts] for field in fields(Envelope))
        return Envelope(*(np.concatenate(column) for column in columns))


def upper_envelope(segment: Indices, intercept: Numbers, slope: Numbers, segments: int) -> tuple[Envelope, Indices]:
    """The envelopes of many small sets of lines at once.

    Each starts at α = 0 on its top line (of tied ones the steepest), continues to its first crossing with a steeper
    line (again the steepest of those that meet there), and so on while α < 1. A line no steeper than the present one
    cannot be on the rest, so the sets shrink with every step.

    Args:
        segment: (P,) the set of each line.
        intercept: (P,) each line's height at 0.
        slope: (P,) each line's slope.
        segments: S; sets without a line are allowed.

    Returns:
        the lines on the envelopes, and (P,) their places among the given ones.
    """
    owners, line = segment, np.arange(len(segment))
    piece = np.full(len(segment), -1)
    height = largest(intercept, segment, segments)
    steep = largest(np.where(intercept == height[segment], slope, -np.inf), segment, segments)
    alpha = np.zeros(segments)
    going = height > -np.inf
    pieces: list[tuple[Numbers, ...]] = []
    number = 0
    while True:
        unfinished = np.flatnonzero(going)
        numbers = np.full(segments, -1)
        numbers[unfinished] = np.arange(number, number + len(unfinished))
        number += len(unfinished)
        present_slope, present_height = steep[segment], height[segment]
        present = (intercept == present_height) & (slope == present_slope)
        piece[line[present]] = numbers[segment[present]]
        rise = slope - present_slope
        steeper = np.flatnonzero(rise > 0)
        end = np.full(segments, np.inf)
        line, segment, intercept, slope = line[steeper], segment[steeper], intercept[steeper], slope[steeper]
        crossing = (present_height[steeper] - intercept) / rise[steeper]
        np.minimum.at(end, segment, crossing)
        end = np.maximum(end, alpha)
        pieces.append((height[unfinished], steep[unfinished], alpha[unfinished], np.minimum(end[unfinished], 1.0)))
        going = going & (end < 1)
        if not going.any():
            break
        left = np.flatnonzero(going[segment])
        line, segment, intercept, slope = line[left], segment[left], intercept[left], slope[left]
        meets = crossing[left] <= end[segment]
        steep = largest(np.where(meets, slope, -np.inf), segment, segments)
        first = meets & (slope == steep[segment])
        height = largest(np.where(first, intercept, -np.inf), segment, segments)
        alpha = end
    height, steep, start, end = (np.concatenate(column) for column in zip(*pieces, strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        zero = -height / steep  # where the line meets zero; of a level one only its height counts
    start = np.where(steep > 0, np.maximum(start, zero), start)
    end = np.where(steep < 0, np.minimum(end, zero), end)
    end = np.where((steep == 0) & (height <= 0), start, end)
    won = np.flatnonzero((piece >= 0) & (end > start)[piece])
    owner, piece = owners[won], piece[won]
    share = 1 / np.bincount(piece, minlength=len(steep))[piece]
    return Envelope(owner, height[piece], steep[piece], start[piece], end[piece], share), won


def level_envelope(segment: Indices, intercept: Numbers, slope: Numbers, segments: int) -> Envelope:
    """The same if all lines of a set start at one height and only its steepest ones are given.

    Such a line is the envelope wherever it is above zero.

    Args:
        segment: (P,).
        intercept: (P,) each line's height at 0; every line rises above zero somewhere.
        slope: (P,) each line's slope.
        segments: S.
    """
    share = 1 / np.bincount(segment, minlength=segments)[segment]
    rising = slope > 0
    with np.errstate(divide="ignore"):
        zero = np.clip(intercept / (0.0 - slope), 0, 1)  # where the line meets zero; a level one does so at +∞
    return Envelope(segment, intercept, slope, np.where(rising, zero, 0.0), np.where(rising, 1.0, zero), share)


def largest(values: Numbers, segment: Indices, segments: int) -> Numbers:
    """(S,) each segment's largest value, −∞ where it has none."""
    maxima = np.full(segments, -np.inf)
    np.maximum.at(maxima, segment, values)
    return maxima
