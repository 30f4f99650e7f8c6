"""Which single number of a network is explained, computed so that it never overflows."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.errors import InputError

UNITS: dict[str, str] = {"log_odds": "log-odds", "logit": "logit", "probability": "probability"}


@dataclass(frozen=True)
class Target:
    """The scalar that is explained, one per text, as a function of its logits z (B, C).

    - `log_odds`: log p_c − log(1 − p_c) = z_c − logsumexp_{k≠c} z_k, in log-odds; the second form cannot overflow. For
      two classes this is z_c − z_other, the single logit of a binary network.
    - `logit`: z_c, in logits.
    - `probability`: p_c.
    - with `against`, why c and not d: log p_c − log p_d = z_c − z_d, in log-odds.

    Attributes:
        output: which of the three.
        index: (B,) int64, the class c of each text.
        against: (B,) int64, the class d, or None.
    """

    output: str
    index: Tensor
    against: Tensor | None = None

    def __post_init__(self) -> None:
        if self.output not in UNITS:
            raise InputError(f"`output` must be one of {', '.join(UNITS)}, got {self.output!r}")
        if self.against is not None and self.output == "probability":
            raise InputError(
                "a pair of classes is explained as log p_a − log p_b; use output='log_odds', not 'probability'"
            )

    def of(self, logits: Tensor) -> Tensor:
        """The scalar (B,) of logits (B, C), differentiable."""
        chosen = logits.gather(1, self.index.unsqueeze(1)).squeeze(1)
        if self.against is not None:
            return chosen - logits.gather(1, self.against.unsqueeze(1)).squeeze(1)
        if self.output == "logit":
            return chosen
        others = logits.masked_fill(torch.nn.functional.one_hot(self.index, logits.shape[1]).bool(), -torch.inf)
        log_odds = chosen - others.logsumexp(1)
        return log_odds if self.output == "log_odds" else torch.sigmoid(log_odds)

    def to(self, device: torch.device) -> "Target":
        """The target with its tensors on a device."""
        return Target(self.output, self.index.to(device), None if self.against is None else self.against.to(device))

    def rows(self, rows: Tensor | NDArray[np.int64] | list[int] | slice) -> "Target":
        """The target for some of the texts; rows may repeat."""
        return Target(self.output, self.index[rows], None if self.against is None else self.against[rows])
