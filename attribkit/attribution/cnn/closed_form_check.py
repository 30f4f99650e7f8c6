"""Whether a network is the text CNN that its modules' names promise, decided by its own logits.

There are three checks, each faster than an explanation:

1. Do the modules have the geometry (`filters.geometry_fault`)?
2. Are the network's logits for a few small random inputs those of the closed form (`fault`)? A network declares its
   form by `closed_form = True` in the class that defines its `forward`; then this is not checked.
3. Are the logits that the closed form implies for a text and for its baseline the network's own (`agrees`)? These were
   computed anyway.

*Equal* means within rounding. A sum of n products in an arithmetic of unit roundoff u is off by at most λ√n·u·Σ|terms|,
except with probability 2 exp(−λ²/2) (Higham & Mary, "A New Approach to Probabilistic Rounding Error Analysis", SIAM J.
Sci. Comput. 41, 2019); with λ = 8 that is 3e-14. Errors of different filters are independent, so their squares add up.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.cnn.active_windows import ActiveWindows
from attribkit.attribution.cnn.device_pieces import DevicePieces
from attribkit.attribution.cnn.device_windows import DeviceWindows
from attribkit.attribution.cnn.envelope import Numbers
from attribkit.attribution.cnn.filters import Filters, geometry_fault
from attribkit.attribution.cnn.refinement import LinearPieces

_DEVIATIONS = 8.0
"""λ."""
_PROBES = 32


def declared(network: object) -> bool:
    """Whether the class of the network's forward pass declares the closed form."""
    own: dict[str, Any] = next((dict(vars(kind)) for kind in type(network).__mro__ if "forward" in vars(kind)), {})
    return bool(own.get("closed_form", False))


@torch.no_grad()
def fault(network: Any, run: Callable[[Tensor, Tensor, Tensor], Tensor]) -> str | None:
    """Why the closed form is not the network's; None if it is, as far as can be told without its texts.

    Args:
        network: in evaluation mode.
        run: (embedded (N, T, E), ids (N, T), mask (N, T)) → logits (N, C), the network fed with embeddings.
    """
    reason = geometry_fault(network)
    if reason is not None or declared(network):
        return reason
    points, ids, mask = _probes(network)
    try:
        own = run(points, ids, mask)
    except (RuntimeError, ValueError, IndexError) as error:
        return f"it does not run on short texts ({type(error).__name__})"
    filters = Filters.of(network)
    features, sizes = _features(filters, points, mask)
    outgoing, free = network.output.weight.detach().double().cpu().numpy(), network.output.bias
    implied = features @ outgoing.T + (0.0 if free is None else free.detach().double().cpu().numpy())
    widths = np.repeat(filters.widths, filters.counts)
    bound = rounding(filters, widths, outgoing, features, sizes)
    if own.shape != implied.shape or not _within(own.double().cpu().numpy(), implied, bound).all():
        return "its logits are not those of convolutions, ReLU, maximum over time and one linear layer"
    return None


