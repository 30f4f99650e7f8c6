"""Batches hold every row once, and little padding."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from attribkit.text import batching

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=80)


@given(LENGTHS, st.none() | st.integers(1, 9), st.integers(1, 200), st.none() | st.integers(0, 3), st.booleans())
def test_every_row_appears_once_within_the_limits(
    lengths: list[int], size: int | None, tokens: int, seed: int | None, equal: bool
) -> None:
    found = list(batching.by_length(lengths, size, tokens, seed, equal))
    assert sorted(row for rows in found for row in rows) == list(range(len(lengths)))
    for rows in found:
        longest = max(lengths[row] for row in rows)
        assert len(rows) == 1 or longest * len(rows) <= tokens
        assert size is None or len(rows) <= size
        assert not equal or len({lengths[row] for row in rows}) == 1


def test_a_seed_repeats_itself_and_another_differs() -> None:
    lengths = list(range(1, 60))
    runs = [[rows.tolist() for rows in batching.by_length(lengths, 4, seed=seed)] for seed in (0, 0, 1)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_shuffled_batches_stay_tight() -> None:
    lengths = np.random.default_rng(0).integers(5, 500, 2_000)
    padded = sum(lengths[rows].max() * len(rows) for rows in batching.by_length(lengths, 32, seed=0))
    assert padded <= 1.15 * lengths.sum()


def test_padding_is_masked() -> None:
    ids, mask = batching.pad([np.array([5, 6, 7]), np.array([8])], pad_id=9)
    assert ids.tolist() == [[5, 6, 7], [8, 9, 9]]
    assert mask.tolist() == [[True, True, True], [True, False, False]]
