"""DeepLIFT's rescale rule, computed by Captum, for networks that it fits.

Each unit passes on its change since the baseline in proportion to its inputs' changes, so that the scores sum to
F(text) − F(baseline). Captum has the rule for modules (nn.ReLU, nn.Tanh, nn.MaxPool1d …) and treats everything else as
linear: a product of two units, a softmax written as a function, or a masked maximum would make it wrong without a
warning. So it is offered for a text CNN, as an equal network of modules, and for networks whose scores prove complete.

Source: Shrikumar, Greenside & Kundaje, "Learning Important Features Through Propagating Activation Differences", ICML
2017.
"""

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from captum.attr import DeepLift
from torch import Tensor, nn

from attribkit.attribution.cnn.closed_form_check import window_rounding
from attribkit.attribution.outputs import Target
from attribkit.attribution.request import AttributionRequest, MethodResult, adds_up, one_by_one
from attribkit.errors import InputError

_BROKEN = 1e-3
"""Relative completeness error beyond which it is not rounding but the rule that fails."""

_KEPT = ("input", "output", "input_ref")


def deeplift(request: AttributionRequest) -> MethodResult:
    """DeepLIFT: token i's share of the change, by the rescale rule.

    Source: Shrikumar, Greenside & Kundaje, "Learning Important Features Through Propagating Activation Differences",
    ICML 2017.

    Raises:
        ValueError: for a network that the rule does not fit, and for an output that is no linear function of the
            logits: with more than two classes only a logit or a pair.
    """
    network = request.network
    recurrent = (nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention)
    if any(isinstance(module, recurrent) for module in network.modules()):
        raise InputError(_refusal(network, "has recurrent or attention layers"))

    def propagate(text: AttributionRequest) -> tuple[Tensor, int]:
        rows = []
        for number, target in enumerate(text.targets):
            scores = _scores(text, target)
            error = (scores.sum() - text.difference[number, 0].cpu()).abs()
            if error > _BROKEN * scores.abs().sum():
                raise InputError(_refusal(network, "computes with functions that Captum's rule does not see"))
            rows.append(scores)
        return torch.stack(rows), 1

    scores, steps = one_by_one(request, propagate)
    return MethodResult(scores, steps, adds_up(request, scores))


def _refusal(network: nn.Module, reason: str) -> str:
    return (
        f"method='deeplift' does not hold for {type(network).__name__}, which {reason}: its scores would not sum "
        "to the model’s output; it fits text CNNs and networks of linear, pooling and activation modules; use "
        "method='quadrature' here"
    )


def _scores(text: AttributionRequest, target: Target) -> Tensor:
    """(T,) float64. One text at a time: Captum's rules for pooling and softmax mix up the rows of a batch."""
    pair = () if target.against is None else (target.against,)
    points = text.embedded.clone().requires_grad_()
    network = _Scalar(text, target)
    with _without_captum_attributes(text.network), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting forward, backward hooks", UserWarning)
        try:
            values = DeepLift(network).attribute(
                points, text.baseline, additional_forward_args=(text.ids, text.mask, target.index, *pair)
            )
        except RuntimeError as error:
            if not _reuses_a_module(text):
                raise
            raise InputError(_refusal(text.network, "uses one activation module several times")) from error
    scores: Tensor = values.detach().cpu().double().sum(2)[0]
    return scores


@torch.no_grad()
def _reuses_a_module(text: AttributionRequest) -> bool:
    """Whether one pass calls a layer without weights twice: Captum's rule keeps one input and one output of each."""
    calls: Counter[nn.Module] = Counter()
    weightless = [
        module
        for module in text.network.modules()
        if next(module.children(), None) is None and next(module.parameters(), None) is None
    ]
    handles = [module.register_forward_pre_hook(lambda module, _: calls.update([module])) for module in weightless]
    try:
        text.run(text.embedded, text.ids, text.mask)
    finally:
        for handle in handles:
            handle.remove()
    return max(calls.values(), default=0) > 1


@torch.no_grad()
def _agrees(text: AttributionRequest) -> bool:
    """Whether the modules give the network's own logits for the text and for its baseline."""
    if text.filters is None:
        return False
    modular, grid = _ModularCNN(text.network, text.ids.shape[1]), text.filters
    for points, outputs in ((text.embedded, text.outputs), (text.baseline, text.outputs - text.difference)):
        features = modular.features(points)
        implied = torch.stack([target.of(text.network.output(features).double()) for target in text.targets])
        longest = torch.linalg.vector_norm(points.double(), dim=2).amax(1).cpu().numpy()
        bound = window_rounding(grid, grid.outgoing(text.network.output), grid.on_grid(features), longest)
        if not bool(((implied - outputs).abs() <= 2 * float(bound.max())).all()):
            return False
    return True


class _Scalar(nn.Module):
    """Embeddings → the scalar explained, with modules where Captum needs to see them."""

    def __init__(self, text: AttributionRequest, target: Target) -> None:
        super().__init__()
        self.network, self.run = text.network, text.run
        self.cnn = _ModularCNN(text.network, text.ids.shape[1]) if _agrees(text) else None
        self.output = target.output
        self.sigmoid = nn.Sigmoid()

    def forward(self, points: Tensor, ids: Tensor, mask: Tensor, index: Tensor, *against: Tensor) -> Tensor:
        logits = self.run(points, ids, mask) if self.cnn is None else self.cnn(points)
        if logits.shape[1] > 2 and not against and self.output not in ("logit", "sigmoid"):
            raise InputError(
                f"method='deeplift' explains a logit or a pair of classes where there are {logits.shape[1]}, got "
                f"output={self.output!r}; use output='logit' or target=(this, that)"
            )
        if self.output in ("probability", "sigmoid"):
            scalar = "log_odds" if self.output == "probability" else "logit"
            output: Tensor = self.sigmoid(Target(scalar, index).of(logits))
            return output
        return Target(self.output, index, *against).of(logits)


class _ModularCNN(nn.Module):
    """What a text CNN computes of a text without padding, where every window holds a real token: the same, unmasked."""

    def __init__(self, network: Any, length: int) -> None:
        super().__init__()
        self.convolutions, self.output = network.convolutions, network.output
        self.pools = nn.ModuleList(
            nn.MaxPool1d(length + convolution.kernel_size[0] - 1) for convolution in network.convolutions
        )
        self.relu = nn.ReLU()

    def forward(self, points: Tensor) -> Tensor:
        output: Tensor = self.output(self.features(points))
        return output

    def features(self, points: Tensor) -> Tensor:
        """(B, ΣF) of embeddings (B, T, E)."""
        channels = points.transpose(1, 2)
        pooled = [
            pool(convolution(channels)).squeeze(2)
            for pool, convolution in zip(self.pools, self.convolutions, strict=True)
        ]
        features: Tensor = self.relu(torch.cat(pooled, dim=1))
        return features


@contextmanager
def _without_captum_attributes(network: nn.Module) -> Iterator[None]:
    """Remove the attributes that Captum sets on modules; it removes them itself only where a gradient came back."""
    before = [
        (module, {name: vars(module)[name] for name in _KEPT if name in vars(module)}) for module in network.modules()
    ]
    try:
        yield
    finally:
        for module, attributes in before:
            for name in _KEPT:
                vars(module).pop(name, None)
            vars(module).update(attributes)
