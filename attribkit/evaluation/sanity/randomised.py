"""Copies of a model with randomised layers, and the rank correlation of two sets of scores."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from attribkit.evaluation.scores import Scores
from attribkit.models.classifier import Classifier
from attribkit.rank_correlation import spearman


def layers_top_down(model: Classifier) -> tuple[str, ...]:
    """The layers that own weights, the one nearest to the output first."""
    modules = dict(model.network.named_modules())
    names = [layer.name for layer in model.inside()]
    return tuple(name for name in reversed(names) if list(modules[name].parameters(recurse=False)))


def randomised(model: Classifier, layers: Iterable[str], seed: int) -> Classifier:
    """A copy of the model with these layers' weights replaced by random numbers; the model itself stays as it is.

    Each tensor gets independent normal numbers with its own mean and standard deviation, so that what was learned is
    lost and the layer's scale is not. A layer gets the same numbers whichever others are randomised with it. The
    embedding's PAD row stays, for it is no word.

    Args:
        model: any classifier.
        layers: their names.
        seed: of the random numbers.
    """
    copy = model.copy()
    modules = dict(copy.network.named_modules())
    places = {name: place for place, name in enumerate(modules)}
    for name in layers:
        random = torch.Generator().manual_seed(seed * 1_000 + places[name])
        for parameter in modules[name].parameters(recurse=False):
            words = copy.network.embedding is not None and parameter is copy.network.embedding.weight
            _redraw(parameter, model.tokenizer.pad_id if words else None, random)
    return copy


@torch.no_grad()
def _redraw(parameter: nn.Parameter, kept: int | None, random: torch.Generator) -> None:
    spread = float(parameter.std()) if parameter.numel() > 1 else float(parameter.abs().max())
    drawn = torch.randn(parameter.shape, generator=random) * spread + float(parameter.mean())
    drawn = drawn.to(parameter)
    if kept is not None:
        drawn[kept] = parameter[kept]
    parameter.copy_(drawn)


def correlations(first: Scores, second: Scores, *, sizes: bool = False) -> NDArray[np.float64]:
    """Spearman's correlation (N,) of each text's scores; of their sizes alone, if asked for.

    Args:
        first: each of N texts' (T,).
        second: likewise.
        sizes: whether of the scores' sizes, signs left out.
    """
    pairs = zip(first, second, strict=True)
    return np.array([spearman(np.abs(a), np.abs(b)) if sizes else spearman(a, b) for a, b in pairs])
