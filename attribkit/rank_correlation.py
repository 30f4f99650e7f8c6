"""Rank correlations of two measures of the same tokens, by SciPy."""

import numpy as np
from numpy.typing import NDArray


def kendall(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Kendall's τ-b; NaN where either ranks nothing.

    It counts the pairs that both rank alike less those they rank unlike, over the geometric mean of the pairs that each
    does not tie: 1 for one order, −1 for the reverse, about 0 for unrelated ones.

    Source: Kendall, "The treatment of ties in ranking problems", Biometrika 1945.
    """
    if _ranks_nothing(first) or _ranks_nothing(second):
        return np.nan
    from scipy.stats import kendalltau  # which takes a third of a second to load

    return float(kendalltau(first, second).statistic)


def spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Spearman's ρ, ties sharing their mean rank; NaN where either ranks nothing."""
    if _ranks_nothing(first) or _ranks_nothing(second):
        return np.nan
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)


def _ranks_nothing(values: NDArray[np.float64]) -> bool:
    """Whether all values are the same, or there is one alone or none."""
    return bool(np.all(values == values[:1]))
