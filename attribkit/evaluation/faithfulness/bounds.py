"""Proved bounds for a text CNN, tokens replaced by PAD: the largest effect of any removal, and a random one's.

The best removal of a longer text is only searched for. Two numbers need no search: a bound that no removal of as many
tokens can exceed, and the exact mean over all removals in which every token is removed with the same probability. The
first closes the bracket around the best; the second says how much of a loss is due to *how many* words are missing, in
texts such as the network may never have read, and not to which.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from attribkit.attribution.cnn.bounds import output_bounds
from attribkit.attribution.cnn.shapley import expected_output
from attribkit.attribution.outputs import Target
from attribkit.errors import MissingPackageError
from attribkit.evaluation.faithfulness.followed import FollowedLabels

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RemovalBounds:
    """Proved bounds of one text's removals, for Q numbers of tokens.

    Attributes:
        removed: (Q,) the smallest log p of the class that any removal of so many tokens may leave, in nats.
        kept: (Q,) the largest log p that any choice of so many tokens, kept alone, may have, in nats.
        masked: (Q,) the mean log-odds of the class against the runner-up, or of a label by itself, if each token is
            masked with probability k / T.
    """

    removed: Numbers
    kept: Numbers
    masked: Numbers

    @staticmethod
    def of(
        network: Any, ids: NDArray[np.int64], pad_id: int, followed: FollowedLabels, counts: NDArray[np.int64]
    ) -> "RemovalBounds | None":
        """The bounds of a text's label.

        p = 1 / (1 + Σ_d e^−(z_c − z_d)) over the other classes d, and each difference of two logits has its own bound.
        Of a label that holds by itself p = 1 / (1 + e^−z).

        Args:
            network: has a closed form.
            ids: (T,).
            pad_id: what takes a token's place.
            followed: the label, of this one text.
            counts: (Q,) numbers of tokens.

        Returns:
            None if Numba, which the bounds need, is not installed.
        """
        targets, place = _differences(followed, network.output.out_features)
        text = torch.from_numpy(ids)[np.newaxis]
        arguments = (network, text, torch.ones_like(text, dtype=torch.bool), torch.full_like(text, pad_id), targets)
        try:
            removed = output_bounds(*arguments, counts.tolist())[0][:, 0].numpy()
            kept = output_bounds(*arguments, counts.tolist(), kept=True)[1][:, 0].numpy()
            masked = expected_output(*arguments, (1 - counts / len(ids)).tolist())[:, 0].numpy()
        except MissingPackageError:
            return None
        return RemovalBounds(_log_p(removed), _log_p(kept), masked[place])


def _differences(followed: FollowedLabels, classes: int) -> tuple[list[Target], int]:
    """What p is made of: z_c − z_d for each other class d and the runner-up's place among them; or z_c alone."""
    label = torch.from_numpy(followed.labels)
    if followed.rivals is None:
        return [Target("logit", label)], 0
    others = np.delete(np.arange(classes), int(label)).tolist()
    return [Target("log_odds", label, torch.tensor([other])) for other in others], others.index(int(followed.rivals[0]))


def _log_p(differences: Numbers) -> Numbers:
    """Log p (Q,) of a class whose logit exceeds each other's by so much (C − 1, Q)."""
    log_p: Numbers = -np.logaddexp(0.0, np.logaddexp.reduce(-differences, axis=0))
    return log_p
