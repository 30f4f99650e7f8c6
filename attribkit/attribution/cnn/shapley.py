"""Shapley and Banzhaf values of a text CNN over all 2^T coalitions of its words: exact, in polynomial time.

**The game.** The players are the T words. Of a coalition S the words in S are present, and each other is its baseline
in its own place (Sundararajan & Najmi, "The Many Shapley Values for Model Explanation", ICML 2020). The logits are
z = b + Σ_f w_f h_f, so the value of a logit, or of a difference of two, is Σ_f w_f φ(h_f): one filter at a time. For a
filter of width K, h(S) = max(0, max_t z_t(S)), and z_t(S) depends on the K words of window t alone.

**1. Thresholds.** h(S) = ∫₀^∞ [some z_t(S) ≥ θ] dθ. The indicator only changes at the values that windows can take.

**2. An automaton.** Let every word be present with chance p_i, by itself. G_θ(p) = P(no window reaches θ) is a product
of constraints on K neighbouring words each: a chain whose state is which of the last K − 1 words are present. Running
it forwards and backwards gives G_θ and, for all words at once, ∂G_θ/∂p_i. Windows that can reach a high θ are few and
stand in clusters; G_θ is the product of the clusters' own chains (`automaton`).

**3. The multilinear extension** (Owen, "Multilinear Extensions of Games", 1972). With E_p[h] = ∫₀^∞ (1 − G_θ(p)) dθ,

    φ_i = ∫₀¹ ∂E_p[h]/∂p_i at p₁ = … = p_T = q, dq.

The integrand is a polynomial in q of degree T − 1 at most, so ⌈T/2⌉ Gauss–Legendre nodes give φ exactly. Fewer do, and
how few is proved, not tried. ∂E/∂p_i = Σ_S c_S q^|S| (1 − q)^(T−1−|S|) over S without i, |c_S| ≤ θ₁, the largest value
of a window; so for complex q it is at most θ₁ (|q| + |1 − q|)^(T−1). On the Bernstein ellipse ρ = e^η around [0, 1]
|q| + |1 − q| is cosh η everywhere, and n nodes err by at most (Trefethen, "Is Gauss Quadrature Better than
Clenshaw–Curtis?", 2008, theorem 4.5)

    (32/15) θ₁ cosh(η)^(T−1) e^(−2nη) / (1 − e^(−2η))    for every η > 0, that is about θ₁ e^(−2n²/T).

`nodes` takes the least n for which that is 1e-12 · θ₁: 60 at 250 words, 120 at 1,000.

**4. Banzhaf values** (Banzhaf, "Weighted Voting Doesn't Work", 1965) are the same derivative at q = ½ alone, the mean
over all coalitions; `expected_output` is E itself, at any q: what the network says on average with words masked at
random.

**By pencil.** One filter, K = 2, taps (1, 1), bias 0, zero baseline, W = 1; three words worth 1, 2, −3. Its windows are
(1), (1, 2), (2, −3), (−3), with the first and the last half outside. Write a, b, c for "word 1, 2, 3 is present".
They can be 1 (a), 2 (b), 3 (a and b), −1 (b and c), −3 (c). Thresholds:

- 3 ≥ θ > 2: reached by {a, b} only. P = p_a p_b.
- 2 ≥ θ > 1: reached if b, whatever the rest: with a by window (1, 2); without a the same window is 2. P = p_b.
- 1 ≥ θ > 0: reached if a or b. P = p_a + p_b − p_a p_b.

E = p_a p_b + p_b + (p_a + p_b − p_a p_b) = p_a + 2 p_b: no synergy is left, φ = (1, 2, 0), the Banzhaf values too. Word
3 has no part, for no window needs it. With the bias at −1 each value is 1 less, the third threshold range is gone,
E = p_a p_b + p_b and φ = (½, 3/2, 0), for ∫₀¹ q dq = ½; h(1, 1, 1) − h(0, 0, 0) = 2 − 0: complete. The Shapley
interaction of the two is ∂²E/∂p_a∂p_b = 1 (`interactions`).

Not of this form, and so not exact: probabilities, log-odds of more than two classes (both mix the filters through a
function that is not linear), and deletion that closes the gap (it moves words to other windows). In general Shapley
values of a network cannot be had in polynomial time (Marzouk et al., "On the Computational Tractability of the (Many)
Shapley Values", 2025); what makes them so here is that a maximum of local windows is an automaton.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.cnn.filters import ClosedForm, Filters
from attribkit.attribution.cnn.game import Game, Numbers, directions, games
from attribkit.attribution.outputs import Target
from attribkit.errors import InputError, MissingPackageError

_ERROR = 1e-12
"""What the quadrature may leave of a filter's largest value, proved."""
_LANES = 32
"""Chances swept together."""
_ENTRIES_AT_ONCE = 2**19
"""Bounds the filters whose windows' values are sorted together."""
_MAX_BYTES = 2**31


