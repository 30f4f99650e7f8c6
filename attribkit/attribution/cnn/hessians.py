"""Integrated Hessians of a text CNN in closed form: which words act together along the path of integrated gradients.

Integrated Hessians (Janizek, Sturmfels & Lee, "Explaining Explanations: Axiomatic Feature Interactions for Deep
Networks", JMLR 2021) are the integrated gradients of a word's integrated gradient. With d = x − x′ and words i, j,

    Γ_ij = ∫₀¹∫₀¹ αβ ⟨d_i, ∂²S/∂x_i∂x_j (x′ + αβ d) d_j⟩ dα dβ  +  [i = j] ∫₀¹∫₀¹ ⟨d_i, ∂S/∂x_i (x′ + αβ d)⟩ dα dβ,

and αβ = γ has the density −ln γ. A ReLU network has no second derivative, so they smooth its ReLUs. A text CNN needs no
smoothing: along the path a filter's feature is the upper envelope of its windows' lines and of zero
(`integrated_gradients`). At a kink γ, where line q overtakes line p, max(z_p, z_q) has the second derivative
δ(z_q − z_p) ∇(z_q − z_p) ∇(z_q − z_p)ᵀ, and δ(z_q − z_p) = δ(α − γ)/(s_q − s_p) along the path. So a kink adds, with
D_i the difference of what word i gives q's slope and p's,

    w (−γ ln γ) D_i D_j / (s_q − s_p),

and a stretch [α₀, α₁] adds w g_i ∫ −ln γ dγ = w g_i [γ − γ ln γ] from α₀ to α₁ to the diagonal, with g_i the share of
word i in its line's slope. Zero is a line like another, of slope 0. As Σ_j D_j = s_q − s_p, a row sums to
∫ −γ ln γ dg_i + ∫ −ln γ g_i dγ = ∫ g_i dγ: the integrated gradient, exactly. Γ is symmetric.

Windows that tie along the whole path, as those of a repeated phrase do, share their line equally, as in
`integrated_gradients`; by the definition their second derivative is infinite. Where all windows start level, as with
one baseline for every word, no line overtakes another: all interactions then come from filters that rise above zero, or
sink below, on the way.

**By pencil.** One filter, K = 2, taps (1, 1), bias −1, W = 1; the words are worth 2 and 1, the baseline 0. The window
(2, 1) is −1 + 3α, above zero from γ = ⅓ on; D = (2, 1). The kink adds ⅓ ln 3 · D_i D_j / 3, that is ln 3 / 9 times
(4, 2; 2, 1); the diagonal gets (2, 1) times [γ − γ ln γ] = 1 − ⅓ − ⅓ ln 3. The first row sums to
⅔ ln 3 + 4/3 − ⅔ ln 3 = 4/3 = 2 (1 − ⅓), its integrated gradient.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from attribkit.attribution.cnn.active_windows import ActiveWindows
from attribkit.attribution.cnn.envelope import Envelope, Indices
from attribkit.attribution.cnn.filters import ClosedForm
from attribkit.attribution.cnn.game import Numbers, directions
from attribkit.attribution.cnn.integrated_gradients import lines
from attribkit.attribution.outputs import Target


@torch.no_grad()
def integrated_hessians(
    network: ClosedForm, ids: Tensor, mask: Tensor, baseline: Tensor | None, targets: Sequence[Target]
) -> Tensor:
    """Γ (J, B, T, T) float64, symmetric; its rows sum to the integrated gradients; exactly 0 at padding.

    Arguments as those of `integrated_gradients.attribute`; targets must be logits, pairs of classes, or log-odds of two
    classes.

    Raises:
        InputError: as `shapley.shapley_values`.
    """
    texts, length = ids.shape
    hessians = np.zeros((len(targets), texts, length, length))
    for rows, winners, pieces in lines(network, ids, mask, baseline):
        ways = np.stack([directions(target.rows(rows), pieces.outgoing, "integrated Hessians") for target in targets])
        along = ways.reshape(len(targets), -1)[:, winners.envelope.segment]  # (J, P)
        _add_kinks(hessians[:, rows], winners, along)
        level = _antiderivative(winners.envelope.end) - _antiderivative(winners.envelope.start)
        own = winners.spread(along * winners.envelope.share * level)[..., :length]
        places = np.arange(length)
        hessians[:, rows, places, places] += own
    return torch.from_numpy(hessians)


def _add_kinks(hessians: Numbers, winners: ActiveWindows, along: Numbers) -> None:
    """Add what the kinks give to hessians (J, b, T, T)."""
    kink, line, sign, gamma = _kinks(winners.envelope)
    if not len(gamma):
        return
    places, taps = winners.kept if winners.kept is not None else _tokens(winners)
    padded, edge = _padding(winners)
    shares = (taps * winners.envelope.share[:, np.newaxis])[line] * sign[:, np.newaxis]  # (N, K), D of each kink
    steeper = np.bincount(kink, shares.sum(1), len(gamma))
    scale = np.divide(-gamma * np.log(gamma), steeper, out=np.zeros_like(gamma), where=steeper > 0)
    texts, tokens = hessians.shape[1:3]
    text, place = places[line] // padded, places[line] % padded - edge
    inside = (place >= 0) & (place < tokens)
    shares, place = np.where(inside, shares, 0.0), np.where(inside, place, 0)
    first, second = _pairs(kink)
    index = (text[first] * tokens + place[first])[:, :, np.newaxis] * tokens + place[second][:, np.newaxis]  # (M, K, K)
    products = (shares[first] * scale[kink[first], np.newaxis])[:, :, np.newaxis] * shares[second][:, np.newaxis]
    for each, way in zip(hessians, along, strict=True):  # all lines of a kink are one filter's
        weights = products * way[line[first], np.newaxis, np.newaxis]
        each += np.bincount(index.reshape(-1), weights.reshape(-1), texts * tokens**2).reshape(each.shape)


def _pairs(group: Indices) -> tuple[Indices, Indices]:
    """The numbers (M,), (M,) of all ordered pairs, an entry with itself too, of one group; groups (N,) in order."""
    counts = np.bincount(group)
    sizes = counts[group]
    first = np.repeat(np.arange(len(group)), sizes)
    within = np.arange(len(first)) - np.repeat(sizes.cumsum() - sizes, sizes)
    return first, (counts.cumsum() - counts)[group[first]] + within


def _kinks(envelope: Envelope) -> tuple[Indices, Indices, Numbers, Numbers]:
    """Where envelopes bend within the path.

    Returns:
        For every line that begins or ends in a kink: which of the R kinks, which line, +1 if it begins there and −1 if
        it ends; and (R,) the kinks' γ.
    """
    alpha = np.concatenate((envelope.start, envelope.end))
    line = np.tile(np.arange(len(envelope.start)), 2)
    sign = np.repeat([1.0, -1.0], len(envelope.start))
    within = np.flatnonzero((alpha > 0) & (alpha < 1))
    segment, alpha, line, sign = envelope.segment[line[within]], alpha[within], line[within], sign[within]
    order = np.lexsort((alpha, segment))
    segment, alpha = segment[order], alpha[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(segment) != 0) | (np.diff(alpha) != 0)
    return new.cumsum() - 1, line[order], sign[order], alpha[new]


def _tokens(winners: ActiveWindows) -> tuple[Indices, Numbers]:
    """(P, K) each, the places and taps of every line's tokens, where the search kept none."""
    places = winners.path.after.places(winners.row)
    return places, winners.path.taps(places, winners.column)[0]


def _padding(winners: ActiveWindows) -> tuple[int, int]:
    """A text's places with those beyond it, and how many of them stand before it."""
    return winners.path.after.first_rows.shape[1], winners.path.after.filters.widest - 1


def _antiderivative(gamma: Numbers) -> Numbers:
    """γ − γ ln γ, of −ln γ."""
    return gamma - gamma * np.log(np.where(gamma > 0, gamma, 1.0))
