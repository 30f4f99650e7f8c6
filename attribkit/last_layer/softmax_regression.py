r"""The last layer refitted: softmax regression on frozen features, with L2, to zero gradient.

Let x_i be the features of row i with a last 1 for the bias, (D,), and W (C, D) the layer. It is the minimum of

    J(W) = Σ_i ℓ_i(W) + λ/2 ‖W‖²,    ℓ_i(W) = logsumexp(W x_i) − (W x_i)_{y_i},    λ = l2 · N,

which is unique, for J is strictly convex. At it Σ_c W_c = 0, since Σ_c ∂ℓ_i/∂W_c = Σ_c (p_ic − 1[c = y_i]) x_i = 0
leaves λ Σ_c W_c = 0. So W = Q V with Q (C, C − 1) an orthonormal basis of the contrasts, and ‖W‖² = ‖V‖²: the same
problem with a class less. Writing r_i = Qᵀ(p_i − e_{y_i}) and S_i = Qᵀ(diag p_i − p_i p_iᵀ)Q,

    ∇J = Σ_i r_i x_iᵀ + λ V,    ∇²J = Σ_i S_i ⊗ x_i x_iᵀ + λ I,

which Newton's method takes to zero: each step solves the one with the other, halved until J falls.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from attribkit.errors import InputError
from attribkit.models.logits import softmax

MOST_WEIGHTS = 8_000
"""The most weights whose Hessian is computed: its inverse takes 8 bytes for each pair of them."""

_STEPS = 100
_DECREMENT = 1e-22  # of Newton's step, squared: how far J is above its minimum, of 1 + J


class Blocks(Protocol):
    """Features that come some rows at a time."""

    def blocks(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Which rows, and their features (n, D)."""
        ...


def contrasts(classes: int) -> NDArray[np.float64]:
    """(C, C − 1) an orthonormal basis of the vectors whose entries sum to 0 (Helmert's)."""
    basis = np.zeros((classes, classes - 1))
    for column in range(classes - 1):
        size = column + 1
        basis[:size, column] = -1
        basis[size, column] = size
        basis[:, column] /= np.sqrt(size * (size + 1))
    return basis


@dataclass(frozen=True, eq=False)
class SoftmaxRegression:
    """The minimum of J, with its exact Hessian.

    Attributes:
        weights: (C − 1, D) V.
        penalty: λ.
        labels: (N,) int64, each row's class.
        classes: C.
        weight_of: (N,) how often each row counts: 1, or 0 for a row that is left out.
        gradient: the largest absolute value of ∇J there.
        hessian: ((C − 1) · D, (C − 1) · D) ∇²J.
    """

    weights: NDArray[np.float64]
    penalty: float
    labels: NDArray[np.int64]
    classes: int
    weight_of: NDArray[np.float64]
    gradient: float
    hessian: NDArray[np.float64]

    @property
    def basis(self) -> NDArray[np.float64]:
        """(C, C − 1) Q."""
        return contrasts(self.classes)

    @cached_property
    def inverse(self) -> NDArray[np.float64]:
        """(K, D, K, D) the inverse of the Hessian, K = C − 1."""
        identity = np.eye(len(self.hessian))
        inverse = cho_solve(cho_factor(self.hessian, lower=True), identity)
        inverse = (inverse + inverse.T) / 2
        shaped: NDArray[np.float64] = inverse.reshape(*self.weights.shape, *self.weights.shape)
        return shaped

    def logits(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, C) the logits of features (n, D); those of each row sum to 0."""
        logits: NDArray[np.float64] = features @ self.weights.T @ self.basis.T
        return logits

    def residuals(self, logits: NDArray[np.float64], rows: slice) -> NDArray[np.float64]:
        """(n, C − 1) r_i of rows with these logits (n, C)."""
        return residuals(softmax(logits), self.labels[rows], self.basis)


def residuals(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], basis: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n, C − 1) Qᵀ(p − e_y)."""
    away = probabilities.copy()
    away[np.arange(len(labels)), labels] -= 1
    contrast: NDArray[np.float64] = away @ basis
    return contrast


