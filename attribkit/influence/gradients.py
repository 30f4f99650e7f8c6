"""Gradients of answers by all weights that a training moved, text by text."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.errors import InputError
from attribkit.last_layer.targets import Answer
from attribkit.models.classifier import Classifier
from attribkit.models.state import preserve_state


def trained_weights(model: Classifier, epoch: int | None) -> list[str]:
    """The names of the weights that were trained in an epoch: a frozen embedding was not.

    Args:
        model: any network.
        epoch: one of its training; None for the last.
    """
    frozen = epoch is not None and epoch <= int(model.provenance.get("training", {}).get("freeze_epochs", 0))
    embedding = None if model.network.embedding is None else model.network.embedding.weight
    return [name for name, weight in model.network.named_parameters() if not (frozen and weight is embedding)]


def answer_gradients(
    model: Classifier, ids: Sequence[NDArray[np.int64]], answers: Sequence[Answer], names: Sequence[str]
) -> Iterator[list[Tensor]]:
    """For each text the gradient of its answer by each of the weights; the model stays as it is.

    Args:
        model: any network.
        ids: each text's tokens.
        answers: whose gradient, one for each text.
        names: of the weights.

    Raises:
        ValueError: for a model without gradients.
    """
    if not model.capabilities.gradients:
        raise model.capabilities.refusal(
            "what follows gradients of training rows", "gradients", "ak.word_importance does"
        )
    with preserve_state(model.network):
        weights = [model.network.get_parameter(name) for name in names]
        for weight in weights:
            weight.requires_grad_(True)
        for row, answer in zip(ids, answers, strict=True):
            logits = model.network(*model.batch([row]))[0]
            direction = torch.from_numpy(answer.gradient(logits.detach().double().cpu().numpy())).to(logits)
            gradients = torch.autograd.grad(logits @ direction, weights, allow_unused=True)
            yield [
                torch.zeros_like(weight) if gradient is None else gradient.detach()
                for weight, gradient in zip(weights, gradients, strict=True)
            ]


def epochs_kept(model: Classifier) -> list[int]:
    """The epochs after the first step of which a model keeps the weights.

    Raises:
        ValueError: if there are none.
    """
    epochs = [epoch for epoch in sorted(model.snapshots) if epoch > 0]
    if not epochs:
        raise InputError(
            "TracIn and TRAK need the weights of some epochs, the model keeps none; train it with snapshots=[1, 2, …]"
        )
    return epochs
