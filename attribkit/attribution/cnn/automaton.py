"""The compiled core of `shapley`: one filter's expectation and slopes, swept over its thresholds.

What is computed and why is derived in `shapley`; here is how. The threshold falls from the largest value that any
window can take. On its way one *entry* after the other (a window, and which of its words are present) reaches it. Each
changes only the cluster of windows around itself, so only that cluster's chain is run anew: forwards from the entry on,
backwards from it on. An entry through which no probability flows changes nothing and is passed over: most are.

A cluster's part in the slopes is added when the cluster changes, for all thresholds since it last did. With I = ∫ G dθ
from the top down, and its own factor G_c of G unchanged meanwhile,

    ∫ ∂G/∂p_i dθ = ΔI · (P(i present | no window of the cluster reaches θ) − p_i) / (p_i (1 − p_i)).

At time t the words before place t are decided; the state is which of the last K − 1 of them are present, the latest in
the lowest bit. Window t ends at place t; its entry is (state ≪ 1) | (word t present). All is done for L chances at
once, the lanes, which fill the processor's vector registers: the loops over them are the innermost.

The arrays, for W windows, H = 2^(K − 1) states and L lanes:

    odds      (W, 2, L)      the chances that a word is absent, and present; (1, 0) beyond the text
    allowed   (W, 2·H)       0 where an entry reaches the threshold, else 1
    forward   (W + 1, H, L)  the chance of each state, no window of the cluster having reached the threshold so far
    backward  (W + 1, H, L)  the chance that, from a state on, none does
    first     (W,)           of each window in a cluster its first window, and so its last; −1 of others
    chance    (W, L)         at a cluster's first window: G_c, the chance that none of its windows reaches the threshold
    since     (W, L)         there, too: I when the cluster last changed
    total     (L,)           G, the chance that no window reaches the threshold
    integral  (L,)           I
    share     (W, L)         ∫ (P(i present, no window reaches θ) − p_i G) dθ of each word
    room      (3, L)         for numbers that do not last

All compiled code is in this file, for Numba's cache watches the file of the function called and no other.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.attribution.cnn.compiled import compiled, inlined

Array = NDArray[Any]

_NEGLIGIBLE = 1e-18
"""So little probability, flowing through an entry, changes nothing that float64 could hold."""


@compiled
def sweep(values: Array, order: Array, chances: Array, weights: Array, expected: Array, slopes: Array) -> None:
    """Fill `expected` and `slopes` for each of F filters of one width.

    Args:
        values: (F, W · 2 · H) of each entry; −∞ where a word of it can not be so.
        order: (F, M) a filter's entries, the largest first; those of 0 or less are not read.
        chances: (W, L) that each word is present; 0 beyond the text.
        weights: (R, L) of the sums of slopes asked for.
        expected: (F, L) is filled with E[h].
        slopes: (F, R, W) is filled with Σ over lanes of weight · ∂E[h]/∂p_i; 0 where p_i is 0 or 1.
    """
    windows, lanes = chances.shape
    entries = values.shape[1] // windows
    odds = np.empty((windows, 2, lanes))
    for place in range(windows):
        for lane in range(lanes):
            odds[place, 0, lane], odds[place, 1, lane] = 1.0 - chances[place, lane], chances[place, lane]
    allowed = np.empty((windows, entries))
    forward = np.empty((windows + 1, entries // 2, lanes))
    backward = np.empty((windows + 1, entries // 2, lanes))
    first, last = np.empty(windows, np.int64), np.empty(windows, np.int64)
    chance, since, share = np.empty((windows, lanes)), np.empty((windows, lanes)), np.empty((windows, lanes))
    total, integral, room = np.empty(lanes), np.empty(lanes), np.empty((3, lanes))
    for number in range(len(values)):
        allowed[:] = 1.0
        first[:] = -1
        share[:] = 0.0
        total[:] = 1.0
        integral[:] = 0.0
        top = _fall(
            values[number], order[number], odds, allowed, forward, backward,
            first, last, chance, since, total, integral, share, room,
        )  # fmt: skip
        for lane in range(lanes):
            expected[number, lane] = top - integral[lane]
        slopes[number] = 0.0
        for place in range(windows):
            for lane in range(lanes):
                p = chances[place, lane]
                if 0.0 < p < 1.0:
                    for row in range(len(weights)):
                        slopes[number, row, place] -= weights[row, lane] * share[place, lane] / (p * (1.0 - p))


@compiled
def _fall(
    values: Array,
    order: Array,
    odds: Array,
    allowed: Array,
    forward: Array,
    backward: Array,
    first: Array,
    last: Array,
    chance: Array,
    since: Array,
    total: Array,
    integral: Array,
    share: Array,
    room: Array,
) -> float:
    """Decrease the threshold to 0; returns where it started."""
    windows, entries = allowed.shape
    lanes, half = len(total), entries // 2
    top: float = max(values[order[0]], 0.0)
    height = top
    for place in order:
        value = values[place]
        if value <= 0.0:
            break
        window, entry = place // entries, place % entries
        if first[window] < 0:
            matters = _largest(total) > _NEGLIGIBLE
        else:
            before, after = forward[window, entry >> 1], backward[window + 1, entry & (half - 1)]
            matters = _flows(before, odds[window, entry & 1], after, total, chance[first[window]])
        if not matters:
            continue
        if value < height:
            for lane in range(lanes):
                integral[lane] += (height - value) * total[lane]
            height = value
        _reach(
            window, entry, odds, allowed, forward, backward,
            first, last, chance, since, total, integral, share, room,
        )  # fmt: skip
    for lane in range(lanes):
        integral[lane] += height * total[lane]
    window = 0
    while window < windows:
        if first[window] >= 0:
            _settle(window, odds, forward, backward, first, last, chance, since, integral, share, room)
            window = last[window]
        window += 1
    return top


@inlined
def _largest(total: Array) -> float:
    largest = 0.0
    for lane in range(len(total)):
        largest = max(largest, total[lane])
    return largest


@inlined
def _flows(before: Array, odds: Array, after: Array, total: Array, chance: Array) -> bool:
    """Whether an entry has a probability that is not negligible."""
    flows = False
    for lane in range(len(total)):
        flows |= total[lane] * before[lane] * odds[lane] * after[lane] > _NEGLIGIBLE * chance[lane]
    return flows


@inlined
def _reach(
    window: int,
    entry: int,
    odds: Array,
    allowed: Array,
    forward: Array,
    backward: Array,
    first: Array,
    last: Array,
    chance: Array,
    since: Array,
    total: Array,
    integral: Array,
    share: Array,
    room: Array,
) -> None:
    """Handle an entry that the threshold has reached: join the clusters beside it, and run their chain again."""
    lanes, half = len(total), forward.shape[1]
    left, right = _beside(window, half, first)
    start = end = ahead = back = window
    joined, new = room[0], room[1]
    joined[:] = 1.0
    if left >= 0:
        start, end, ahead = first[left], max(window, last[left]), min(window, left + 1)
        _settle(left, odds, forward, backward, first, last, chance, since, integral, share, room)
        for lane in range(lanes):
            joined[lane] *= chance[start, lane]
    else:
        _begin(window, odds, forward)
    if right >= 0:
        end, back = last[right], right - 1
        _settle(right, odds, forward, backward, first, last, chance, since, integral, share, room)
        for lane in range(lanes):
            joined[lane] *= chance[right, lane]
    elif left != window:
        backward[window + 1] = 1.0
    for each in range(start, end + 1):
        first[each], last[each] = start, end
    allowed[window, entry] = 0.0
    for each in range(ahead, end + 1):
        _advance(forward[each], forward[each + 1], odds[each], allowed[each])
    for each in range(back, start - 1, -1):
        _retreat(backward[each], backward[each + 1], odds[each], allowed[each])
    new[:] = 0.0
    for state in range(half):
        for lane in range(lanes):
            new[lane] += forward[end + 1, state, lane]
    for lane in range(lanes):
        chance[start, lane], since[start, lane] = new[lane], integral[lane]
        total[lane] = total[lane] * new[lane] / joined[lane] if joined[lane] > 0.0 else 0.0


@inlined
def _beside(window: int, half: int, first: Array) -> tuple[int, int]:
    """The window itself if it is in a cluster; else the nearest before and after it that are, if they share a word."""
    if first[window] >= 0:
        return window, -1
    left, right, reach = -1, -1, 1
    while 1 << reach <= half:  # reach < K
        if left < 0 and window - reach >= 0 and first[window - reach] >= 0:
            left = window - reach
        if right < 0 and window + reach < len(first) and first[window + reach] >= 0:
            right = window + reach
        reach += 1
    return left, right


@inlined
def _begin(window: int, odds: Array, forward: Array) -> None:
    """The states before a cluster's first window: no window has said anything of the words before it."""
    lanes = forward.shape[2]
    forward[window, 0] = 1.0
    count, place = 1, window
    while count < forward.shape[1]:
        place -= 1
        for state in range(count):
            for lane in range(lanes):
                present = odds[place, 1, lane] if place >= 0 else 0.0
                forward[window, state + count, lane] = forward[window, state, lane] * present
                forward[window, state, lane] *= 1.0 - present
        count *= 2