def shapley_values(
    network: ClosedForm, ids: Tensor, mask: Tensor, baseline: Tensor | None, targets: Sequence[Target]
) -> Tensor:
    """Every word's Shapley value: (J, B, T) float64, exactly 0 at padding and where a word is its baseline.

    They sum to S(text) − S(baseline). All targets come from one pass over the filters.

    Args:
        network: has a closed form (`integrated_gradients.has_closed_form`); dropout is ignored, whatever its mode.
        ids: (B, T) int64.
        mask: (B, T) bool, True for real tokens, which come first.
        baseline: None for zero vectors; (E,) for the same vector at every token; (B, T) int64 for token ids; (B, T, E)
            for anything.
        targets: J scalars, each with one class per text: logits, pairs of classes, or log-odds of two classes.

    Raises:
        InputError: if the filters' geometry is not that of a closed form, a target is not linear in the logits, or a
            text needs more than 2 GiB.
    """

    def rule(words: int) -> tuple[Numbers, Numbers]:
        return gauss_legendre(nodes(words))

    return _values(network, ids, mask, baseline, targets, rule, "Shapley values")


def banzhaf_values(
    network: ClosedForm, ids: Tensor, mask: Tensor, baseline: Tensor | None, targets: Sequence[Target]
) -> Tensor:
    """Every word's Banzhaf value: its mean contribution over all coalitions of the others.

    They need not sum to S(text) − S(baseline). Arguments, shape and errors are those of `shapley_values`.
    """

    def rule(words: int) -> tuple[Numbers, Numbers]:
        return np.array([0.5]), np.array([1.0])

    return _values(network, ids, mask, baseline, targets, rule, "Banzhaf values")


def expected_output(
    network: ClosedForm,
    ids: Tensor,
    mask: Tensor,
    baseline: Tensor | None,
    targets: Sequence[Target],
    chances: Sequence[float],
) -> Tensor:
    """(J, B, Q): each scalar's expectation if every word is present with the same probability q, independently.

    Args:
        network: as for `shapley_values`.
        ids: as for `shapley_values`.
        mask: as for `shapley_values`.
        baseline: as for `shapley_values`.
        targets: as for `shapley_values`.
        chances: Q probabilities.
    """
    q = np.asarray(chances, dtype=np.float64)
    if q.ndim != 1 or not bool(((q >= 0) & (q <= 1)).all()):
        raise InputError(f"`chances` must be numbers from 0 to 1, got {chances}; 0.5 keeps every other word on average")
    free = free_bias(network)
    constant = np.stack([directions(target, free, "expected outputs") for target in targets])  # (J, B)
    along = ways(network, targets, "expected outputs")
    expectations = np.empty((*constant.shape, len(q)))
    for row, game in enumerate(games(network, ids, mask, baseline)):
        expected, _ = expectations_and_slopes(game, np.broadcast_to(q, (len(game.free), len(q))), np.zeros((0, len(q))))
        expectations[:, row] = constant[:, row, np.newaxis] + along[:, row] @ expected
    return torch.from_numpy(expectations)


