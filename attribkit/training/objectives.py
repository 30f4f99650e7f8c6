"""What is learnt by each task: the labels as numbers, the loss, and the measures of the validation texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from torch import Tensor, nn

from attribkit.errors import InputError
from attribkit.task import THRESHOLD, Task


@dataclass(frozen=True)
class Objective:
    """What is learnt.

    Attributes:
        targets: the labels of N texts as (N,) int64; (N, C) float32, 1 where a label holds; or (N,) float32.
        loss: of logits (B, C) and targets, with weights (C,) or None, summed over the texts.
        measures: of logits and targets, by the names that `Epoch` gives them.
    """

    targets: Callable[[Sequence[Any], Sequence[str]], NDArray[Any]]
    loss: Callable[[Tensor, Tensor, Tensor | None], Tensor]
    measures: Callable[[Tensor, Tensor], dict[str, float]]


@dataclass(frozen=True)
class Standard:
    """Mean and standard deviation of a regression's training numbers; the network learns (number − mean) / deviation.

    After training both are folded into its last layer, so that the network itself gives the number in its own unit.
    """

    mean: float
    deviation: float

    @staticmethod
    def of(numbers: NDArray[np.float32]) -> "Standard":
        """Those of the training numbers (N,), which are not all the same."""
        return Standard(float(numbers.mean(dtype=np.float64)), float(numbers.std(dtype=np.float64)))

    def standardised(self, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        """The numbers (N,) as the network learns them."""
        return ((numbers - self.mean) / self.deviation).astype(np.float32)

    def in_unit(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """A network's weights by name, with a last layer that gives the number in its unit."""
        changed = {
            "output.weight": weights["output.weight"] * self.deviation,
            "output.bias": weights["output.bias"] * self.deviation + self.mean,
        }
        return weights | {name: tensor.to(weights[name].dtype) for name, tensor in changed.items()}


def check_last_layer(network: nn.Module) -> None:
    """Check that a network can learn a number.

    Raises:
        ValueError: if its last layer is not `output`, an `nn.Linear` with a bias and one output.
    """
    layer = getattr(network, "output", None)
    if not isinstance(layer, nn.Linear) or layer.bias is None or layer.out_features != 1:
        raise InputError(
            f"a regression needs a network whose last layer is `output`, an nn.Linear(…, classes) with a bias, "
            f"{type(network).__name__} has none; name its last layer so"
        )


def _places(cells: Sequence[Any], labels: Sequence[str]) -> NDArray[Any]:
    numbers = {label: number for number, label in enumerate(labels)}
    return np.array([numbers[str(cell)] for cell in cells], dtype=np.int64)


def _holding(cells: Sequence[Any], labels: Sequence[str]) -> NDArray[Any]:
    """(N, C) float32, 1 where a label holds; labels that training does not know are left out."""
    numbers = {label: number for number, label in enumerate(labels)}
    holding = np.zeros((len(cells), len(labels)), dtype=np.float32)
    for row, cell in enumerate(cells):
        holding[row, [numbers[name] for name in cell if name in numbers]] = 1
    return holding


def _numbers(cells: Sequence[Any], labels: Sequence[str]) -> NDArray[Any]:
    return np.array(cells, dtype=np.float32)


def _cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    return F.cross_entropy(logits, labels, weights, reduction="sum")


def _binary_cross_entropy(logits: Tensor, holding: Tensor, weights: Tensor | None) -> Tensor:
    """The mean over the labels of each text."""
    return F.binary_cross_entropy_with_logits(logits, holding, pos_weight=weights, reduction="none").mean(1).sum()


def _squared_error(outputs: Tensor, numbers: Tensor, weights: Tensor | None) -> Tensor:
    return F.mse_loss(outputs.squeeze(1), numbers, reduction="sum")


def _of_classes(logits: Tensor, labels: Tensor) -> dict[str, float]:
    predicted = logits.argmax(1)
    average = "binary" if logits.shape[1] == 2 else "macro"
    return {
        "val_accuracy": (predicted == labels).double().mean().item(),
        "val_f1": float(f1_score(labels.cpu().numpy(), predicted.cpu().numpy(), average=average, zero_division=0)),
    }


def _of_labels(logits: Tensor, holding: Tensor) -> dict[str, float]:
    predicted, holds = logits.sigmoid() >= THRESHOLD, holding > 0
    hits = (predicted & holds).sum().item()
    return {
        "val_accuracy": (predicted == holds).all(1).double().mean().item(),
        "val_f1": 2 * hits / max(predicted.sum().item() + holds.sum().item(), 1),
    }


def _of_numbers(outputs: Tensor, numbers: Tensor) -> dict[str, float]:
    errors = outputs.squeeze(1).double() - numbers.double()
    spread = (numbers.double() - numbers.double().mean()).square().sum().item()
    r2 = 1 - errors.square().sum().item() / spread if spread else float("nan")
    return {"val_mae": errors.abs().mean().item(), "val_r2": r2}


OBJECTIVES: dict[Task, Objective] = {
    "multiclass": Objective(_places, _cross_entropy, _of_classes),
    "multilabel": Objective(_holding, _binary_cross_entropy, _of_labels),
    "regression": Objective(_numbers, _squared_error, _of_numbers),
}


def class_weights(targets: NDArray[Any], task: Task = "multiclass") -> Tensor:
    """(C,) weights by which rare labels count as much as frequent ones.

    Of classes N / (C · N_c), so that every class has the same total weight; of a label that holds or not
    (N − N_c) / N_c for the texts where it holds.
    """
    if task == "multilabel":
        counts = np.maximum(targets.sum(0, dtype=np.float64), 1)
        return torch.from_numpy((len(targets) - counts).clip(min=1) / counts)
    counts = np.bincount(targets)
    return torch.from_numpy(len(targets) / (len(counts) * counts))
