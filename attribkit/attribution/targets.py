"""Targets: from a label, an index or a pair to the scalar that is explained."""

import math
import re

import numpy as np
import torch
from numpy.typing import NDArray

from attribkit.attribution.label_index import Index, LabelName
from attribkit.attribution.outputs import Target
from attribkit.errors import InputError, did_you_mean

TargetName = LabelName | tuple[LabelName, LabelName]


LISTED = 20
"""Labels that an error lists."""

_TOP = re.compile("top([1-9][0-9]{0,5})")
_INDEX = re.compile("index:(0|[1-9][0-9]{0,5})")
"""As on the command line and over HTTP, where there is no `Index`."""


def scalars_of(
    target: TargetName | None, output: str, labels: tuple[str, ...], logits: NDArray[np.float64]
) -> list[tuple[list[str], Target]]:
    """The scalars to explain: for each target its name for each text, and the scalar itself.

    Args:
        target: None for each text's likeliest class, a label, an `Index`, "all", "top5" for each text's five likeliest
            (or another number), or a pair for why this and not that.
        output: one of `attribkit.attribution.outputs.SCALARS`.
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
    if isinstance(target, str) and target not in labels and (top := _TOP.fullmatch(target)):
        order = np.argsort(-logits, axis=1, kind="stable")[:, : int(top[1])]
        return [([labels[i] for i in column], Target(output, torch.from_numpy(column.copy()))) for column in order.T]
    if isinstance(target, (tuple, list)):
        if len(target) != 2:
            raise InputError(f"a pair of two labels was expected as `target`, got {len(target)} of them")
        index, against = (find_label(label, labels) for label in target)
        if index == against:
            raise InputError(f"a pair of two different labels was expected as `target`, got {labels[index]!r} twice")
        return [same(index, against)]
    return [same(find_label(target, labels))]


def find_label(target: LabelName, labels: tuple[str, ...], argument: str = "target") -> int:
    """The place of a label.

    Args:
        target: a label; an integer, which is the label of that number, or, where no label is a number, an index; the
            same written as a string; or an `Index`, as a string "index:1".
        labels: (C,).
        argument: what the target was given as, for the error's sentence.

    Raises:
        ValueError: if there is no such label; the sentence lists the labels and suggests the nearest.
    """
    place: int | None = None
    if isinstance(target, Index):
        place = target.index if 0 <= target.index < len(labels) else None
    elif isinstance(target, str) and target in labels:
        place = labels.index(target)
    elif isinstance(target, str) and (asked := _INDEX.fullmatch(target)):
        place = int(asked[1]) if int(asked[1]) < len(labels) else None
    elif (integer := _integer(target)) is not None:
        place = _place_of_integer(integer, labels)
    if place is None:
        index = "an attribkit.Index" if any(_number(label) is not None for label in labels) else "an index"
        other = ", 'all', 'top5' or a pair" if argument == "target" else ""
        names = ", ".join(labels)
        if len(labels) > LISTED:
            names = f"of this model ({', '.join(labels[:3])} and {len(labels) - 3:,} more)"
        raise InputError(
            f"`{argument}` must be one of the labels {names}, {index} below {len(labels)}{other}, got "
            f"{target!r}{did_you_mean(target, labels)}"
        )
    return place


def _integer(target: object) -> int | None:
    """The integer that a target is or spells."""
    if isinstance(target, str):
        return int(target) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", target) else None
    return int(target) if isinstance(target, (int, np.integer)) and not isinstance(target, bool) else None


def _place_of_integer(integer: int, labels: tuple[str, ...]) -> int | None:
    if str(integer) in labels:
        return labels.index(str(integer))
    numbers = [_number(label) for label in labels]
    if any(number is not None for number in numbers):
        # a column of integers with a gap holds "1.0" for 1
        return numbers.index(integer) if numbers.count(integer) == 1 else None
    return integer if 0 <= integer < len(labels) else None


def _number(label: str) -> float | None:
    try:
        number = float(label)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
