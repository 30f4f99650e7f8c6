"""The integrals of `refinement` for every class at once, in one pass.

At a point of the path let z be the logits, c a class, o_f the output layer's weights of a filter f, and e_k = exp(z_k).
The log-odds of c move with the feature of f by o_fc − Σ_{k≠c} o_fk e_k / Σ_{k≠c} e_k, its probability by p_c (1 − p_c)
times that. The sums over k are those over all classes less one term, but for the largest class, where that difference
would cancel: there they are taken of the others alone. What is left for each class is a product of matrices.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.attribution.cnn.envelope import Indices, Numbers

OUTPUTS = ("log_odds", "probability")
_NUMBERS_AT_ONCE = 2**21


@dataclass(frozen=True, eq=False)
class QuadratureNodes:
    """The quadrature nodes of one text's path.

    Attributes:
        interval: (R,) of the refinement, in order.
        weight: (R,) of the integral over α.
        logits: (R, C).
    """

    interval: Indices
    weight: Numbers
    logits: Numbers

    def __getitem__(self, part: slice) -> "QuadratureNodes":
        return QuadratureNodes(self.interval[part], self.weight[part], self.logits[part])


def every_class(output: str, outgoing: Numbers, first: Indices, last: Indices, nodes: QuadratureNodes) -> Numbers:
    """(P, C) ∫ ∂S_c/∂(the filter's feature) dα over each line's stretch, for every class c.

    Args:
        output: one of `OUTPUTS`.
        outgoing: (P, C) the output layer's weights of each line's filter.
        first: (P,) the first interval of a line's stretch.
        last: (P,) the interval after its last.
        nodes: of the path.
    """
    integrals = np.zeros_like(outgoing)
    step = max(1, _NUMBERS_AT_ONCE // (outgoing.shape[0] + outgoing.shape[1]))
    for start in range(0, len(nodes.weight), step):
        part = nodes[start : start + step]
        on = (first[:, np.newaxis] <= part.interval) & (part.interval < last[:, np.newaxis])  # (P, R)
        integrals += _block(output, outgoing, on, part)
    return integrals


def _block(output: str, outgoing: Numbers, on: NDArray[np.bool_], nodes: QuadratureNodes) -> Numbers:
    each, largest = np.arange(len(nodes.weight)), nodes.logits.argmax(1)
    top = nodes.logits[each, largest]
    powers = np.exp(nodes.logits - top[:, np.newaxis])
    rest = nodes.logits.copy()
    rest[each, largest] = -np.inf
    second = rest.max(1)
    others = np.exp(rest - second[:, np.newaxis])  # 0 for the largest
    total, beside = powers.sum(1), others.sum(1)
    without = total[:, np.newaxis] - powers  # Σ_{k≠c} e_k; at least 1 for all but the largest
    without[each, largest] = 1.0
    value = np.ones_like(powers)
    if output == "probability":
        value = powers * without / total[:, np.newaxis] ** 2
        value[each, largest] = beside * np.exp(second - top) / total**2
    value *= nodes.weight[:, np.newaxis]
    share = value / without
    share[each, largest] = 0.0
    integrals: Numbers = outgoing * (on @ (value + powers * share))
    integrals -= (on * (outgoing @ powers.T)) @ share
    own = (on * (outgoing @ (others / beside[:, np.newaxis]).T)) * value[each, largest]  # (P, R)
    for index in np.unique(largest):
        integrals[:, index] -= own[:, largest == index].sum(1)
    return integrals
