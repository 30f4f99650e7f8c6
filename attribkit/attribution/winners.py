"""Which windows win a filter's maximum somewhere on the path from a baseline to a text, and what their tokens give."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from attribkit.attribution.envelope import Envelope, contenders, level_envelope, steepest, upper_envelope
from attribkit.attribution.filters import ClosedForm
from attribkit.attribution.lookup import BLOCK, Tables, Windows

_LINES_AT_ONCE = 2**20
"""Lines whose envelopes are sought together: where a long text repeats a phrase, all its windows tie in all filters."""


@dataclass(frozen=True, eq=False)
class Path:
    """The way from a baseline to a text, for a group of B texts.

    Attributes:
        after: the text's windows.
        before: the baseline's, or None if it is zero everywhere.
        unmoved: (B, W + K − 1) bool, where a token's embedding equals the baseline's bit by bit; None with `before`.
    """

    after: Windows
    before: Windows | None
    unmoved: Tensor | None

    @staticmethod
    def of(network: ClosedForm, ids: Tensor, mask: Tensor, baseline: Tensor | None, tables: Tables | None) -> "Path":
        """The path to ids (B, T); baseline None, (E,), (B, T) ids or (B, T, E)."""
        words = baseline if baseline is not None and not baseline.is_floating_point() else None
        if tables is None:
            used = ids[mask] if words is None else torch.cat((ids[mask], words[mask]))
            tables = Tables.build(network, used, max_bytes=2**62)
        filters = tables.filters
        after = Windows.of(filters, tables.rows, tables.words(ids, mask))
        if baseline is None:
            return Path(after, None, None)
        if words is not None:
            before = Windows.of(filters, tables.rows, tables.words(words, mask))
        else:
            index = torch.arange(ids.numel(), device=ids.device).view(ids.shape)
            index = index if baseline.ndim == 3 else torch.zeros_like(index)
            before = Windows.of_vectors(filters, baseline.reshape(-1, baseline.shape[-1]), index, mask)
        unmoved = torch.zeros_like(after.first_rows, dtype=torch.bool)
        edge = filters.widest - 1
        unmoved[:, edge : edge + ids.shape[1]] = _equal(network.embedding.weight.detach().to(ids.device), ids, baseline)
        return Path(after, before, unmoved)

    def taps(self, places: Tensor, column: Tensor) -> tuple[Tensor, Tensor | None]:
        """⟨W, x − x′⟩ (P, K) of the tokens at places (P, K), and the base Σ ⟨W, x′⟩ (P,) or None for 0; float64."""
        taps = self.after.taps(places, column)
        if self.before is None or self.unmoved is None:
            return taps, None
        base = self.before.taps(places, column)
        unmoved = self.unmoved.view(-1).index_select(0, places.view(-1)).view(places.shape)
        return (taps - base).masked_fill_(unmoved, 0.0), base.sum(1)


@dataclass(frozen=True, eq=False)
class Winners:
    """The windows that are on a filter's envelope somewhere on the path.

    Attributes:
        path: what they are windows of.
        envelope: its D pieces.
        flat: (P,) int64, the windows and filters, as `Windows.places` takes them.
        piece: (P,) int64, which piece each has won or shares.
        kept: (P, K) each, their tokens' places and taps; None where there are too many to keep.
    """

    path: Path
    envelope: Envelope
    flat: Tensor
    piece: Tensor
    kept: tuple[Tensor, Tensor] | None

    @staticmethod
    def of(path: Path, bias: Tensor, windows_at_once: int) -> "Winners":
        """Find them. bias: (N,) float64."""
        columns = path.after.filters.columns
        flat = _candidates(path, bias, windows_at_once)
        if len(flat) <= _LINES_AT_ONCE:
            return _won(path, bias, flat)
        parts, width = [], -(-columns // -(-len(flat) // _LINES_AT_ONCE))
        for first in range(0, columns, width):
            column = flat % columns
            part = _won(path, bias, flat[(column >= first) & (column < first + width)])
            parts.append(Winners(path, part.envelope, part.flat, part.piece, None))
        shifts = [0, *accumulate(len(part.envelope.segment) for part in parts)]
        return Winners(
            path,
            Envelope.joined([part.envelope for part in parts]),
            torch.cat([part.flat for part in parts]),
            torch.cat([part.piece + shift for part, shift in zip(parts, shifts, strict=False)]),
            None,
        )

    def spread(self, weights: Tensor) -> Tensor:
        """What each token gets: (J, B, W), of which the first T columns are the tokens'.

        Args:
            weights: (J, D) ω of each piece, divided by the number of windows that share it.
        """
        edge = self.path.after.filters.widest - 1
        texts, padded = self.path.after.first_rows.shape
        totals = torch.zeros(len(weights), texts * padded, dtype=weights.dtype, device=weights.device)
        for part, places, taps in self._blocks():
            for total, weight in zip(totals, weights, strict=True):
                shares = taps * weight.index_select(0, self.piece[part]).unsqueeze(1)
                total.index_add_(0, places.view(-1), shares.view(-1))
        return totals.view(len(weights), texts, padded)[..., edge:]

    def _blocks(self) -> Iterator[tuple[slice, Tensor, Tensor]]:
        if self.kept is not None:
            yield slice(None), *self.kept
            return
        step = _LINES_AT_ONCE // 4
        for first in range(0, len(self.flat), step):
            flat = self.flat[first : first + step]
            places = self.path.after.places(flat)
            yield slice(first, first + step), places, self.path.taps(places, flat % self.path.after.filters.columns)[0]


def _won(path: Path, bias: Tensor, flat: Tensor) -> Winners:
    """The winners among candidates."""
    columns, texts = path.after.filters.columns, len(path.after.first_rows)
    column = flat % columns
    places = path.after.places(flat)
    taps, base = path.taps(places, column)
    segment = flat // (path.after.count * columns) * columns + column
    if base is None:
        envelope, piece = level_envelope(segment, bias.repeat(texts), taps.sum(1))
    else:
        envelope, piece = upper_envelope(segment, bias[column] + base, taps.sum(1), texts * columns)
    wins = piece >= 0
    if not bool(wins.all()):
        flat, piece, places, taps = flat[wins], piece[wins], places[wins], taps[wins]
    return Winners(path, envelope, flat, piece, (places, taps))


def _candidates(path: Path, bias: Tensor, windows_at_once: int) -> Tensor:
    """(P,) the lines that may be on an envelope, found among so many windows at once."""
    count, columns = path.after.count, path.after.filters.columns
    bias = bias.to(path.after.rows.dtype)
    # only a single text is cut, so that a line's number in a piece is its number in the text but for a shift
    step = count if len(path.after.first_rows) > 1 else max(BLOCK, windows_at_once // BLOCK * BLOCK)
    found = []
    for first in range(0, count, step):
        last = min(first + step, count)
        after = path.after.sums(first, last)
        before = None if path.before is None else path.before.sums(first, last)
        flat = steepest(after, bias) if before is None else contenders(before, after, bias)
        found.append(flat + first * columns if first else flat)
    return torch.cat(found) if len(found) > 1 else found[0]


def _equal(weight: Tensor, ids: Tensor, baseline: Tensor) -> Tensor:
    """(B, T) bool: whether a token's embedding is the baseline's, compared in full only where the first number is."""

    def rows(where: tuple[Tensor, ...] | None, first: slice | int) -> Tensor:
        if not baseline.is_floating_point():
            return weight[baseline if where is None else baseline[where], first]
        if baseline.ndim == 1:
            return baseline[first]
        return baseline[..., first] if where is None else baseline[where][:, first]

    equal = weight[ids, 0] == rows(None, 0)
    where = equal.nonzero(as_tuple=True)
    equal[where] = (weight[ids[where]] == rows(where, slice(None))).all(1)
    return equal
