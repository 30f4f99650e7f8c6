"""Gauss–Patterson quadrature on [0, 1]: rules of 3 to 127 nodes, each holding all nodes of the one before.

Going from one rule to the next costs only the new nodes, and their difference is an error estimate that costs none. A
rule of n > 3 nodes integrates polynomials of degree (3n + 1)/2 exactly. The integral up to a node inside is known less
well: it is that of the polynomial of degree n − 1 through the integrand at all nodes.

Source: T. N. L. Patterson, "The Optimum Addition of Points to Quadrature Formulae", Math. Comp. 22, 1968.
"""

import numpy as np
from numpy.typing import NDArray

_ADDED = (
    (0.0, 0.77459666924148337704),
    (0.434243749346802558, 0.96049126870802028342),
    (0.22338668642896688163, 0.62110294673722640294, 0.88845923287225699889, 0.99383196321275502221),
    (
        *(0.11248894313318662575, 0.33113539325797683309, 0.53131974364437562397, 0.70249620649152707861),
        *(0.8367259381688687355, 0.92965485742974005667, 0.98153114955374010687, 0.99909812496766759766),
    ),
    (
        *(0.056344313046592789972, 0.16823525155220746498, 0.27774982202182431507, 0.38335932419873034692),
        *(0.48361802694584102756, 0.57719571005204581484, 0.66290966002478059546, 0.73975604435269475868),
        *(0.80694053195021761186, 0.86390793819369047715, 0.9103711569570042925, 0.94634285837340290515),
        *(0.97218287474858179658, 0.98868475754742947994, 0.99720625937222195908, 0.99987288812035761194),
    ),
    (
        *(0.028184648949745694339, 0.08445404008371088371, 0.14042423315256017459, 0.19589750271110015392),
        *(0.25067873030348317661, 0.30457644155671404334, 0.35740383783153215238, 0.40897982122988867241),
        *(0.45913001198983233287, 0.50768775753371660215, 0.55449513263193254887, 0.59940393024224289297),
        *(0.64227664250975951377, 0.68298743109107922809, 0.72142308537009891548, 0.75748396638051363793),
        *(0.79108493379984836143, 0.82215625436498040737, 0.85064449476835027976, 0.87651341448470526974),
        *(0.89974489977694003664, 0.92034002547001242073, 0.93832039777959288365, 0.95373000642576113641),
        *(0.96663785155841656709, 0.97714151463970571416, 0.98537149959852037111, 0.9914957211781061324),
        *(0.99572410469840718851, 0.99831663531840739253, 0.99959879967191068325, 0.99998243035489159858),
    ),
)
"""What each rule adds to the one before, on [−1, 1] and without the mirror images."""

SIZES = (3, 7, 15, 31, 63)
ALL_SIZES = (*SIZES, 127)
"""With the one that only pays for integrands known to be smooth."""

_PROJECTED = 96
"""More than 63 nodes determine a polynomial badly: so many of its Legendre coefficients are got by the rule itself."""


def _mirrored(values: tuple[float, ...]) -> list[float]:
    return [*(-value for value in reversed(values) if value), *values]


def _weights(nodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """On [−1, 1]: the weights that integrate the first Legendre polynomials exactly, ∫P₀ = 2 and ∫P_k = 0."""
    moments = np.zeros(len(nodes))
    moments[0] = 2.0
    return np.asarray(np.linalg.solve(np.polynomial.legendre.legvander(nodes, len(nodes) - 1).T, moments), dtype=float)


def rules(sizes: tuple[int, ...] = SIZES) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes (N,) on [0, 1], so ordered that rule r uses the first sizes[r]; weights (rules, N), 0 where unused."""
    nodes = np.array([node for added in _ADDED[: len(sizes)] for node in _mirrored(added)])
    weights = np.zeros((len(sizes), len(nodes)))
    for row, size in zip(weights, sizes, strict=True):
        row[:size] = _weights(nodes[:size]) / 2
    return (nodes + 1) / 2, weights


def running_integral(size: int, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P, size): times an integrand at the first `size` nodes, its integral from 0 to points (P,) on [0, 1]."""
    nodes, weights = rules(ALL_SIZES)
    degrees = min(size, _PROJECTED)
    values = np.polynomial.legendre.legvander(2 * nodes[:size] - 1, degrees - 1)
    antiderivatives = np.polynomial.legendre.legint(np.eye(degrees), lbnd=-1) / 2  # a column for each polynomial
    if degrees == size:
        coefficients = np.linalg.inv(values)
    else:
        coefficients = (2 * np.arange(degrees)[:, None] + 1) * (weights[-1] * values.T)
    return np.asarray(np.polynomial.legendre.legval(2 * points - 1, antiderivatives).T @ coefficients)
