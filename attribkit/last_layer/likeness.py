r"""By which words a training row is like a text, as the refitted layer sees it.

The layer's answer to a text x moves with its answer to a row x_i by the kernel k(x_i, x) = qᵀ (U_xᵀ H⁻¹ U_i) q, where q
is the answer's direction among the logits: it is linear in the row's features. So a network whose last layer is that
function has the likeness as its log-odds, and its token scores say which words of the row make it. Divided by
k(x, x), a copy of the text is 1 alike.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from attribkit.attribution.label_index import Index
from attribkit.last_layer.features import last_linear
from attribkit.last_layer.softmax_regression import SoftmaxRegression
from attribkit.models.classifier import Classifier


def likeness_weights(
    regression: SoftmaxRegression, text: NDArray[np.float64], gradient: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(D,) the function of a row's features, with a last 1, that says how like the text it is.

    Args:
        regression: the refitted layer.
        text: (D,) the text's features, with a last 1.
        gradient: (C,) how the answer moves with the logits.
    """
    contrast = gradient @ regression.basis
    kernel = np.einsum("a,adbe,e,b->d", contrast, regression.inverse, text, contrast, optimize=True)
    own = float(kernel @ text)
    weights: NDArray[np.float64] = kernel / own if own > 0 else kernel
    return weights


def likeness_model(model: Classifier, weights: NDArray[np.float64]) -> tuple[Classifier, tuple[Index, Index]]:
    """A classifier whose log-odds of one label against another are a function of the last layer's features.

    Args:
        model: whose network it has, but for the last layer; it stays as it is.
        weights: (D,) the function, the last one its bias.

    Returns:
        the classifier, and the pair of labels.
    """
    like = model.copy(share_weights=True)
    name = last_linear(model)
    parent, _, own = name.rpartition(".")
    old = like.network.get_submodule(name)
    layer = nn.Linear(old.in_features, old.out_features, device=old.weight.device, dtype=old.weight.dtype)
    function = torch.from_numpy(weights).to(layer.weight)
    signs = (1.0,) if old.out_features == 1 else (-0.5, 0.5)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()
        for row, sign in enumerate(signs):
            layer.weight[row] = sign * function[:-1]
            layer.bias[row] = sign * function[-1]
    setattr(like.network.get_submodule(parent), own, layer)
    like.network.eval()
    return like, (Index(1), Index(0))
