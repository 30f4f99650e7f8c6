"""Integrated gradients of a text CNN in closed form: no steps, no gradients, no network run.

**The integral.** Integrated gradients of a scalar S compare a text x with a baseline x′ (Sundararajan, Taly & Yan,
"Axiomatic Attribution for Deep Networks", ICML 2017). Token i, with its embedding x_i, gets

    φ_i = ⟨x_i − x′_i, ∫₀¹ ∂S/∂x_i (x′ + α(x − x′)) dα⟩,        so that   Σ_i φ_i = S(x) − S(x′).

Others approximate it by 50 to 5,000 gradients. Here it can be written down, for along that straight path the network is
piecewise linear in the single number α (as any ReLU network is: Sotoudeh & Thakur, "Computing Linear Restrictions of
Neural Networks", NeurIPS 2019); for max-pooled convolutions the pieces are few and can be read off.

**One filter.** Filter f with taps W_f[:, 0 … K−1] and bias b_f sees the K tokens t−K+1 … t through window t:

    z_tf(α) = a_tf + α s_tf,   a_tf = b_f + Σ_j ⟨W_f[:, j], x′_{t−K+1+j}⟩,   s_tf = Σ_j ⟨W_f[:, j], (x − x′)_{t−K+1+j}⟩.

That is a straight line in α. The filter's feature is h_f(α) = max(0, max_t z_tf(α)), the upper envelope of these lines
and of zero: convex, piecewise linear, each line on it for at most one stretch [α₀, α₁] of the path. On that stretch
∂h_f/∂x_i = W_f[:, i−t+K−1] if window t holds token i, else 0. Lines that coincide share it equally (as symmetry asks).

*If all lines start together*, as with a zero baseline, where a_tf = b_f, the envelope is the steepest line alone, from
where it rises above zero: with s = max_t s_tf, [−b_f/s, 1] if b_f < 0 < b_f + s; [0, 1] if b_f ≥ 0 and s > 0;
[0, min(1, −b_f/s)] if s < 0 < b_f. Otherwise one walks: from the top line at α = 0 (of tied ones the steepest) to its
first crossing with a steeper one, and so on (`envelope.upper_envelope`).

**All filters.** The logits are z = b + w h, so ∂S/∂h_f = Σ_k w_kf ∂S/∂z_k. A stretch of line t of filter f counts

    ω = ∫_{α₀}^{α₁} Σ_k w_kf ∂S/∂z_k dα,   and   φ_i = Σ ω ⟨W_f[:, i−t+K−1], (x − x′)_i⟩

is the sum over all stretches whose window t holds token i.

- S a logit, or a difference of two (log-odds of two classes; why c and not d): ∂S/∂z is constant, and
  ω = (w_cf − w_df)(α₁ − α₀). Exact.
- S the probability of one of two classes: between neighbouring breakpoints of *all* filters z_c − z_d moves linearly
  by Δz while α moves by Δα, and ∫ σ′ dα = Δα Δσ/Δz (σ′ Δα if Δz = 0). Exact.
- S a probability or log-odds among more classes: the same refinement, cut until no logit difference moves by more than
  4, and 8 Gauss–Legendre nodes on each part, where a softmax of C logits is all that is evaluated. With log-odds
  ∂S/∂z_c = 1 and ∂S/∂z_k = −p_k/(1 − p_c), a softmax over the others. Not exact, but within about 1e-8.

**By pencil.** One filter, K = 1, W = 1, b = −1, w = 1, S the logit; the text is (3, 2), the baseline (0, 0). Its lines
are −1 + 3α and −1 + 2α; the first is steeper and rises above zero at α = 1/3. So ω = 2/3, φ = (2/3 · 3, 0) = (2, 0),
and h(1) − h(0) = max(0, 2) − max(0, −1) = 2: complete.

**Faster than a forward pass.** An embedding is a table and a convolution is linear: ⟨W_f[:, j], e_v⟩ is tabulated once
per word, tap and filter (`lookup_tables.Tables`); a window is then a sum of K table rows, and all that the winners need
for φ are K numbers each, read from the same tables. Lines, breakpoints and ω are float64 whatever the network is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attribkit.attribution.cnn.active_windows import ActiveWindows, BaselinePath
from attribkit.attribution.cnn.closed_form_check import agrees
from attribkit.attribution.cnn.device_pieces import DevicePieces
from attribkit.attribution.cnn.device_windows import DeviceWindows
from attribkit.attribution.cnn.envelope import Indices, Numbers
from attribkit.attribution.cnn.filters import ClosedForm, Filters, compute_device, geometry_fault
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.attribution.cnn.refinement import LinearPieces
from attribkit.attribution.outputs import Target
from attribkit.errors import InputError

_NUMBERS_AT_ONCE = 2**21
"""Bounds the texts explained together: by filters · (windows + 2 · classes), of what is kept for them the largest."""

_NUMBERS_ON_DEVICE = 2**26
"""The same on a GPU, which wants much to do at once."""


@dataclass(frozen=True, eq=False)
class Phrases:
    """The active windows: those that win a filter's maximum somewhere on the path.

    Attributes:
        text: (P,) the text of each.
        feature: (P,) the filter's place in the output layer's input.
        first: (P,) the first token of the window that is a token of the text.
        last: (P,) the last token of the window that is one.
        start: (P,) where on the path the window began to win.
        end: (P,) where it ceased to.
        scores: (J, P) its share of the score for each target: Σ over a text's phrases = Σ over its tokens.
    """

    text: Indices
    feature: Indices
    first: Indices
    last: Indices
    start: Numbers
    end: Numbers
    scores: Numbers


@dataclass(frozen=True, eq=False)
class Attribution:
    """Scores (J, B, T) float64, one plane per target, exactly 0 at padding; and, if asked for, the phrases.

    Attributes:
        agrees: (B,) bool, whether the lines end in the network's own logits; all True if these were not given.
    """

    scores: Tensor
    phrases: Phrases | None
    agrees: Tensor


def has_closed_form(network: object) -> bool:
    """Whether the network's modules have the geometry of the closed form; its logits are checked later.

    See `attribkit.attribution.cnn.closed_form_check`.
    """
    return geometry_fault(network) is None


@torch.no_grad()
def attribute(
    network: ClosedForm,
    ids: Tensor,
    mask: Tensor,
    baseline: Tensor | None,
    targets: Sequence[Target],
    tables: Tables | None = None,
    phrases: bool = False,
    logits: Tensor | None = None,
) -> Attribution:
    """Integrated gradients in closed form, for all targets from one envelope; the network is only read.

    Args:
        network: has a closed form (`has_closed_form`); dropout is ignored, whatever its mode.
        ids: (B, T) int64.
        mask: (B, T) bool, True for real tokens, which come first.
        baseline: x′ in its simplest form: None for zero vectors; (E,) for the same vector at every token; (B, T) int64
            for token ids; (B, T, E) for anything. The simpler, the faster.
        targets: J scalars, each with one class per text.
        tables: of this run; None tabulates the words of these texts.
        phrases: whether to return the active windows as well.
        logits: (2, B, C) float64, the network's own of the baselines and of the texts, to be compared.

    Raises:
        ValueError: if the filters' geometry is not that of a closed form, a shape does not fit, or a token is not in
            the tables.
        RuntimeError: if the weights have changed since the tables were built.
    """
    _check(network, ids, mask, baseline, targets)
    device, cpu = compute_device(ids.device), torch.device("cpu")
    targets = [target.to(cpu) for target in targets]
    scores = np.empty((len(targets), *ids.shape))
    parts: list[Phrases] = []
    agree = np.ones(len(ids), dtype=bool)
    several: Callable[..., Iterator[tuple[slice, Any, Any]]] = lines if device.type == "cpu" else device_lines
    for rows, winners, pieces in several(network, ids, mask, baseline, tables):
        weights = pieces.weights_of([target.rows(rows) for target in targets])  # (J, P)
        scores[:, rows] = winners.spread(weights)[..., : ids.shape[1]]
        if logits is not None:
            agree[rows] = agrees(winners, pieces, logits[:, rows].cpu().numpy())
        if phrases:
            parts.append(_phrases(winners, weights, rows.start, mask[rows].sum(1).cpu().numpy()))
    return Attribution(
        torch.from_numpy(scores).to(device), _joined(parts) if phrases else None, torch.from_numpy(agree)
    )


def lines(
    network: ClosedForm, ids: Tensor, mask: Tensor, baseline: Tensor | None, tables: Tables | None = None
) -> Iterator[tuple[slice, ActiveWindows, LinearPieces]]:
    """The lines that the filters follow along the paths; arguments and errors as those of `attribute`.

    Yields:
        some of the texts, as many as memory allows; the windows that win somewhere; the pieces they cut paths into.
    """
    for rows, path, built in _paths(network, ids, mask, baseline, tables, _NUMBERS_AT_ONCE):
        winners = ActiveWindows.of(path, built.bias)
        yield rows, winners, LinearPieces(winners.envelope, built.outgoing, built.free, rows.stop - rows.start)


def device_lines(
    network: ClosedForm, ids: Tensor, mask: Tensor, baseline: Tensor | None, tables: Tables | None = None
) -> Iterator[tuple[slice, DeviceWindows, DevicePieces]]:
    """The same as `lines`, by torch operations where the network is: on a GPU, far faster than by NumPy beside it."""
    for rows, path, built in _paths(network, ids, mask, baseline, tables, _NUMBERS_ON_DEVICE):
        winners = DeviceWindows.of(path, built.device_rows, built.bias)
        yield rows, winners, DevicePieces(winners.envelope, built.outgoing, built.free, rows.stop - rows.start)


def _paths(
    network: ClosedForm, ids: Tensor, mask: Tensor, baseline: Tensor | None, tables: Tables | None, numbers: int
) -> Iterator[tuple[slice, BaselinePath, Tables]]:
    """Some of the texts, with the tables that their paths are read from; numbers: as many as are kept for them."""
    if tables is not None:
        tables.check(network)
    filters = Filters.of(network) if tables is None else tables.filters
    ids, mask = ids.cpu(), mask.cpu()
    baseline = _simplest_baseline(network.embedding.weight.detach(), baseline, mask)
    per_text = filters.columns * (ids.shape[1] + filters.widest + 2 * network.output.out_features)
    texts = max(1, numbers // per_text)
    for first in range(0, len(ids), texts):
        rows = slice(first, min(first + texts, len(ids)))
        baseline_rows = baseline if baseline is None or baseline.ndim == 1 else baseline[rows]
        built = tables or Tables.build(network, _words(ids[rows], mask[rows], baseline_rows), 2**62, filters)
        yield rows, BaselinePath.of(network, ids[rows], mask[rows], baseline_rows, built), built


def _words(ids: Tensor, mask: Tensor, baseline: Tensor | None) -> Tensor:
    """The vocabulary ids that texts and their baseline read."""
    if baseline is None or baseline.is_floating_point():
        return ids[mask]
    return torch.cat((ids[mask], baseline[mask]))


def _phrases(
    winners: ActiveWindows | DeviceWindows, weights: Numbers | Tensor, first: int, lengths: Indices
) -> Phrases:
    if isinstance(winners, DeviceWindows):
        winners = winners.on_processor()
    if isinstance(weights, Tensor):
        weights = weights.cpu().numpy()
    filters, envelope = winners.path.after.filters, winners.envelope
    text, window = winners.row // winners.path.after.count, winners.row % winners.path.after.count
    width = np.array(filters.widths)[winners.column // filters.most]
    return Phrases(
        text + first,
        filters.numbers(winners.column),
        np.maximum(window - width + 1, 0),
        np.minimum(window, lengths[text] - 1),
        envelope.start,
        envelope.end,
        weights * envelope.slope,
    )


def _joined(parts: Sequence[Phrases]) -> Phrases:
    columns = ([getattr(part, field.name) for part in parts] for field in fields(Phrases))
    return Phrases(*(np.concatenate(column, axis=-1) for column in columns))


def _simplest_baseline(weight: Tensor, baseline: Tensor | None, mask: Tensor) -> Tensor | None:
    """The same baseline as one vector (E,) if all real tokens have the same; as None if that is zero."""
    if baseline is None:
        return None
    baseline = baseline.cpu()
    if baseline.ndim > 1:
        values = baseline[mask]
        if len(values) and not bool((values == values[0]).all()):
            return baseline
        if not len(values):
            return None
        baseline = values[0] if baseline.is_floating_point() else weight[values[0].to(weight.device)].cpu()
    return baseline if bool(baseline.any()) else None


def _check(network: ClosedForm, ids: Tensor, mask: Tensor, baseline: Tensor | None, targets: Sequence[Target]) -> None:
    if ids.ndim != 2 or mask.shape != ids.shape:
        raise InputError(
            f"`ids` and `mask` must be of one shape (B, T), got {tuple(ids.shape)} and {tuple(mask.shape)}"
        )
    size = network.embedding.weight.shape[1]
    if baseline is not None:
        fitting = [(size,), (*ids.shape, size)] if baseline.is_floating_point() else [tuple(ids.shape)]
        if tuple(baseline.shape) not in fitting:
            raise InputError(
                f"`baseline` must be None, a vector ({size},), ids {tuple(ids.shape)} or embeddings "
                f"{(*ids.shape, size)}, got shape {tuple(baseline.shape)} of {baseline.dtype}"
            )
    if not targets or any(len(target.index) != len(ids) for target in targets):
        raise InputError(f"`targets` must be at least one, each with one class for each of the {len(ids)} texts")