def nodes(words: int) -> int:
    """How many Gauss–Legendre nodes give the Shapley values of so many words, to 1e-12 of a window's largest value."""
    exact = max(1, -(-words // 2))
    eta = np.geomspace(1e-3, 10.0, 400)
    bound = np.log(32 / 15 / -np.expm1(-2 * eta)) + (words - 1) * np.log(np.cosh(eta))
    enough = int(np.ceil(((bound - np.log(_ERROR)) / (2 * eta)).min()))
    return min(exact, enough)


@cache
def gauss_legendre(count: int) -> tuple[Numbers, Numbers]:
    """Nodes and weights (n,) on [0, 1]."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return (points + 1) / 2, weights / 2


def expectations_and_slopes(
    game: Game, chances: Numbers, weights: Numbers, known: NDArray[np.int8] | None = None
) -> tuple[Numbers, Numbers]:
    """Every filter's expectation and weighted slopes.

    Args:
        game: of one text.
        chances: (T, L) the probability that each word is present, one column per lane.
        weights: (R, L).
        known: (T,) as for `Game.values`: 1 where a word's probabilities are all 1, 0 where they are all 0, else −1.

    Returns:
        (N, L) E[h_f], and (R, N, T) Σ over lanes of weight · ∂E[h_f]/∂p_i; 0 where a probability is 0 or 1.
    """
    filters, lanes = game.filters, chances.shape[1]
    expected = np.zeros((len(filters.widths), filters.most, lanes))
    slopes = np.zeros((len(weights), len(filters.widths), filters.most, len(game.free)))
    at_once = _lanes(game)
    automaton = core("automaton")

    def fill(task: tuple[int, slice]) -> None:
        kernel, columns = task
        values = game.values(kernel, columns, known)
        windows = values.shape[1]
        flat = values.reshape(len(values), -1)
        order = falling(flat)
        padded = np.zeros((windows, lanes))
        padded[: len(chances)] = np.where(game.free[:, np.newaxis], chances, 0.0)
        for chunk in (slice(first, first + at_once) for first in range(0, lanes, at_once)):
            part = np.ascontiguousarray(padded[:, chunk])
            means = np.empty((len(values), part.shape[1]))
            sums = np.empty((len(values), len(weights), windows))
            automaton.sweep(flat, order, part, np.ascontiguousarray(weights[:, chunk]), means, sums)
            expected[kernel, columns, chunk] = means
            slopes[:, kernel, columns] += sums[..., : len(chances)].swapaxes(0, 1)

    if len(game.free):
        run_in_threads(fill, list(tasks(game)))
    return expected.reshape(filters.columns, lanes), slopes.reshape(len(weights), filters.columns, len(game.free))


def _values(
    network: ClosedForm,
    ids: Tensor,
    mask: Tensor,
    baseline: Tensor | None,
    targets: Sequence[Target],
    rule: Callable[[int], tuple[Numbers, Numbers]],
    method: str,
) -> Tensor:
    along = ways(network, targets, method)
    scores = np.zeros((len(targets), *ids.shape))
    for row, game in enumerate(games(network, ids, mask, baseline)):
        chances, weights = rule(int(game.free.sum()))
        _, slopes = expectations_and_slopes(
            game, np.broadcast_to(chances, (len(game.free), len(chances))), weights[np.newaxis]
        )
        scores[:, row, : len(game.free)] = along[:, row] @ slopes[0]
    return torch.from_numpy(scores)


def core(name: str) -> Any:
    """A compiled module of this folder, loaded once it is needed: Numba takes a quarter of a second.

    Raises:
        MissingPackageError: if there is no Numba.
    """
    try:
        import_module("numba")
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            "exact Shapley values need Numba; install it with: pip install 'attribkit[fast]'"
        ) from error
    return import_module(f"attribkit.attribution.cnn.{name}")


def ways(network: ClosedForm, targets: Sequence[Target], method: str) -> Numbers:
    """(J, B, N) the weight of each filter's feature in each target."""
    outgoing = Filters.of(network).outgoing(network.output)
    return np.stack([directions(target, outgoing, method) for target in targets])


def free_bias(network: ClosedForm) -> Numbers:
    """(C,) the logits' own bias."""
    bias = network.output.bias
    return np.zeros(network.output.out_features) if bias is None else bias.detach().double().cpu().numpy()


def falling(values: Numbers) -> NDArray[np.int64]:
    """(F, M) the places of each filter's positive values (F, P), the largest first, then of one that is not."""
    counts = (values > 0).sum(1)
    order = np.repeat(values.argmin(1)[:, np.newaxis], max(1, int(counts.max(initial=0))), axis=1)
    for row, count, filter_values in zip(order, counts, values, strict=True):
        places = np.flatnonzero(filter_values > 0)
        row[:count] = places[np.argsort(-filter_values[places])]
    return order


def tasks(game: Game) -> Iterator[tuple[int, slice]]:
    """Some filters of one width at a time, the widest first, for they take longest."""
    filters = game.filters
    for kernel in sorted(range(len(filters.widths)), key=lambda kernel: -filters.widths[kernel]):
        step = max(1, min(16, _ENTRIES_AT_ONCE // (game.windows(kernel) << game.width(kernel))))
        for first in range(0, filters.counts[kernel], step):
            yield kernel, slice(first, min(first + step, filters.counts[kernel]))


def run_in_threads(work: Callable[[tuple[int, slice]], None], tasks: Sequence[tuple[int, slice]]) -> None:
    """Do all tasks on as many cores as torch may use; the compiled code leaves the interpreter free meanwhile."""
    cores = min(torch.get_num_threads(), len(tasks))
    if cores == 1:
        for task in tasks:
            work(task)
        return
    with ThreadPoolExecutor(cores) as pool:
        for _ in pool.map(work, tasks):
            pass


def _lanes(game: Game) -> int:
    """How many probabilities are swept together; fewer if a long text or a wide kernel would take much memory."""
    per_lane = max(
        (2 * (game.windows(kernel) + 1) << (game.width(kernel) - 1)) * 8 for kernel in range(len(game.filters.widths))
    )
    if 8 * per_lane > _MAX_BYTES:
        raise InputError(
            f"{len(game.free):,} words under kernels of width {game.filters.widest} take {8 * per_lane:,} bytes, more "
            f"than {_MAX_BYTES:,}; cut the text, or use method='shapley_sampling'"
        )
    return int(np.clip(2**26 // per_lane, 8, _LANES))
