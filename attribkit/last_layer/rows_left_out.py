"""Rows left out, one by one: Newton's step without each of them, and true refits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.last_layer.softmax_regression import Blocks, SoftmaxRegression, curvatures, residuals
from attribkit.models.logits import softmax

_REFIT_STEPS = 50


@dataclass(frozen=True, eq=False)
class RowsLeftOut:
    """M rows, and the Hessian at the minimum without each of them, inverted by Woodbury's identity.

    Attributes:
        regression: fitted on all rows.
        rows: (M,) their places.
        own: (M, D) their features.
        spread: (M, K, D, K) H⁻¹ U_i.
        kept: (M, K, K) (I − S_i A_i)⁻¹ S_i.
    """

    regression: SoftmaxRegression
    rows: NDArray[np.int64]
    own: NDArray[np.float64]
    spread: NDArray[np.float64]
    kept: NDArray[np.float64]

    @staticmethod
    def of(features: Blocks, regression: SoftmaxRegression, rows: NDArray[np.int64]) -> "RowsLeftOut":
        """Rows among those that the regression was fitted on."""
        own = np.zeros((len(rows), regression.weights.shape[1]))
        for part, block in features.blocks():
            here = (rows >= part.start) & (rows < part.stop)
            own[here] = block[rows[here] - part.start]
        curvature = curvatures(softmax(regression.logits(own)), regression.basis)
        spread = np.einsum("adbe,ne->nadb", regression.inverse, own, optimize=True)
        within = np.einsum("nadb,nd->nab", spread, own)
        kept = np.linalg.solve(np.eye(len(regression.weights)) - curvature @ within, curvature)
        return RowsLeftOut(regression, rows, own, spread, kept)

    def solved(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """(M, K, D) what Newton's step subtracts from weights of this gradient (M, K, D): (H − U_i S_i U_iᵀ)⁻¹ g."""
        step: NDArray[np.float64] = np.einsum("adbe,mbe->mad", self.regression.inverse, gradient, optimize=True)
        inner = np.einsum("mad,md->ma", step, self.own)
        step += np.einsum("madb,mb->mad", self.spread, np.einsum("mab,mb->ma", self.kept, inner))
        return step

    @property
    def first_step(self) -> NDArray[np.float64]:
        """(M, K, D) δ_i: where the gradient without row i is −U_i r_i."""
        regression = self.regression
        residual = residuals(softmax(regression.logits(self.own)), regression.labels[self.rows], regression.basis)
        return self.solved(residual[:, :, None] * self.own[:, None, :])


def weights_without(
    features: Blocks, regression: SoftmaxRegression, rows: NDArray[np.int64], steps: int | None = None
) -> NDArray[np.float64]:
    """(M, K, D) the weights without each of M rows: Newton's step δ_i, then more steps, for all of the rows at once.

    Further steps have the gradient where they begin, and still the Hessian that row i leaves at the first minimum,
    which is that of its own problem but for ρ: each of them leaves about ρ times the error of the one before. Without
    row i the objective is strictly convex, so that where its gradient is zero is its minimum: the true refit.

    Args:
        features: of all rows.
        regression: fitted on them.
        rows: (M,) those left out, one by one.
        steps: after the first; None for as many as it takes to come to zero gradient.
    """
    left_out = RowsLeftOut.of(features, regression, rows)
    weights = regression.weights + left_out.first_step
    before = np.inf
    for _ in range(_REFIT_STEPS if steps is None else steps):
        gradient = _gradients_without(features, regression, weights, rows)
        size = float(np.abs(gradient).max(initial=0.0))
        if size >= before / 2:  # no number of this type is nearer
            break
        before = size
        weights -= left_out.solved(gradient)
    return weights


def _gradients_without(
    features: Blocks, regression: SoftmaxRegression, weights: NDArray[np.float64], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(M, K, D) the gradient, at each of M weights (M, K, D), of J without the row of that place."""
    count, outputs, width = weights.shape
    gradient = regression.penalty * weights
    flat = weights.reshape(count * outputs, width)
    for part, block in features.blocks():
        contrast = (block @ flat.T).reshape(len(block), count, outputs)
        probabilities = softmax((contrast @ regression.basis.T).reshape(-1, regression.classes))
        labels = np.repeat(regression.labels[part], count)
        residual = residuals(probabilities, labels, regression.basis).reshape(contrast.shape)
        residual *= regression.weight_of[part][:, None, None]
        here = np.flatnonzero((rows >= part.start) & (rows < part.stop))
        residual[rows[here] - part.start, here] = 0
        gradient += (residual.reshape(len(block), -1).T @ block).reshape(weights.shape)
    return gradient