def curvatures(probabilities: NDArray[np.float64], basis: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, C − 1, C − 1) Qᵀ(diag p − p pᵀ)Q."""
    mean = probabilities @ basis
    squares = np.einsum("nc,ca,cb->nab", probabilities, basis, basis, optimize=True)
    curvature: NDArray[np.float64] = squares - mean[:, :, None] * mean[:, None, :]
    return curvature


def fit(
    features: Blocks,
    labels: NDArray[np.int64],
    classes: int,
    l2: float,
    *,
    weight_of: NDArray[np.float64] | None = None,
    penalty: float | None = None,
    start: NDArray[np.float64] | None = None,
) -> SoftmaxRegression:
    """Minimise J by Newton's method, in float64.

    Args:
        features: those of N rows.
        labels: (N,) each row's class.
        classes: C.
        l2: λ for each row that counts.
        weight_of: (N,) how often each row counts; None for once.
        penalty: λ itself, instead of `l2`.
        start: (C − 1, D) where to begin.

    Raises:
        ValueError: for λ of 0 or less, with which the Hessian may be singular; for more weights than
            `MOST_WEIGHTS`.
    """
    if penalty is None:
        penalty = l2 * float(len(labels) if weight_of is None else weight_of.sum())
    if not (np.isfinite(penalty) and penalty > 0):
        raise InputError(
            f"`l2` must be a number above 0, got {l2!r}: without it the Hessian may be singular and the refit have no "
            "minimum; leave it out to have it chosen"
        )
    counts = np.ones(len(labels)) if weight_of is None else weight_of
    width = next(features.blocks())[1].shape[1]
    size = (classes - 1) * width
    if size > MOST_WEIGHTS:
        raise InputError(
            f"the last layer's exact Hessian is computed up to {MOST_WEIGHTS:,} weights, this one has {size:,} "
            f"({classes} labels, {width - 1:,} features); ask a model with fewer"
        )
    basis = contrasts(classes)
    weights = np.zeros((classes - 1, width)) if start is None else start.copy()
    loss, gradient, hessian = _derivatives(features, labels, counts, basis, weights, penalty)
    for _ in range(_STEPS):
        step = cho_solve(cho_factor(hessian, lower=True), gradient.ravel()).reshape(weights.shape)
        decrement = float((step * gradient).sum())
        if decrement <= _DECREMENT * (1 + loss):
            break
        size_of_step = 1.0
        while True:
            moved = weights - size_of_step * step
            after = _derivatives(features, labels, counts, basis, moved, penalty)
            if after[0] <= loss + 1e-12 * (1 + abs(loss)) or size_of_step < 1e-6:
                break
            size_of_step /= 2
        stalled = np.abs(after[1]).max() >= np.abs(gradient).max() and after[0] >= loss
        if stalled:  # no number of this type is nearer
            break
        weights, (loss, gradient, hessian) = moved, after
    return SoftmaxRegression(weights, penalty, labels, classes, counts, float(np.abs(gradient).max()), hessian)


def _derivatives(
    features: Blocks,
    labels: NDArray[np.int64],
    counts: NDArray[np.float64],
    basis: NDArray[np.float64],
    weights: NDArray[np.float64],
    penalty: float,
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """J, ∇J (K, D) and ∇²J (K · D, K · D)."""
    outputs, width = weights.shape
    loss = penalty / 2 * float((weights**2).sum())
    gradient = penalty * weights
    hessian = np.zeros((outputs, width, outputs, width))
    for rows, block in features.blocks():
        count = counts[rows]
        if not count.any():
            continue
        logits = block @ weights.T @ basis.T
        probabilities = softmax(logits)
        own = probabilities[np.arange(len(block)), labels[rows]]
        loss -= float(count @ np.log(np.maximum(own, np.finfo(float).tiny)))
        gradient = gradient + (count[:, None] * residuals(probabilities, labels[rows], basis)).T @ block
        curvature = count[:, None, None] * curvatures(probabilities, basis)
        for a in range(outputs):
            for b in range(a + 1):
                hessian[a, :, b] += block.T @ (curvature[:, a, b, None] * block)
    for a in range(outputs):
        for b in range(a):
            hessian[b, :, a] = hessian[a, :, b].T
        hessian[a, :, a][np.diag_indices(width)] += penalty
    return loss, gradient, hessian.reshape(outputs * width, outputs * width)
