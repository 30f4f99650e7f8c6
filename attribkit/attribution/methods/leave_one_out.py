"""Leave-one-out: what the output loses when one token is replaced by the baseline's.

The score of token i is F(text) − F(text with x′_i at place i). The other tokens keep their places.

A text CNN is not run T times. Replacing token i changes only the K windows of each kernel that hold it, each by ⟨W[:,
j], x′_i − x_i⟩ at its own tap j; the best of the windows before and of those after them is a running maximum from
either side. So all T outputs together take little longer than one forward pass.

Sources: Zeiler & Fergus, ECCV 2014; Li, Monroe & Jurafsky, "Understanding Neural Networks through Representation
Erasure", 2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from attribkit.attribution.cnn.closed_form_check import window_rounding
from attribkit.attribution.cnn.filters import Filters
from attribkit.attribution.outputs import Target
from attribkit.attribution.request import AttributionRequest, MethodResult

_SHARE_BYTES = 128 * 2**20
"""What tokens give to windows, kept at once; a longer text is taken in stretches."""


@dataclass(frozen=True, eq=False)
class _ReplacedTokens:
    """The texts with one token replaced, P of them.

    Attributes:
        rows: (P,) int64, the text of each.
        places: (P,) int64, the token of each.
        logits: (P, C) float64.
        whole: (B, C) float64, the same of the texts as they are; None if the network's own logits are comparable.
        features: (B, N) each filter's largest response in the texts as they are; None with `whole`.
    """

    rows: Tensor
    places: Tensor
    logits: Tensor
    whole: Tensor | None
    features: Tensor | None


@torch.no_grad()
def leave_one_out(request: AttributionRequest) -> MethodResult:
    """F(text) − F(text with token i replaced by the baseline's), for each token i.

    A step is one text with one token replaced. A token that is the baseline's own gets exactly 0. The scores do not
    promise completeness.

    Source: Li, Monroe & Jurafsky, "Understanding Neural Networks through Representation Erasure", 2016.
    """
    scores = torch.zeros(len(request.targets), *request.ids.shape, dtype=torch.float64)
    if bool(request.moved.any()):
        targets = [target.to(torch.device("cpu")) for target in request.targets]
        outputs, replaced = request.outputs.cpu(), _by_windows(request)
        if replaced is None or not _agrees(request, replaced, targets):
            replaced = _by_forward_passes(request)
        for number, target in enumerate(targets):
            whole = outputs[number] if replaced.whole is None else target.of(replaced.whole)
            without = target.rows(replaced.rows).of(replaced.logits)
            scores[number, replaced.rows, replaced.places] = whole[replaced.rows] - without
    steps = request.moved.sum(1).cpu().expand(len(request.targets), -1)
    note = "a score is what the output loses when the baseline's token takes the token's place"
    return MethodResult(scores, steps, None, (note,))


def _agrees(request: AttributionRequest, replaced: _ReplacedTokens, targets: Sequence[Target]) -> bool:
    """Whether the windows give the network's own logits; its forward pass may do more than its modules show."""
    if replaced.whole is None or replaced.features is None or request.filters is None:
        return True
    lengths = torch.linalg.vector_norm(request.embedded.double(), dim=2).amax(1)
    own = torch.stack([target.of(replaced.whole) for target in targets])
    bound = window_rounding(
        request.filters,
        request.filters.outgoing(request.network.output),
        replaced.features.numpy(),
        lengths.cpu().numpy(),
    )
    # no output moves by more than twice as much as the logits
    return bool(((own - request.outputs.cpu()).abs() <= 2 * torch.from_numpy(bound).amax(1)).all())


def _by_forward_passes(request: AttributionRequest) -> _ReplacedTokens:
    """For any network."""
    rows, places = request.moved.nonzero(as_tuple=True)
    logits = []
    for chunk, place in zip(rows.split(request.rows_at_once), places.split(request.rows_at_once), strict=True):
        keep = torch.ones(len(chunk), request.ids.shape[1], dtype=torch.bool, device=chunk.device)
        keep.scatter_(1, place.unsqueeze(1), False)
        logits.append(request.logits(chunk, keep))
    return _ReplacedTokens(rows.cpu(), places.cpu(), torch.cat(logits), None, None)


def _by_windows(request: AttributionRequest) -> _ReplacedTokens | None:
    """For a text CNN; None for any other network."""
    network, filters = request.network, request.filters
    if filters is None:
        return None
    device, texts, length = filters.device, *request.ids.shape
    mask, moved = request.mask.to(device), request.moved.to(device)
    shares = _TokenContributions.of(filters, request.embedded.to(device), request.baseline.to(device), mask)
    step = max(1, _SHARE_BYTES // (texts * filters.taps * filters.most * shares.matrix.element_size()))
    stretches = [slice(first, min(first + step, length)) for first in range(0, length, step)]
    windows = [
        torch.from_numpy(bias).to(shares.matrix).expand(texts, length + width - 1, -1).clone()  # (B, T + K - 1, F)
        for bias, width in zip(filters.bias().reshape(-1, filters.most), filters.widths, strict=True)
    ]
    text_shares = torch.empty(0)
    for stretch in stretches:
        text_shares = shares.of_texts(stretch)
        _add(windows, text_shares, filters, stretch)
    for values, width in zip(windows, filters.widths, strict=True):
        holds_none = torch.arange(values.shape[1], device=device) >= (mask.sum(1, keepdim=True) + width - 1)
        values.masked_fill_(holds_none.unsqueeze(2), -torch.inf)
    beside = [_beside(values, width) for values, width in zip(windows, filters.widths, strict=True)]
    outgoing, free = torch.from_numpy(filters.outgoing(network.output).T).to(device), network.output.bias
    free = torch.zeros(1) if free is None else free.detach()
    free = free.to(device).double()
    rows, places, logits = [], [], []
    for stretch in stretches:
        lost = shares.lost(stretch, text_shares if len(stretches) == 1 else shares.of_texts(stretch))
        features = torch.cat(
            [
                F.relu(torch.maximum(_touched(values, lost, filters, kernel, stretch), best[:, stretch]))
                for kernel, (values, best) in enumerate(zip(windows, beside, strict=True))
            ],
            dim=2,
        )  # (B, n, N)
        row, place = moved[:, stretch].nonzero(as_tuple=True)
        rows.append(row.cpu())
        places.append(place.cpu() + stretch.start)
        logits.append((features[row, place].double() @ outgoing + free).cpu())
    best = torch.cat([F.relu(values.amax(1)) for values in windows], dim=1).double()
    whole = (best @ outgoing + free).cpu()
    return _ReplacedTokens(torch.cat(rows), torch.cat(places), torch.cat(logits), whole, best.cpu())


@dataclass(frozen=True, eq=False)
class _TokenContributions:
    """What each token adds, through each tap of each filter, to the windows that hold it: ⟨W_f[:, j], x_i⟩.

    Attributes:
        filters: the network's, and their matrix (E, Q·F).
        embedded: (B, T, E), the texts.
        baseline: (B, T, E); (E,) if it is the same vector at every token; None if that is zero.
    """

    filters: Filters
    matrix: Tensor
    embedded: Tensor
    baseline: Tensor | None

    @staticmethod
    def of(filters: Filters, embedded: Tensor, baseline: Tensor, mask: Tensor) -> "_TokenContributions":
        matrix = filters.matrix(torch.promote_types(embedded.dtype, torch.float32))
        embedded, baseline = embedded.to(matrix.dtype), baseline.to(matrix.dtype)
        first = baseline[0, 0]
        if bool(((baseline == first).all(2) | ~mask).all()):
            return _TokenContributions(filters, matrix, embedded, first if bool(first.any()) else None)
        return _TokenContributions(filters, matrix, embedded, baseline)

    def of_texts(self, stretch: slice) -> Tensor:
        """(B, n, Q, F)."""
        return self._times(self.embedded[:, stretch])

    def lost(self, stretch: slice, text_shares: Tensor) -> Tensor:
        """(B, n, Q, F) or broadcastable: the loss when the baseline's token takes a token's place."""
        if self.baseline is None:
            return text_shares
        if self.baseline.ndim == 1:
            return text_shares - self._times(self.baseline)
        return self._times(self.embedded[:, stretch] - self.baseline[:, stretch])

    def _times(self, vectors: Tensor) -> Tensor:
        products: Tensor = (vectors @ self.matrix).unflatten(-1, (self.filters.taps, self.filters.most))
        return products


def _add(windows: Sequence[Tensor], shares: Tensor, filters: Filters, stretch: slice) -> None:
    """Add the contributions of a stretch of tokens to each kernel's windows; window t ends at token t."""
    for values, width, first in zip(windows, filters.widths, filters.first_taps, strict=True):
        for tap in range(width):
            start = stretch.start + width - 1 - tap
            values[:, start : start + shares.shape[1]] += shares[:, :, first + tap]


def _beside(windows: Tensor, width: int) -> Tensor:
    """(B, T, F): the best of the windows (B, T + K − 1, F) that do not hold token i, i.e. all but i … i + K − 1."""
    before, after, step = windows, windows, 1
    while step < windows.shape[1]:  # running maxima by doubling: in a few sweeps, where `cummax` goes row by row
        before = torch.cat((before[:, :step], torch.maximum(before[:, step:], before[:, :-step])), dim=1)
        after = torch.cat((torch.maximum(after[:, :-step], after[:, step:]), after[:, -step:]), dim=1)
        step *= 2
    earlier = F.pad(before[:, : windows.shape[1] - width], (0, 0, 1, 0), value=-torch.inf)
    return torch.maximum(earlier, F.pad(after[:, width:], (0, 0, 0, 1), value=-torch.inf))


def _touched(windows: Tensor, lost: Tensor, filters: Filters, kernel: int, stretch: slice) -> Tensor:
    """(B, n, F): the best of the windows that hold token i after it was replaced."""
    width, first, count = filters.widths[kernel], filters.first_taps[kernel], stretch.stop - stretch.start
    best = torch.full((len(windows), count, windows.shape[2]), -torch.inf, dtype=windows.dtype, device=windows.device)
    for tap in range(width):
        start = stretch.start + width - 1 - tap
        torch.maximum(best, windows[:, start : start + count] - lost[:, :, first + tap], out=best)
    return best
