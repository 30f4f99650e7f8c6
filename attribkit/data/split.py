"""Splits of rows: seeded, stratified by label, and never through a group."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from random import Random

import numpy as np
import pandas as pd

from attribkit.errors import InputError
from attribkit.plurals import number_of


def connected_rows(*keys: Sequence[Hashable]) -> list[int]:
    """Number the groups of rows that must stay together: those that share a value of any key, directly or by others.

    A value of None connects nothing. Groups are numbered by first occurrence.

    Returns:
        one group number per row.
    """
    from scipy.sparse import coo_array  # which takes nearly half a second to load
    from scipy.sparse.csgraph import connected_components

    rows = len(keys[0])
    bound = [np.empty((2, 0), dtype=np.int64)]  # each row and the node of a value that it has
    nodes = rows
    for values in keys:
        value, distinct = pd.factorize(pd.Series(list(values), dtype=object))
        row = np.flatnonzero(value >= 0)
        bound.append(np.stack((row, nodes + value[row])))
        nodes += len(distinct)
    edges = np.concatenate(bound, axis=1)
    graph = coo_array((np.ones(edges.shape[1], dtype=np.int8), edges), (nodes, nodes))
    _, component = connected_components(graph, directed=False)
    groups: list[int] = pd.factorize(component[:rows])[0].tolist()
    return groups


def split_rows(
    labels: Sequence[str], groups: Sequence[int], shares: Mapping[str, float], seed: int
) -> dict[str, list[int]]:
    """Divide the rows 0 … n−1 among the parts of `shares`, whole groups only, stratified by label.

    Without groups of several rows each part gets its share of every label, to the row. Groups are placed largest first,
    each where it brings the counts nearest to those wanted (least Σ (count − wanted)² / wanted), so that single rows
    can correct what groups leave uneven.

    scikit-learn's `StratifiedGroupKFold` makes equal folds only, its `GroupShuffleSplit` does not stratify, and neither
    guarantees every label in the training part, exact sizes, or a group in a small part.

    Args:
        labels: the label of each row.
        groups: the group number of each row.
        shares: for each part its share of the rows, summing to 1; the first part is for training and gets every label.
        seed: decides which rows go where, and their order.

    Returns:
        the rows of each part, shuffled. Every row is in exactly one.

    Raises:
        ValueError: if there are too few groups for every part to get one.
    """
    rng = Random(seed)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        members[group].append(row)
    order = list(members)
    rng.shuffle(order)
    order.sort(key=lambda group: -len(members[group]))
    counts = {group: Counter(labels[row] for row in rows) for group, rows in members.items()}
    part_of = _place(order, counts, _wanted_counts(Counter(labels), shares))
    _give_every_label(part_of, counts, next(iter(shares)))
    _fill_empty(part_of, counts, list(shares))
    parts: dict[str, list[int]] = {name: [] for name in shares}
    for group in order:
        parts[part_of[group]].extend(members[group])
    for name, rows in parts.items():
        if not rows:
            raise InputError(
                f"{number_of(len(labels), 'row')} in {number_of(len(members), 'group')} that must stay "
                f"together are too few for a {name} "
                f"split of {shares[name]:.3g}; give more rows, a larger share, or `{name}=0`"
            )
        rng.shuffle(rows)
    return parts


def _wanted_counts(totals: Mapping[str, int], shares: Mapping[str, float]) -> dict[str, dict[str, int]]:
    """How many rows of each label each part should get: whole numbers that sum to the totals and to the shares."""
    rows = sum(totals.values())
    exact = {(part, label): share * total for part, share in shares.items() for label, total in totals.items()}
    wanted = {cell: int(value + 1e-9) for cell, value in exact.items()}
    free_in_part = _largest_remainder({part: share * rows for part, share in shares.items()}, rows)
    free_of_label = dict(totals)
    for (part, label), count in wanted.items():
        free_in_part[part] -= count
        free_of_label[label] -= count
    for part, label in sorted(exact, key=lambda cell: wanted[cell] - exact[cell]) * 2:
        # The first pass rounds up the largest remainders; the second may round a cell up again where margins leave no
        # other choice.
        take = min(1, free_in_part[part], free_of_label[label])
        if take > 0:
            wanted[part, label] += take
            free_in_part[part] -= take
            free_of_label[label] -= take
    for label, free in free_of_label.items():
        wanted[next(iter(shares)), label] += free
    return {part: {label: wanted[part, label] for label in totals} for part in shares}


def _largest_remainder(exact: Mapping[str, float], total: int) -> dict[str, int]:
    whole = {name: int(value + 1e-9) for name, value in exact.items()}
    for name in sorted(exact, key=lambda name: whole[name] - exact[name])[: total - sum(whole.values())]:
        whole[name] += 1
    return whole


def _place(
    order: Sequence[int], counts: Mapping[int, Counter[str]], wanted: Mapping[str, Mapping[str, int]]
) -> dict[int, str]:
    missing = {part: dict(by_label) for part, by_label in wanted.items()}
    part_of = {}
    for group in order:
        # By how much Σ (count − wanted)² / wanted grows when the group joins the part.
        best = min(
            wanted,
            key=lambda part: sum(
                count * (count - 2 * missing[part][label]) / max(wanted[part][label], 0.5)
                for label, count in counts[group].items()
            ),
        )
        part_of[group] = best
        for label, count in counts[group].items():
            missing[best][label] -= count
    return part_of


def _give_every_label(part_of: dict[int, str], counts: Mapping[int, Counter[str]], first: str) -> None:
    """Move the smallest group that holds a label to the part to train on, where that part lacks it."""
    present = {label for group, part in part_of.items() if part == first for label in counts[group]}
    for label in sorted({label for labels in counts.values() for label in labels} - present):
        smallest = min((group for group in part_of if label in counts[group]), key=lambda group: counts[group].total())
        part_of[smallest] = first


def _fill_empty(part_of: dict[int, str], counts: Mapping[int, Counter[str]], parts: Sequence[str]) -> None:
    """Give a part that got nothing the smallest group the first can spare without losing a label."""
    first = parts[0]
    for part in parts[1:]:
        if part in part_of.values():
            continue
        holders = Counter(label for group, place in part_of.items() if place == first for label in counts[group])
        spare = (
            group
            for group, place in part_of.items()
            if place == first and all(holders[label] > 1 for label in counts[group])
        )
        smallest = min(spare, key=lambda group: counts[group].total(), default=None)
        if smallest is not None:
            part_of[smallest] = part