@inlined
def _advance(before: Array, after: Array, odds: Array, allowed: Array) -> None:
    """The states after a place from those before it; two of these differ in the word that leaves, and join."""
    half, lanes = before.shape
    for entry in range(half):
        bit, old, other = entry & 1, entry >> 1, (entry + half) >> 1
        absent, present = allowed[entry], allowed[entry + half]
        for lane in range(lanes):
            after[entry, lane] = odds[bit, lane] * (absent * before[old, lane] + present * before[other, lane])


@inlined
def _retreat(before: Array, after: Array, odds: Array, allowed: Array) -> None:
    """What is to come, seen from before a place, from what is seen after it."""
    half, lanes = before.shape
    for state in range(half):
        entry, new = 2 * state, (2 * state) & (half - 1)
        absent, present = allowed[entry], allowed[entry + 1]
        for lane in range(lanes):
            before[state, lane] = (
                absent * odds[0, lane] * after[new, lane] + present * odds[1, lane] * after[new + 1, lane]
            )


@inlined
def _settle(
    window: int,
    odds: Array,
    forward: Array,
    backward: Array,
    first: Array,
    last: Array,
    chance: Array,
    since: Array,
    integral: Array,
    share: Array,
    room: Array,
) -> None:
    """Add to each word's share what its cluster contributed since it last changed."""
    start, end, lanes, half = first[window], last[window], len(integral), forward.shape[1]
    owed, scale = room[1], room[2]
    due = False
    for lane in range(lanes):
        owed[lane] = integral[lane] - since[start, lane]
        scale[lane] = owed[lane] / chance[start, lane] if chance[start, lane] > 0.0 else 0.0
        due |= owed[lane] > 0.0
    if not due:
        return
    bit, place = 1, start
    while bit < half and place > 0:  # the words before the first window's last are all in the state before it
        place -= 1
        _add(forward[start], backward[start], bit, owed, scale, odds[place], share[place])
        bit *= 2
    for place in range(start, end + 1):
        _add(forward[place + 1], backward[place + 1], 1, owed, scale, odds[place], share[place])


@inlined
def _add(forward: Array, backward: Array, bit: int, owed: Array, scale: Array, odds: Array, share: Array) -> None:
    """Add ΔI (P(i present | no window of the cluster reaches θ) − p_i); i is the word of the state's `bit`."""
    half, lanes = forward.shape
    for lane in range(lanes):
        share[lane] -= owed[lane] * odds[1, lane]
    for state in range(half):
        if state & bit:
            for lane in range(lanes):
                share[lane] += scale[lane] * (forward[state, lane] * backward[state, lane])
