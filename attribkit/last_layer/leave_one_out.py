r"""Leave one out by one step of Newton's method with the exact Hessian, and a bound on its error.

Without row i the objective of `softmax_regression` is J − ℓ_i. At the minimum of J its gradient is −U_i r_i, with
U_i = I ⊗ x_i, and its Hessian H − U_i S_i U_iᵀ. One step of Newton's method from there moves the weights by

    δ_i = (H − U_i S_i U_iᵀ)⁻¹ U_i r_i = H⁻¹ U_i (I − S_i A_i)⁻¹ r_i,    A_i = U_iᵀ H⁻¹ U_i,

by Woodbury's identity. So a text x's logits move by U_xᵀ δ_i = (U_xᵀ H⁻¹ U_i) m_i, where m_i = (I − S_i A_i)⁻¹ r_i does
not depend on the text: a query costs one product with the features, and nothing is N × N.
(Koh & Liang, "Understanding black-box predictions via influence functions", ICML 2017, take H for the Hessian.)

**How far that is from the refit.** Along a direction v the third derivative of logsumexp is at most the range of v's
logits times its second one, so that Hessians along a step whose logits have ranges of at most ρ lie between e^{−ρ} and
e^{ρ} times the first (Bach, "Self-concordant analysis for logistic regression", 2010). Let ‖·‖ be the norm of the
Hessian without row i, and ρ the largest range over the other rows of δ_i's logits. Then

- the gradient that is left after the step is at most γ = ((e^ρ − 1)/ρ − 1) ‖δ_i‖ in the dual norm, the integral of
  the Hessians' differences; in the norm of the Hessian reached, e^{ρ/2} γ;
- with κ the largest range that a unit vector of that norm can have over the rows, the minimum is at most
  d = −log(1 − κ e^{ρ/2} γ)/κ away, for (1 − e^{−κ d})/κ ≤ e^{ρ/2} γ by strong convexity;
- a text's logits then differ by a range of at most √2 e^{ρ/2} d √(h_x / (1 − s_i)), h_x being the largest eigenvalue of
  A_x and s_i that of S_i A_i, by which the Hessian without row i is at least (1 − s_i) H.

All of these come from numbers that each row has by itself. The log-odds of a class differ by no more than that range.
Rows of which the bound is above 1e-6 get the second step, see `second_step`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from attribkit.last_layer.second_step import second_steps
from attribkit.last_layer.softmax_regression import Blocks, SoftmaxRegression, curvatures
from attribkit.models.logits import softmax

EXACT = 1e-6
"""Log-odds up to which one step is taken for a true refit, if its bound says so."""

_MOST_WORK = 2.5e11  # multiplications that second steps may take: some ten seconds


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """What one Newton step says of each row left out, but for the text that is asked about.

    Attributes:
        regression: the last layer refitted on all rows.
        multipliers: (N, K) m_i, K = C − 1.
        own_change: (N, K) how row i's own logits, as contrasts, move once it is left out: A_i m_i.
        error: (N,) a text's largest possible error, for √h_x = 1; infinite where the bound says nothing.
        leverage: (N,) the largest eigenvalue of A_i.
        second_rows: (M,) the rows whose second step is known.
        second: (M, K, D) those steps.
    """

    regression: SoftmaxRegression
    multipliers: NDArray[np.float64]
    own_change: NDArray[np.float64]
    error: NDArray[np.float64]
    leverage: NDArray[np.float64]
    second_rows: NDArray[np.int64]
    second: NDArray[np.float32]

    @staticmethod
    def of(features: Blocks, regression: SoftmaxRegression) -> "LeaveOneOut":
        """For every row of the features that the regression was fitted on."""
        count, outputs = len(regression.labels), len(regression.weights)
        multipliers, own_change = np.zeros((count, outputs)), np.zeros((count, outputs))
        leverage, share, length = np.zeros(count), np.zeros(count), np.zeros(count)
        for rows, block in features.blocks():
            logits = regression.logits(block)
            residual = regression.residuals(logits, rows)
            within = own_leverage(block, regression)
            curvature = curvatures(softmax(logits), regression.basis)
            kept = np.eye(outputs) - curvature @ within
            multipliers[rows] = np.linalg.solve(kept, residual[:, :, None])[:, :, 0]
            own_change[rows] = np.einsum("nab,nb->na", within, multipliers[rows])
            leverage[rows] = np.linalg.eigvalsh(within)[:, -1]
            share[rows] = np.linalg.eigvals(curvature @ within).real.max(1)
            length[rows] = np.sqrt(np.maximum((residual * own_change[rows]).sum(1), 0))
        error = error_bound(leverage, share, length)
        none = np.zeros((0, *regression.weights.shape), dtype=np.float32)
        return LeaveOneOut(regression, multipliers, own_change, error, leverage, np.zeros(0, dtype=np.int64), none)

    def refined(self, features: Blocks) -> "LeaveOneOut":
        """The same with the second step of the rows whose bound is above `EXACT`, for a text of any row's leverage.

        They are those of the largest bounds if there are too many of them: it takes M · N · K · D multiplications.
        """
        bounds = self.error * np.sqrt(self.leverage.max(initial=0.0))
        most = int(_MOST_WORK / (len(bounds) * self.regression.weights.size))
        order = np.argsort(-bounds, kind="stable")[:most]
        rows = np.sort(order[bounds[order] > EXACT])
        return replace(self, second_rows=rows, second=second_steps(features, self.regression, rows))

    def changes(self, features: Blocks, text: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, C) how a text's logits would move were each row left out.

        Args:
            features: the rows'.
            text: (D,) the text's features, with a last 1.
        """
        outputs, width = self.regression.weights.shape
        direction = (self.regression.inverse @ text).transpose(0, 2, 1)  # (K, K, D): by the rows' contrasts
        moved = np.zeros((len(self.multipliers), outputs))
        products = np.ascontiguousarray(direction.reshape(outputs * outputs, width).T)
        for rows, block in features.blocks():
            between = (block @ products).reshape(len(block), outputs, outputs)  # (n, b, a)
            moved[rows] = np.einsum("nba,nb->na", between, self.multipliers[rows])
        moved[self.second_rows] += self.second @ text.astype(np.float32)
        changes: NDArray[np.float64] = moved @ self.regression.basis.T
        return changes

    def error_bounds(self, text: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) how far the log-odds of a text (D,) may lie, after one step, from those after a true refit."""
        largest = np.linalg.eigvalsh(own_leverage(text[None], self.regression))[0, -1]
        bounds: NDArray[np.float64] = self.error * np.sqrt(largest)
        return bounds


def own_leverage(block: NDArray[np.float64], regression: SoftmaxRegression) -> NDArray[np.float64]:
    """(n, K, K) A_i of rows with these features (n, D)."""
    outputs = len(regression.weights)
    within = np.zeros((len(block), outputs, outputs))
    for a in range(outputs):
        for b in range(a + 1):
            within[:, a, b] = within[:, b, a] = ((block @ regression.inverse[a, :, b]) * block).sum(1)
    return within


def error_bound(
    leverage: NDArray[np.float64], share: NDArray[np.float64], length: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N,) the bound derived above for a text with h_x = 1; infinite where it says nothing.

    Args:
        leverage: (N,) h_i.
        share: (N,) s_i.
        length: (N,) ‖δ_i‖.
    """
    least = np.maximum(1 - share, np.finfo(float).tiny)
    reach = np.sqrt(2 * leverage.max(initial=0.0) / least)  # the largest range of a unit vector over the rows
    ranges = np.minimum(reach * length, 50.0)
    left = np.where(ranges > 1e-6, np.expm1(ranges) / np.maximum(ranges, 1e-300) - 1, ranges / 2) * length
    grown = np.exp(ranges / 2)
    reach = reach * grown
    decided = reach * grown * left
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.where(decided < 1, -np.log1p(-np.minimum(decided, 1 - 1e-16)) / reach, np.inf)
    bound: NDArray[np.float64] = np.sqrt(2 / least) * grown * np.where(reach > 0, away, 0.0)
    return bound
