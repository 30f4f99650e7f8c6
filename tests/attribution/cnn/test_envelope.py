import numpy as np
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from attribkit.attribution.cnn.candidate_windows import candidate_windows, steepest
from attribkit.attribution.cnn.envelope import level_envelope, upper_envelope
from attribkit.attribution.cnn.lookup_tables import masked_value

NUMBERS = st.integers(-6, 6).map(float)  # small integers tie, meet in one point and run parallel often
LINES = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9)


def envelope_of(lines: list[tuple[float, float]]) -> tuple[list[tuple[int, float, float]], list[float]]:
    """(first line, start, end) of each stretch above zero, in order, and the share of each line of the set."""
    a, s = np.array(lines).T
    envelope, won = upper_envelope(np.zeros(len(a), dtype=np.int64), a, s, 1)
    shares = [0.0] * len(lines)
    found: dict[tuple[float, float], int] = {}
    for line, start, end, share in zip(won.tolist(), envelope.start, envelope.end, envelope.share, strict=True):
        assert end > start
        shares[line] = share
        found.setdefault((start, end), line)
    return sorted(((line, start, end) for (start, end), line in found.items()), key=lambda one: one[1]), shares


@given(LINES)
@settings(max_examples=300, deadline=None)
def test_the_walk_finds_the_envelope_that_trying_all_crossings_finds(lines: list[tuple[float, float]]) -> None:
    found, _ = envelope_of(lines)
    expected = reference.envelope_pieces([a for a, _ in lines], [s for _, s in lines])
    wide = [(line, start, end) for line, start, end in expected if end - start > 1e-9]
    narrow = [(line, start, end) for line, start, end in found if end - start > 1e-9]
    assert [line for line, *_ in narrow] == [line for line, *_ in wide]
    for (_, start, end), (_, start_expected, end_expected) in zip(narrow, wide, strict=True):
        assert abs(start - start_expected) < 1e-12 and abs(end - end_expected) < 1e-12


@given(LINES, st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_what_the_pieces_gain_is_what_the_height_gains(lines: list[tuple[float, float]], alpha: float) -> None:
    found, _ = envelope_of(lines)
    a, s = [a for a, _ in lines], [s for _, s in lines]
    gained = sum(s[line] * max(0.0, min(end, alpha) - start) for line, start, end in found)
    height = reference.envelope_height(a, s, alpha) - reference.envelope_height(a, s, 0.0)
    assert abs(gained - height) < 1e-12


@given(st.lists(LINES, min_size=2, max_size=4))
@settings(max_examples=50, deadline=None)
def test_many_sets_at_once_give_what_each_gives_alone(sets: list[list[tuple[float, float]]]) -> None:
    segment = np.repeat(2 * np.arange(len(sets)), [len(lines) for lines in sets])
    a, s = np.array([line for lines in sets for line in lines]).T
    order = np.random.default_rng(0).permutation(len(a))
    envelope, _ = upper_envelope(segment[order], a[order], s[order], 2 * len(sets))
    for number, lines in enumerate(sets):
        alone, _ = envelope_of(lines)
        mine = envelope.segment == 2 * number
        assert sorted(set(envelope.start[mine])) == [start for _, start, _ in alone]
        assert sorted(set(envelope.end[mine])) == [end for *_, end in alone]


def test_lines_that_coincide_share_equally() -> None:
    found, shares = envelope_of([(-1.0, 2.0), (-1.0, 1.0), (-1.0, 2.0), (-1.0, 2.0)])
    assert found == [(0, 0.5, 1.0)]
    assert shares == [1 / 3, 0.0, 1 / 3, 1 / 3]


def test_a_set_without_lines_or_below_zero_has_no_line() -> None:
    envelope, won = upper_envelope(np.array([1, 1]), np.array([-1.0, -2.0]), np.array([0.5, 2.0]), 3)
    assert len(won) == len(envelope.segment) == 0


@given(st.lists(NUMBERS, min_size=1, max_size=9), NUMBERS)
@settings(max_examples=200, deadline=None)
def test_from_one_height_the_closed_form_is_what_the_walk_finds(slopes: list[float], height: float) -> None:
    s = np.array(slopes)
    walk, won = upper_envelope(np.zeros(len(s), dtype=np.int64), np.full_like(s, height), s, 1)
    top = np.flatnonzero(s == s.max())
    if max(s.max(), 0.0) + height > 0:
        quick = level_envelope(np.zeros(len(top), dtype=np.int64), np.full(len(top), height), s[top], 1)
        assert won.tolist() == top.tolist()
        for name in ("start", "end", "share", "slope", "intercept"):
            assert getattr(quick, name).tolist() == getattr(walk, name).tolist(), name
    else:
        assert len(won) == 0


WIDE = st.lists(st.tuples(st.floats(-1e4, 10, width=32), st.floats(-10, 1e4, width=32)), min_size=2, max_size=9)


@given(st.lists(WIDE, min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_a_steep_line_that_wins_only_at_the_end_is_no_less_a_contender(lines: list[list[tuple[float, float]]]) -> None:
    before, after = windows(lines)
    kept = set(candidate_windows(before, after, np.zeros(len(lines))).tolist())
    for column, some in enumerate(lines):
        heights = [(float(before[0, 3 * n, column]), float(after[0, 3 * n, column])) for n in range(len(some))]
        pieces = reference.envelope_pieces([a for a, _ in heights], [b - a for a, b in heights])
        for line, start, end in pieces:
            if end - start > 1e-6:
                assert 3 * line * len(lines) + column in kept


def windows(lines: list[list[tuple[float, float]]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Heights at α = 0 and at α = 1, (1, 32, N), of N filters with up to 32 windows each."""
    before = np.full((1, 32, len(lines)), masked_value(np.dtype(np.float32)), dtype=np.float32)
    after = before.copy()
    for column, some in enumerate(lines):
        for window, (a, s) in enumerate(some):
            before[0, 3 * window, column], after[0, 3 * window, column] = a, a + s
    return before, after


@given(st.lists(LINES, min_size=1, max_size=3), NUMBERS)
@settings(max_examples=200, deadline=None)
def test_no_line_of_an_envelope_is_lost_among_contenders(lines: list[list[tuple[float, float]]], bias: float) -> None:
    before, after = windows(lines)
    kept = set(candidate_windows(before, after, np.full(len(lines), bias)).tolist())
    for column, some in enumerate(lines):
        for line, start, end in reference.envelope_pieces([a + bias for a, _ in some], [s for _, s in some]):
            if end - start > 1e-6:
                assert 3 * line * len(lines) + column in kept


@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=9), min_size=1, max_size=3), NUMBERS)
@settings(max_examples=100, deadline=None)
def test_the_steepest_lines_are_found_with_all_their_ties(slopes: list[list[float]], bias: float) -> None:
    _, after = windows([[(0.0, s) for s in some] for some in slopes])
    found = set(steepest(after, np.full(len(slopes), bias)).tolist())
    expected = {
        3 * window * len(slopes) + column
        for column, some in enumerate(slopes)
        for window, s in enumerate(some)
        if s == max(some) and max(s, 0.0) + bias > 0
    }
    assert found == expected
