"""How scores fare when the embedded text is perturbed, computed by Captum.

Source: Yeh, Hsieh, Suggala, Inouye & Ravikumar, "On the (In)fidelity and Sensitivity of Explanations", NeurIPS 2019.
"""

from collections.abc import Callable

import torch
from captum.metrics import infidelity as captum_infidelity
from captum.metrics import sensitivity_max
from torch import Tensor

from attribkit.attribution.methods.random_baseline import DRAWING

SAMPLES = 50
"""Draws of an infidelity."""
REMOVED = 0.1
"""Each token's probability of being taken back to the baseline in one of them."""
PERTURBATIONS, RADIUS = 10, 0.02
"""Draws of a max-sensitivity, and how far each of the embedding's values may move: Captum's own defaults."""


def infidelity(value: Callable[[Tensor], Tensor], scores: Tensor, seed: int) -> float:
    """How badly scores (T,) predict the loss of output when some tokens are replaced.

    The mean over random sets I of (β Σ_{i∈I} φ_i − (F(x) − F(x without I)))², with the β that fits best, so that the
    scale of the scores does not matter. In the output's unit, squared; lower is better.

    Source: Yeh et al., "On the (In)fidelity and Sensitivity of Explanations", NeurIPS 2019.

    Args:
        value: gates (N, T) → F (N,): a gate of 1 leaves a token, 0 replaces it by the baseline's.
        scores: (T,).
        seed: of the draws; the same for all methods that are compared.
    """
    random = torch.Generator().manual_seed(seed)

    def some_go(gates: Tensor) -> tuple[Tensor, Tensor]:
        gone = (torch.rand(gates.shape, generator=random) < REMOVED).to(gates)
        return gone, gates - gone

    gates = torch.ones(1, len(scores), dtype=torch.float64)
    infidelities = captum_infidelity(
        value, some_go, gates, scores.double().unsqueeze(0), n_perturb_samples=SAMPLES, normalize=True
    )
    return float(infidelities[0])


def max_sensitivity(explain: Callable[[Tensor], Tensor], embedded: Tensor, seed: int) -> float:
    """The largest ‖φ(x + ε) − φ(x)‖ / ‖φ(x)‖ over 10 draws of |ε| ≤ .02 in every value of the embedding (T, E).

    Source: Yeh et al., "On the (In)fidelity and Sensitivity of Explanations", NeurIPS 2019.

    Args:
        explain: embedded texts (N, T, E) → scores (N, T).
        embedded: (T, E).
        seed: of the draws.
    """

    def scores_of(points: tuple[Tensor, ...] | Tensor) -> tuple[Tensor]:
        return (explain(points if isinstance(points, Tensor) else points[0]),)  # Captum counts on tuples here

    with DRAWING, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sensitivities = sensitivity_max(
            scores_of, embedded.unsqueeze(0), perturb_radius=RADIUS, n_perturb_samples=PERTURBATIONS
        )
    return float(sensitivities[0])
