r"""The representer theorem: what each training row adds to a logit of the refitted layer.

At the minimum of `softmax_regression` the gradient is zero, so that W = −(1/λ) Σ_i (p_i − e_{y_i}) x_iᵀ, and a text's
logits are a sum over the training rows:

    W x = Σ_i α_i ⟨x_i, x⟩,    α_i = (e_{y_i} − p_i) / λ.

A row adds much if its features are like the text's and the layer is still wrong about it. The sum is complete: there
is no rest and no baseline. (Yeh, Kim, Yen & Ravikumar, "Representer point selection", NeurIPS 2018.)
"""

import numpy as np
from numpy.typing import NDArray

from attribkit.last_layer.softmax_regression import Blocks, SoftmaxRegression
from attribkit.models.logits import softmax


def representer_values(
    features: Blocks, regression: SoftmaxRegression, direction: NDArray[np.float64], text: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N,) what each row adds to a linear function of a text's logits.

    Args:
        features: of the N rows.
        regression: fitted on them.
        direction: (C,) the function: e_a − e_b for a margin of two classes.
        text: (D,) the text's features, with a last 1.
    """
    values = np.zeros(len(regression.labels))
    for rows, block in features.blocks():
        probabilities = softmax(regression.logits(block))
        coefficient = direction[regression.labels[rows]] - probabilities @ direction
        values[rows] = coefficient * (block @ text) * regression.weight_of[rows] / regression.penalty
    return values
