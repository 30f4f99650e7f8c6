"""Active windows: those that win a filter's maximum somewhere on the path from a baseline to a text."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.cnn.candidate_windows import candidate_windows, steepest
from attribkit.attribution.cnn.envelope import Envelope, Indices, Numbers, largest, level_envelope, upper_envelope
from attribkit.attribution.cnn.filters import ClosedForm
from attribkit.attribution.cnn.lookup_tables import Tables, Windows

_BLOCK_BYTES = 2**20
"""Sums of windows held at once: what a core's cache holds, for they are gone over several times."""

_LINES_AT_ONCE = 2**20
"""Lines whose envelopes are sought together: where a long text repeats a phrase, all its windows tie in all filters."""


@dataclass(frozen=True, eq=False)
class BaselinePath:
    """The straight path from a baseline to a text, for a group of B texts.

    Attributes:
        after: the text's windows.
        before: the baseline's, or None if it is zero everywhere.
        unmoved: (B · (W + K − 1),) where a token's embedding equals the baseline's bit by bit; None with `before`.
        norms: (B,) the length of the longest embedding of a text and its baseline.
    """

    after: Windows
    before: Windows | None
    unmoved: NDArray[np.bool_] | None
    norms: Numbers

    @staticmethod
    def of(network: ClosedForm, ids: Tensor, mask: Tensor, baseline: Tensor | None, tables: Tables) -> "BaselinePath":
        """The path to ids (B, T); baseline None, (E,), (B, T) ids or (B, T, E)."""
        filters, real = tables.filters, mask.numpy()
        words = tables.words(ids.numpy(), real)
        after, norms = Windows.of(filters, tables.rows, words), tables.norms[words].max(1)
        if baseline is None:
            return BaselinePath(after, None, None, norms)
        if not baseline.is_floating_point():
            words = tables.words(baseline.numpy(), real)
            before, lengths = Windows.of(filters, tables.rows, words), tables.norms[words]
        else:
            index = np.arange(ids.numel()).reshape(ids.shape) if baseline.ndim == 3 else np.zeros(ids.shape, np.int64)
            vectors = baseline.reshape(-1, baseline.shape[-1]).to(filters.device)
            before = Windows.of_vectors(filters, vectors, index, real)
            lengths = np.where(real, torch.linalg.vector_norm(vectors.float(), dim=1).double().cpu().numpy()[index], 0)
        unmoved = np.zeros(after.first_rows.shape, dtype=np.bool_)
        edge = filters.widest - 1
        unmoved[:, edge : edge + ids.shape[1]] = _equal(network.embedding.weight.detach(), ids, baseline)
        return BaselinePath(after, before, unmoved.reshape(-1), np.maximum(norms, lengths.max(1)))

    def taps(self, places: Indices, column: Indices) -> tuple[Numbers, Numbers | None]:
        """⟨W, x − x′⟩ (P, K) of the tokens at places (P, K), and the base Σ ⟨W, x′⟩ (P,) or None for 0."""
        taps = self.after.taps(places, column)
        if self.before is None or self.unmoved is None:
            return taps, None
        base = self.before.taps(places, column)
        return np.where(self.unmoved[places], 0.0, taps - base), base.sum(1)