def agrees(
    winners: ActiveWindows | DeviceWindows, pieces: LinearPieces | DevicePieces, own: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """(B,) whether the lines of the closed form end in the network's own logits (2, B, C) of baselines and texts."""
    features, filters = pieces.features(), winners.path.after.filters
    implied = features @ pieces.outgoing.T + pieces.bias
    # of the bound the part that needs no kernel is most often enough, and takes a tenth of the time
    within = _within(own, implied, _last_layer(filters, pieces.outgoing, features))
    if not within.all():
        within = _within(own, implied, window_rounding(filters, pieces.outgoing, features, winners.path.norms))
    agrees: NDArray[np.bool_] = np.all(within, axis=(0, 2))
    return agrees


def window_rounding(filters: Filters, outgoing: Numbers, features: Numbers, longest: Numbers) -> Numbers:
    """(…, B, C) the largest rounding difference between two computations of the logits of B texts.

    Args:
        filters: the network's.
        outgoing: (C, N) the output layer's weights on the grid.
        features: (…, B, N) each filter's largest response, on the grid.
        longest: (B,) the length of the longest embedding: Σ|terms| ≤ the kernel's length times that of K embeddings.
    """
    reach, rest = filters.sizes
    sizes = longest[:, np.newaxis] * reach + rest
    return rounding(filters, np.repeat(filters.widths, filters.most), outgoing, features, sizes)


def rounding(
    filters: Filters, widths: NDArray[np.int64], outgoing: Numbers, features: Numbers, sizes: Numbers
) -> Numbers:
    """(…, C) the largest rounding difference between two computations of the same logits.

    Args:
        filters: the network's.
        widths: (N,) of each filter.
        outgoing: (C, N) the output layer's weights.
        features: (…, N) the filters' largest responses.
        sizes: (…, N) Σ|terms| of those.
    """
    summing, keeping = _roundoffs(filters)
    size = filters.convolutions[0].weight.shape[1]
    each = (np.sqrt(widths * size + 1) * summing + (widths + 1) * keeping) * sizes
    through: Numbers = 2 * _DEVIATIONS * np.sqrt(each**2 @ (outgoing**2).T)
    return through + _last_layer(filters, outgoing, features)


def _last_layer(filters: Filters, outgoing: Numbers, features: Numbers) -> Numbers:
    """(…, C) how far apart they may lie for the rounding of the last layer alone."""
    summing, keeping = _roundoffs(filters)
    sizes: Numbers = features @ np.abs(outgoing).T
    bound: Numbers = 2 * _DEVIATIONS * (np.sqrt(outgoing.shape[1] + 1) * summing + 2 * keeping) * sizes
    return bound


def _roundoffs(filters: Filters) -> tuple[float, float]:
    """Unit roundoff of the sums that the network takes, and of the numbers that it keeps."""
    kept = filters.convolutions[0].weight.dtype
    summing = torch.finfo(torch.promote_types(kept, torch.float32)).eps / 2
    keeping = torch.finfo(kept).eps / 2  # on a GPU too: `eval_mode` keeps TF32 off
    return summing, keeping


def _within(own: Numbers, implied: Numbers, bound: Numbers) -> NDArray[np.bool_]:
    return np.abs(own - implied) <= bound  # False where anything is NaN


def _probes(network: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Embeddings (N, T, E), ids (N, T) and mask (N, T) of texts of 1 to T random vectors, as long as embeddings are.

    So short, pointing anywhere, and some so long that biases hardly count, they leave many a filter below zero.
    """
    weight, random = network.embedding.weight.detach(), torch.Generator().manual_seed(0)
    length = 2 * max(convolution.kernel_size[0] for convolution in network.convolutions)
    lengths = torch.arange(_PROBES) % length + 1
    mask = torch.arange(length) < lengths.unsqueeze(1)
    scale = float(weight.double().square().mean().sqrt()) or 1.0
    points = scale * torch.randn(_PROBES, length, weight.shape[1], generator=random, dtype=torch.float64)
    points *= 4 ** torch.linspace(-1, 3, _PROBES)[torch.randperm(_PROBES, generator=random), None, None]
    padding = network.embedding.padding_idx or 0
    ids = torch.randint(len(weight), mask.shape, generator=random)
    ids[ids == padding] = (padding + 1) % len(weight)
    ids = ids.masked_fill(~mask, padding)
    device = weight.device
    return (points * mask.unsqueeze(2)).to(device, weight.dtype), ids.to(device), mask.to(device)


def _features(filters: Filters, points: Tensor, mask: Tensor) -> tuple[Numbers, Numbers]:
    """(N, ΣF) each filter's largest response over the windows that hold a real token, and the largest Σ|terms|."""
    channels, real = points.double().cpu().transpose(1, 2), mask.cpu()
    features, sizes = [], []
    for convolution, width in zip(filters.convolutions, filters.widths, strict=True):
        weight = convolution.weight.detach().double().cpu()
        bias = None if convolution.bias is None else convolution.bias.detach().double().cpu()
        holds = F.pad(real, (width - 1, width - 1)).unfold(1, width, 1).any(2).unsqueeze(1)
        windows = F.conv1d(channels, weight, bias, padding=width - 1)
        features.append(windows.masked_fill(~holds, -torch.inf).amax(2).relu())
        sizes.append(
            F.conv1d(channels.abs(), weight.abs(), None if bias is None else bias.abs(), padding=width - 1).amax(2)
        )
    return torch.cat(features, dim=1).numpy(), torch.cat(sizes, dim=1).numpy()
