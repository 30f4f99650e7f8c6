import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from attribkit.attribution.envelope import contenders, level_envelope, steepest, upper_envelope

NUMBERS = st.integers(-6, 6).map(float)  # small integers tie, meet in one point and run parallel often
LINES = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9)


def envelope_of(lines: list[tuple[float, float]]) -> tuple[list[tuple[int, float, float]], list[float]]:
    """(first line, start, end) of each piece above zero, in order, and the share of each line of the set."""
    a, s = torch.tensor(lines, dtype=torch.float64).unbind(1)
    envelope, piece = upper_envelope(torch.zeros(len(a), dtype=torch.int64), a, s, 1)
    found = []
    for number in range(len(envelope.segment)):
        if envelope.end[number] > envelope.start[number]:
            owner = int((piece == number).nonzero()[0])
            found.append((owner, float(envelope.start[number]), float(envelope.end[number])))
    return found, [0.0 if p < 0 else float(envelope.share[p]) for p in piece.tolist()]


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
    segment = torch.cat([torch.full((len(lines),), 2 * number) for number, lines in enumerate(sets)])
    a, s = torch.tensor([line for lines in sets for line in lines], dtype=torch.float64).unbind(1)
    order = torch.randperm(len(a), generator=torch.Generator().manual_seed(0))
    envelope, _ = upper_envelope(segment[order], a[order], s[order], 2 * len(sets))
    for number, lines in enumerate(sets):
        alone, _ = envelope_of(lines)
        mine = (envelope.segment == 2 * number) & (envelope.end > envelope.start)
        assert sorted(envelope.start[mine].tolist()) == [start for _, start, _ in alone]
        assert sorted(envelope.end[mine].tolist()) == [end for *_, end in alone]


def test_lines_that_coincide_share_equally() -> None:
    found, shares = envelope_of([(-1.0, 2.0), (-1.0, 1.0), (-1.0, 2.0), (-1.0, 2.0)])
    assert found == [(0, 0.5, 1.0)]
    assert shares == [1 / 3, 0.0, 1 / 3, 1 / 3]


def test_a_set_without_lines_or_below_zero_has_no_piece() -> None:
    a, s = torch.tensor([-1.0, -2.0]).double(), torch.tensor([0.5, 2.0]).double()
    envelope, piece = upper_envelope(torch.tensor([1, 1]), a, s, 3)
    assert not (envelope.end > envelope.start).any()
    assert piece.tolist() == [-1, -1]


@given(st.lists(NUMBERS, min_size=1, max_size=9), NUMBERS)
@settings(max_examples=200, deadline=None)
def test_from_one_height_the_closed_form_is_what_the_walk_finds(slopes: list[float], height: float) -> None:
    s = torch.tensor(slopes, dtype=torch.float64)
    segment = torch.zeros(len(s), dtype=torch.int64)
    quick, quick_piece = level_envelope(segment, torch.tensor([height], dtype=torch.float64), s)
    walk, walk_piece = upper_envelope(segment, torch.full_like(s, height), s, 1)
    if bool(walk.end[0] > walk.start[0]):
        assert float(quick.start[0]) == float(walk.start[0]) and float(quick.end[0]) == float(walk.end[0])
        assert float(quick.share[0]) == float(walk.share[0])
        assert quick_piece.tolist() == walk_piece.tolist()
    else:
        assert not quick.end[0] > quick.start[0]


def windows(lines: list[list[tuple[float, float]]]) -> tuple[Tensor, Tensor]:
    """Heights at α = 0 and at α = 1, (1, 32, N), of N filters with up to 32 windows each."""
    before = torch.full((1, 32, len(lines)), torch.finfo(torch.float32).min / 16)
    after = before.clone()
    for column, some in enumerate(lines):
        for window, (a, s) in enumerate(some):
            before[0, 3 * window, column], after[0, 3 * window, column] = a, a + s
    return before, after


@given(st.lists(LINES, min_size=1, max_size=3), NUMBERS)
@settings(max_examples=200, deadline=None)
def test_no_line_of_an_envelope_is_lost_among_contenders(lines: list[list[tuple[float, float]]], bias: float) -> None:
    before, after = windows(lines)
    kept = set(contenders(before, after, torch.full((len(lines),), bias)).tolist())
    for column, some in enumerate(lines):
        for line, start, end in reference.envelope_pieces([a + bias for a, _ in some], [s for _, s in some]):
            if end - start > 1e-6:
                assert 3 * line * len(lines) + column in kept


@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=9), min_size=1, max_size=3), NUMBERS)
@settings(max_examples=100, deadline=None)
def test_the_steepest_lines_are_found_with_all_their_ties(slopes: list[list[float]], bias: float) -> None:
    _, after = windows([[(0.0, s) for s in some] for some in slopes])
    found = set(steepest(after, torch.full((len(slopes),), bias)).tolist())
    expected = {
        3 * window * len(slopes) + column
        for column, some in enumerate(slopes)
        for window, s in enumerate(some)
        if s == max(some) and max(s, 0.0) + bias > 0
    }
    assert found == expected
