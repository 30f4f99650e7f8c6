"""Means over texts with bootstrap intervals, shares with Wilson's."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
_NORMAL = 1.959963984540054
"""Standard deviations from a normal distribution's mean to its 97.5 % quantile."""
_NUMBERS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Estimate:
    """A mean over texts and its 95 % interval; NaN all three if there is no text.

    Attributes:
        mean: in the unit of the values.
        low: where its interval begins; the mean itself if there is a single text.
        high: where its interval ends; likewise.
        texts: how many texts have a value.
    """

    mean: float
    low: float
    high: float
    texts: int

    @staticmethod
    def of(value: float, drawn: NDArray[np.float64], texts: int) -> "Estimate":
        """A figure with the 2.5 % and 97.5 % quantiles of its values (R,) on texts drawn anew."""
        low, high = np.quantile(drawn, (0.025, 0.975))
        return Estimate(value, float(low), float(high), texts)

    @property
    def known(self) -> bool:
        """Whether there was any text."""
        return self.texts > 0

    def columns(self, over_random: "Estimate | None") -> dict[str, float | int | None]:
        """The cells of a row: mean, low, high, texts, and the mean over random scores with its interval, if known."""
        over = (over_random.mean, over_random.low, over_random.high) if over_random else (None, None, None)
        return {
            "mean": self.mean,
            "low": self.low,
            "high": self.high,
            "texts": self.texts,
            **dict(zip(("over_random", "over_random_low", "over_random_high"), over, strict=True)),
        }


def estimated_share(hits: int, texts: int) -> Estimate:
    """The share of texts of which something holds, with its 95 % interval; 1 of all is no sign that none can fail.

    Its ends are the shares p for which the share seen lies 1.96 standard errors √(p (1 − p) / N) away.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.

    Args:
        hits: of how many it holds.
        texts: N.
    """
    if not texts:
        return Estimate(np.nan, np.nan, np.nan, 0)
    share, square = hits / texts, _NORMAL**2 / texts
    middle = (share + square / 2) / (1 + square)
    away = np.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    # where all or none are hits, rounding may put an end beyond
    low, high = max(0.0, min(middle - away, share)), min(1.0, max(middle + away, share))
    return Estimate(share, float(low), float(high), texts)


def estimate(values: NDArray[np.float64], seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """The mean of values (N,), without NaN, and its percentile bootstrap interval.

    The texts are drawn anew with replacement, `resamples` times; 2.5 % of the means lie below `low`, 2.5 % above
    `high`. The same seed and number of texts give the same draws, so that several measures of the same texts are
    resampled together.

    Source: Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.

    Args:
        values: (N,).
        seed: of the draws.
        resamples: the number of bootstrap samples.
    """
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if not len(values):
        return Estimate(np.nan, np.nan, np.nan, 0)
    means = np.concatenate([values[drawn].mean(1) for drawn in _draws(len(values), seed, resamples)])
    return Estimate.of(float(values.mean()), means, len(values))


def estimated_ratio(
    parts: NDArray[np.float64], wholes: NDArray[np.float64], seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """Σ parts / Σ wholes over N texts, 0 / 0 = 0, with the percentile interval of the same texts drawn anew.

    Args:
        parts: (N,).
        wholes: (N,) at least 0.
        seed: of the draws.
        resamples: the number of bootstrap samples.
    """
    if not len(parts):
        return Estimate(np.nan, np.nan, np.nan, 0)
    above, below = resampled_sums(np.stack((parts, wholes), axis=1), seed, resamples).T
    ratios = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    whole = float(wholes.sum())
    return Estimate.of(float(parts.sum()) / whole if whole else 0.0, ratios, len(parts))


def resampled_sums(values: NDArray[np.float64], seed: int = 0, resamples: int = RESAMPLES) -> NDArray[np.float64]:
    """(R, K) the sums of N rows (N, K) drawn anew with replacement, R times; the draws are those of `estimate`."""
    sums: NDArray[np.float64] = np.concatenate(
        [_times_drawn(drawn) @ values for drawn in _draws(len(values), seed, resamples)]
    )
    return sums


def _times_drawn(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """(R, N) how often each of N texts is among those drawn (R, N)."""
    resamples, texts = drawn.shape
    cells = (drawn + texts * np.arange(resamples)[:, None]).ravel()
    return np.bincount(cells, minlength=drawn.size).reshape(drawn.shape).astype(float)


def _draws(texts: int, seed: int, resamples: int) -> tuple[NDArray[np.int64], ...]:
    if texts * resamples <= _NUMBERS_AT_ONCE:
        return _kept_draws(texts, seed, resamples)
    random, step = np.random.default_rng(seed), max(1, _NUMBERS_AT_ONCE // texts)
    return tuple(
        random.integers(0, texts, (min(step, resamples - first), texts)) for first in range(0, resamples, step)
    )


@lru_cache(maxsize=2)
def _kept_draws(texts: int, seed: int, resamples: int) -> tuple[NDArray[np.int64], ...]:
    """Drawn once for all the measures of one set."""
    return (np.random.default_rng(seed).integers(0, texts, (resamples, texts)),)
