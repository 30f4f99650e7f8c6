"""Targets: from a label, an index or a pair to the scalar that is explained."""

import numpy as np
import torch
from numpy.typing import NDArray

from attribkit.attribution.outputs import Target
from attribkit.errors import InputError, did_you_mean

TargetName = str | int | tuple[str | int, str | int]


def scalars_of(
    target: TargetName | None, output: str, labels: tuple[str, ...], logits: NDArray[np.float64]
) -> list[tuple[list[str], Target]]:
    """The scalars to explain: for each target its name for each text, and the scalar itself.

    Args:
        target: None for each text's predicted class, a label, an index, "all", or a pair for why this and not that.
        output: one of `attribkit.attribution.outputs.UNITS`.
        labels: (C,).
        logits: (N, C).

    Raises:
        ValueError: for anything else.
    """
    count = len(logits)

    def same(index: int, against: int | None = None) -> tuple[list[str], Target]:
        name = labels[index] if against is None else f"{labels[index]} − {labels[against]}"
        pair = None if against is None else torch.full((count,), against)
        return [name] * count, Target(output, torch.full((count,), index), pair)

    if target is None:
        best = logits.argmax(1)
        return [([labels[i] for i in best], Target(output, torch.from_numpy(best)))]
    if target == "all" and "all" not in labels:
        return [same(index) for index in range(len(labels))]
    if isinstance(target, (tuple, list)):
        if len(target) != 2:
            raise InputError(f"a pair of two labels was expected as `target`, got {len(target)} of them")
        index, against = (find_label(label, labels) for label in target)
        if index == against:
            raise InputError(f"a pair of two different labels was expected as `target`, got {labels[index]!r} twice")
        return [same(index, against)]
    return [same(find_label(target, labels))]


def find_label(target: str | int, labels: tuple[str, ...]) -> int:
    """The number of a label given by its name or, if it is no name, by its index.

    Raises:
        ValueError: if there is no such label; the sentence lists the labels and suggests the nearest.
    """
    if isinstance(target, str) and target in labels:
        return labels.index(target)
    if isinstance(target, (int, np.integer)) and not isinstance(target, bool) and 0 <= target < len(labels):
        return int(target)
    if isinstance(target, str) and target in map(str, range(len(labels))):
        return int(target)
    hint = did_you_mean(target, labels)
    raise InputError(
        f"`target` must be one of the labels {', '.join(labels)}, an index below {len(labels)}, 'all' or a pair, got "
        f"{target!r}{hint}"
    )
