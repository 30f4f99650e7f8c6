"""Laws of the split: a partition, no group on two sides, shares honoured, repeatable."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribkit.data.split import connected_rows, split_rows

SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}


@st.composite
def labelled_groups(draw, largest=6):
    """Rows with labels, most of them alone, some in groups; every label often enough to be split."""
    labels = draw(st.lists(st.sampled_from("abc"), min_size=40, max_size=160))
    labels += ["a"] * 10 + ["b"] * 10 + ["c"] * 10
    groups: list[int] = []
    number = 0
    while len(groups) < len(labels):
        groups += [number] * draw(st.integers(1, largest))
        number += 1
    return labels, groups[: len(labels)]


@settings(max_examples=60, deadline=None)
@given(labelled_groups(), st.integers(0, 1000))
def test_every_row_is_in_exactly_one_part_and_no_group_in_two(case, seed):
    labels, groups = case
    parts = split_rows(labels, groups, SHARES, seed)
    assert sorted(row for rows in parts.values() for row in rows) == list(range(len(labels)))
    of_group = [{groups[row] for row in rows} for rows in parts.values()]
    assert sum(map(len, of_group)) == len(set(groups))
    assert {labels[row] for row in parts["train"]} == set(labels)


@settings(max_examples=60, deadline=None)
@given(labelled_groups(), st.integers(0, 1000))
def test_label_shares_are_kept_to_within_the_largest_group(case, seed):
    labels, groups = case
    parts = split_rows(labels, groups, SHARES, seed)
    totals = Counter(labels)
    for name, rows in parts.items():
        counts = Counter(labels[row] for row in rows)
        for label, total in totals.items():
            assert abs(counts[label] - SHARES[name] * total) <= 6 + 2


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcde"), st.integers(20, 90), min_size=2),
    st.floats(0.05, 0.4),
    st.floats(0.05, 0.4),
    st.integers(0, 1000),
)
def test_without_groups_sizes_are_exact_and_labels_right_to_the_row(totals, validation, test, seed):
    labels = [label for label, total in totals.items() for _ in range(total)]
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    parts = split_rows(labels, range(len(labels)), shares, seed)
    for name, rows in parts.items():
        assert abs(len(rows) - shares[name] * len(labels)) < 1 + 1e-6
        counts = Counter(labels[row] for row in rows)
        for label, total in totals.items():
            assert abs(counts[label] - shares[name] * total) <= 2


def test_seventy_fifteen_fifteen_of_a_hundred_is_exactly_that():
    parts = split_rows(["neg", "pos"] * 100, range(200), SHARES, seed=3)
    assert {name: Counter("np"[row % 2] for row in rows) for name, rows in parts.items()} == {
        "train": {"n": 70, "p": 70},
        "validation": {"n": 15, "p": 15},
        "test": {"n": 15, "p": 15},
    }


def test_the_seed_decides_and_the_order_is_shuffled():
    labels = ["neg"] * 50 + ["pos"] * 50
    first, again, other = (split_rows(labels, range(100), SHARES, seed) for seed in (0, 0, 1))
    assert first == again
    assert set(first["test"]) != set(other["test"])
    assert first["train"] != sorted(first["train"])


def test_every_row_is_as_likely_to_be_held_out_as_any_other():
    labels = ["neg", "pos"] * 20
    seen = Counter(row for seed in range(600) for row in split_rows(labels, range(40), SHARES, seed)["test"])
    # 600 draws with p = .15: the mean is 90, a standard deviation 8.7.
    assert all(50 < seen[row] < 135 for row in range(40))


def test_groups_of_all_sizes_are_held_out_not_only_small_ones():
    groups = [number for number in range(60) for _ in range(1 + number % 6)]
    labels = ["neg" if number % 2 else "pos" for number in groups]
    sizes = Counter(groups)
    held: Counter[int] = Counter()
    for seed in range(30):
        held.update(sizes[group] for group in {groups[row] for row in split_rows(labels, groups, SHARES, seed)["test"]})
    assert all(held[size] > 10 for size in range(1, 7))


def test_a_label_all_in_one_group_goes_to_training():
    labels = ["rare"] * 4 + ["often"] * 96
    for seed in range(20):
        parts = split_rows(labels, [0] * 4 + list(range(1, 97)), SHARES, seed)
        assert {0, 1, 2, 3} <= set(parts["train"])


def test_two_rows_of_a_label_leave_one_to_train_on():
    labels = ["rare"] * 2 + ["often"] * 50
    for seed in range(20):
        assert "rare" in {
            labels[row] for row in split_rows(labels, range(52), {"train": 0.1, "test": 0.9}, seed)["train"]
        }


def test_a_part_gets_at_least_one_group_even_where_its_share_is_smaller():
    for seed in range(20):
        groups = [row // 4 for row in range(24)]
        parts = split_rows(["neg", "pos"] * 12, groups, {"train": 0.9, "validation": 0.1}, seed)
        assert len(parts["validation"]) == 4


def test_too_few_rows_or_groups_are_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"3 rows in 3 groups .* validation split of 0.1; .* or `validation=0`"):
        split_rows(["a", "a", "b"], [0, 1, 2], {"train": 0.7, "validation": 0.1, "test": 0.2}, 0)
    with pytest.raises(ValueError, match="20 rows in 1 group that must stay together"):
        split_rows(["a", "b"] * 10, [0] * 20, SHARES, 0)


def test_rows_are_bound_by_any_shared_value_even_through_others():
    texts = ["x", "y", "x", "z", "w"]
    films = ["1", "1", "2", None, None]
    assert connected_rows(texts) == [0, 1, 0, 2, 3]
    assert connected_rows(texts, films) == [0, 0, 0, 1, 2]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.one_of(st.none(), st.integers(0, 8))), min_size=1, max_size=25))
def test_connected_rows_agree_with_a_slow_closure(rows):
    def bound(a, b):
        return a[0] == b[0] or (a[1] is not None and a[1] == b[1])

    numbers = connected_rows([row[0] for row in rows], [row[1] for row in rows])
    for start in range(len(rows)):
        reached, frontier = {start}, [start]
        while frontier:
            current = frontier.pop()
            new = {other for other in range(len(rows)) if bound(rows[current], rows[other])} - reached
            reached |= new
            frontier += new
        assert reached == {other for other in range(len(rows)) if numbers[other] == numbers[start]}