@dataclass(frozen=True, eq=False)
class ActiveWindows:
    """The windows that are on a filter's envelope somewhere on the path.

    Attributes:
        path: what they are windows of.
        envelope: of P lines, one per window that won.
        row: (P,) int64, each line's window, as text · W + window.
        column: (P,) int64, each line's filter.
        kept: (P, K) each, their tokens' places and taps; None where there are too many to keep.
    """

    path: BaselinePath
    envelope: Envelope
    row: Indices
    column: Indices
    kept: tuple[Indices, Numbers] | None

    @staticmethod
    def of(path: BaselinePath, bias: Numbers) -> "ActiveWindows":
        """Find the active windows.

        Args:
            path: from the baselines to the texts.
            bias: (N,) of the filters.
        """
        columns = path.after.filters.columns
        flat, cut = _candidates(path, bias)
        row = flat // columns
        column = flat - row * columns
        if len(flat) <= _LINES_AT_ONCE:
            return _windows_of(path, bias, row, column, cut)
        parts, width = [], -(-columns // -(-len(flat) // _LINES_AT_ONCE))
        for first in range(0, columns, width):
            within = (column >= first) & (column < first + width)
            parts.append(replace(_windows_of(path, bias, row[within], column[within], cut), kept=None))
        return ActiveWindows(
            path,
            Envelope.joined([part.envelope for part in parts]),
            np.concatenate([part.row for part in parts]),
            np.concatenate([part.column for part in parts]),
            None,
        )

    def spread(self, weights: Numbers) -> Numbers:
        """The scores of the tokens: (J, B, W), of which the first T columns are the tokens'.

        Args:
            weights: (J, P) ω of each line.
        """
        edge = self.path.after.filters.widest - 1
        texts, padded = self.path.after.first_rows.shape
        totals = np.zeros((len(weights), texts * padded))
        for part, places, taps in self._blocks():
            for total, weight in zip(totals, weights, strict=True):
                shares = taps * weight[part, np.newaxis]
                total += np.bincount(places.reshape(-1), shares.reshape(-1), texts * padded)
        return totals.reshape(len(weights), texts, padded)[..., edge:]

    def _blocks(self) -> Iterator[tuple[slice, Indices, Numbers]]:
        if self.kept is not None:
            yield slice(None), *self.kept
            return
        step = _LINES_AT_ONCE // 4
        for part in (slice(first, first + step) for first in range(0, len(self.row), step)):
            places = self.path.after.places(self.row[part])
            yield part, places, self.path.taps(places, self.column[part])[0]


def _windows_of(path: BaselinePath, bias: Numbers, row: Indices, column: Indices, cut: bool) -> ActiveWindows:
    """The winners among candidates, each a window and a filter, that come from one piece of a text or from several."""
    columns, texts = path.after.filters.columns, len(path.after.first_rows)
    places = path.after.places(row)
    taps, base = path.taps(places, column)
    segment = column if texts == 1 else row // path.after.count * columns + column
    height, slope = bias[column], taps.sum(1)
    if base is None:
        best = slope == largest(slope, segment, texts * columns)[segment] if cut else None
        if best is not None and not bool(best.all()):  # a piece's steepest need not be the text's
            return _windows_of(path, bias, row[best], column[best], cut=False)
        return ActiveWindows(path, level_envelope(segment, height, slope, texts * columns), row, column, (places, taps))
    envelope, won = upper_envelope(segment, height + base, slope, texts * columns)
    return ActiveWindows(path, envelope, row[won], column[won], (places[won], taps[won]))


def _candidates(path: BaselinePath, bias: Numbers) -> tuple[Indices, bool]:
    """(P,) the lines that may be on an envelope, flat as `steepest` has them; and whether texts were cut to find them.

    The windows are searched a few texts at a time, and those of a long text in pieces.
    """
    columns, texts, count = path.after.filters.columns, len(path.after.first_rows), path.after.count
    at_once = max(1, _BLOCK_BYTES // (columns * path.after.rows.element_size()))
    cut, step = count > at_once, max(1, at_once // count)
    parts = [
        _steepest(path, bias, slice(text, text + step), slice(first, min(first + at_once, count)))
        + (text * count + first) * columns
        for text in range(0, texts, step)
        for first in range(0, count, at_once)
    ]
    return (parts[0] if len(parts) == 1 else np.concatenate(parts)), cut


def _steepest(path: BaselinePath, bias: Numbers, texts: slice, windows: slice) -> Indices:
    after = path.after.sums(texts, windows)
    return (
        steepest(after, bias)
        if path.before is None
        else candidate_windows(path.before.sums(texts, windows), after, bias)
    )


def _equal(weight: Tensor, ids: Tensor, baseline: Tensor) -> NDArray[np.bool_]:
    """(B, T): whether a token's embedding is the baseline's, compared in full only where the first number is."""
    ids, baseline = ids.to(weight.device), baseline.to(weight.device)

    def rows(places: tuple[Tensor, ...] | None, first: slice | int) -> Tensor:
        if not baseline.is_floating_point():
            return weight[baseline if places is None else baseline[places], first]
        if baseline.ndim == 1:
            return baseline[first]
        return baseline[..., first] if places is None else baseline[places][:, first]

    equal = weight[ids, 0] == rows(None, 0)
    matches = equal.nonzero(as_tuple=True)
    equal[matches] = (weight[ids[matches]] == rows(matches, slice(None))).all(1)
    return equal.cpu().numpy()
