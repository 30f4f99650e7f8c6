"""Which single number of a network is explained, computed so that it never overflows."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.errors import InputError
from attribkit.task import Task

UNITS: dict[str, str] = {"log_odds": "log-odds", "logit": "logit", "probability": "probability"}
OUTPUTS = (*UNITS, "value")
"""What can be explained; the number of a regression is in its own unit."""


@dataclass(frozen=True)
class Output:
    """What is explained of a model, by its task.

    | task       | output                | scalar                              |
    |------------|-----------------------|-------------------------------------|
    | multiclass | as named              | of a softmax over the classes       |
    | multilabel | log_odds or logit     | the label's logit, its own log-odds |
    | multilabel | probability           | the label's sigmoid                 |
    | regression | value                 | the number                          |

    Attributes:
        name: one of `OUTPUTS`.
        scalar: one of `SCALARS`, as `Target` takes it.
        unit: of the scores.
    """

    name: str
    scalar: str
    unit: str

    @staticmethod
    def of(name: str | None, task: Task, unit: str | None) -> "Output":
        """The output that a user asked for.

        Args:
            name: one of `OUTPUTS`; None for the log-odds, of a regression its number.
            task: of the model.
            unit: of a regression's number.

        Raises:
            ValueError: for an output that such a model does not have.
        """
        check_output(name)
        if task == "regression":
            if name not in (None, "value"):
                raise InputError(
                    f"a regression model has one output, its number in {unit}: leave `output` out, got {name!r}"
                )
            return Output("value", "logit", str(unit))
        name = name or "log_odds"
        if name == "value":
            raise InputError(
                f"output='value' is the number of a regression, this model is {task}; use {', '.join(UNITS)}"
            )
        if task == "multilabel":
            return Output(name, "sigmoid" if name == "probability" else "logit", UNITS[name])
        return Output(name, name, UNITS[name])


def check_output(name: str | None) -> None:
    """Refuse an output that no model has.

    Raises:
        ValueError: for one that is not among `OUTPUTS`.
    """
    if name not in (None, *OUTPUTS):
        raise InputError(f"`output` must be one of {', '.join(UNITS)}, got {name!r}")


SCALARS = ("log_odds", "logit", "probability", "sigmoid")


@dataclass(frozen=True)
class Target:
    """The scalar that is explained, one per text, as a function of its logits z (B, C).

    - `log_odds`: log p_c − log(1 − p_c) = z_c − logsumexp_{k≠c} z_k, in log-odds; the second form cannot overflow. For
      two classes this is z_c − z_other, the single logit of a binary network.
    - `logit`: z_c, in logits.
    - `probability`: p_c.
    - `sigmoid`: 1 / (1 + exp(−z_c)), the probability of a label that holds or not by itself.
    - with `against`, why c and not d: log p_c − log p_d = z_c − z_d, in log-odds.

    Attributes:
        output: which of these.
        index: (B,) int64, the class c of each text.
        against: (B,) int64, the class d, or None.
    """

    output: str
    index: Tensor
    against: Tensor | None = None

    def __post_init__(self) -> None:
        if self.output not in SCALARS:
            raise InputError(f"`output` must be one of {', '.join(UNITS)}, got {self.output!r}")
        if self.against is not None and self.is_probability:
            raise InputError(
                "a pair of classes is explained as log p_a − log p_b; use output='log_odds', not 'probability'"
            )

    @property
    def is_probability(self) -> bool:
        """Whether the scalar is a probability; if not, it is linear in the logits, or a log-odds."""
        return self.output in ("probability", "sigmoid")

    def of(self, logits: Tensor) -> Tensor:
        """The scalar (B,) of logits (B, C), differentiable."""
        chosen = logits.gather(1, self.index.unsqueeze(1)).squeeze(1)
        if self.against is not None:
            return chosen - logits.gather(1, self.against.unsqueeze(1)).squeeze(1)
        if self.output == "logit":
            return chosen
        if self.output == "sigmoid":
            return torch.sigmoid(chosen)
        others = logits.masked_fill(torch.nn.functional.one_hot(self.index, logits.shape[1]).bool(), -torch.inf)
        log_odds = chosen - others.logsumexp(1)
        return log_odds if self.output == "log_odds" else torch.sigmoid(log_odds)

    def to(self, device: torch.device) -> "Target":
        """The target with its tensors on a device."""
        return Target(self.output, self.index.to(device), None if self.against is None else self.against.to(device))

    def rows(self, rows: Tensor | NDArray[np.int64] | list[int] | slice) -> "Target":
        """The target for some of the texts; rows may repeat."""
        return Target(self.output, self.index[rows], None if self.against is None else self.against[rows])
