"""Rank correlations of two measures of the same tokens, by SciPy."""

import numpy as np
from numpy.typing import NDArray


def kendall(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Kendall's τ-b; NaN if either is constant.

    It is the number of pairs that both rank alike minus those that they rank differently, over the geometric mean of
    the numbers of pairs that each does not tie: 1 for the same order, −1 for the reverse, about 0 for unrelated ones.

    Source: Kendall, "The treatment of ties in ranking problems", Biometrika 1945.
    """
    if _ranks_nothing(first) or _ranks_nothing(second):
        return np.nan
    from scipy.stats import kendalltau  # which takes a third of a second to load

    return float(kendalltau(first, second).statistic)


def spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Spearman's ρ, ties having their mean rank; NaN if either is constant."""
    if _ranks_nothing(first) or _ranks_nothing(second):
        return np.nan
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)


def _ranks_nothing(values: NDArray[np.float64]) -> bool:
    """Whether all values are the same, or there is one alone or none."""
    return bool(np.all(values == values[:1]))
