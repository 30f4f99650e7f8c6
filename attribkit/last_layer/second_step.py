r"""The second step of Newton's method for each row left out, to leading order.

The first step δ_i of `leave_one_out` leaves the gradient Σ_{j≠i} (r_j(V + δ_i) − r_j(V) − S_j t_ij) x_jᵀ, where
t_ij = δ_i x_j is the change of row j's logits, as contrasts. Its leading term is

    g_i = Σ_{j≠i} T_j(t_ij, t_ij) x_jᵀ,    T_j,abc = ½ Σ_y Q_ya p_jy ((Q_yb − Q̄_b)(Q_yc − Q̄_c) − S_j,bc),    Q̄ = Qᵀ p_j,

T_j being half the second derivative of r_j. The second step is −(H − U_i S_i U_iᵀ)⁻¹ g_i, by Woodbury's identity as
before. What it leaves is of the third order in t. It is a small correction, for which 32 bits are enough.
"""

import numpy as np
from numpy.typing import NDArray

from attribkit.last_layer.rows_left_out import RowsLeftOut
from attribkit.last_layer.softmax_regression import Blocks, SoftmaxRegression
from attribkit.models.logits import softmax

_LEFT_OUT_AT_ONCE, _ROWS_AT_ONCE = 128, 1_024  # whose product fits into a processor's cache


def second_steps(features: Blocks, regression: SoftmaxRegression, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """(M, K, D) the second steps of M rows that are left out, one by one.

    Args:
        features: of all rows.
        regression: fitted on them.
        rows: (M,) those left out.
    """
    steps = np.zeros((len(rows), *regression.weights.shape), dtype=np.float32)
    for start in range(0, len(rows), _LEFT_OUT_AT_ONCE):
        part = slice(start, start + _LEFT_OUT_AT_ONCE)
        left_out = RowsLeftOut.of(features, regression, rows[part])
        steps[part] = -left_out.solved(_gradients_left(features, regression, left_out))
    return steps


def _gradients_left(features: Blocks, regression: SoftmaxRegression, left_out: RowsLeftOut) -> NDArray[np.float64]:
    """(M, K, D) g_i."""
    first = left_out.first_step
    count, outputs, width = first.shape
    moved = first.transpose(2, 1, 0).reshape(width, -1).astype(np.float32)
    lower, upper = np.triu_indices(outputs)
    gradient = np.zeros((width, outputs * count), dtype=np.float32)
    for part, block in features.blocks():
        tensor = _third_derivatives(softmax(regression.logits(block)), regression.basis)[:, :, lower, upper]
        tensor *= (
            np.where(lower == upper, 1, 2) * regression.weight_of[part][:, None, None]
        )  # of a pair, in both orders
        narrow, narrow_tensor = block.astype(np.float32), tensor.astype(np.float32)
        for start in range(0, len(block), _ROWS_AT_ONCE):
            some = slice(start, start + _ROWS_AT_ONCE)
            change = (narrow[some] @ moved).reshape(-1, outputs, count)
            left = narrow_tensor[some] @ (change[:, lower] * change[:, upper])
            own = left_out.rows - part.start - start
            here = np.flatnonzero((own >= 0) & (own < len(left)))
            left[own[here], :, here] = 0
            gradient += narrow[some].T @ left.reshape(len(left), -1)
    by_row: NDArray[np.float64] = gradient.reshape(width, outputs, count).transpose(2, 1, 0).astype(float)
    return by_row


def _third_derivatives(probabilities: NDArray[np.float64], basis: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, K, K, K) T of rows with these probabilities (n, C): half the second derivative of their residuals."""
    away = basis - (probabilities @ basis)[:, None, :]  # (n, C, K)
    squares = away[:, :, :, None] * away[:, :, None, :]
    mean = np.einsum("ny,nybc->nbc", probabilities, squares)
    third: NDArray[np.float64] = np.einsum(
        "ya,ny,nybc->nabc", basis, probabilities, squares - mean[:, None], optimize=True
    )
    return third / 2
