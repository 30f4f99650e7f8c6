import re

import pytest
import torch
from torch import nn

from attribkit.errors import InputError
from attribkit.models import precision
from attribkit.models.registry import ARCHITECTURES

CPU = torch.device("cpu")
MADE = {
    nn.Linear: lambda: nn.Linear(48, 40),
    nn.Conv1d: lambda: nn.Conv1d(48, 40, 5),
    nn.RNN: lambda: nn.RNN(48, 40, batch_first=True),
    nn.GRU: lambda: nn.GRU(48, 40, batch_first=True),
    nn.LSTM: lambda: nn.LSTM(48, 40, batch_first=True),
}


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found out of layers that a test changed is nothing to the next."""
    monkeypatch.setattr(precision, "_found", {})


class Stubborn(nn.Module):
    """A layer that multiplies in 32 bits only, or not at all."""

    def __init__(self, inputs: int, outputs: int, broken: bool = False) -> None:
        super().__init__()
        self.linear, self.broken = nn.Linear(inputs, outputs), broken

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs = self.linear(inputs)
        if self.broken or outputs.dtype != torch.float32:
            raise RuntimeError("could not create a primitive")
        return outputs


@pytest.mark.parametrize("kind", MADE, ids=lambda kind: kind.__name__)
def test_a_layer_trains_in_bfloat16_exactly_where_torch_trains_it(kind: type[nn.Module]) -> None:
    inputs = torch.randn(6, 48, 48, requires_grad=True)
    works = True
    try:
        with torch.autocast("cpu", torch.bfloat16):
            outputs = MADE[kind]()(inputs)
        outputs = outputs if isinstance(outputs, torch.Tensor) else outputs[0]
        outputs.float().sum().backward()
    except RuntimeError:
        works = False
    assert precision.trains_in_bfloat16(kind, CPU) is works


def test_every_layer_with_weights_of_every_architecture_is_asked_about() -> None:
    for architecture in ARCHITECTURES.values():
        network = architecture.build(vocabulary=3, classes=2)
        weighted = {type(layer) for layer in network.modules() if list(layer.parameters(recurse=False))}
        assert weighted - {nn.Embedding} <= set(precision._TRIED)  # an embedding multiplies nothing


def test_asking_is_done_once_and_draws_no_random_number(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    with torch.inference_mode():
        first = precision.trains_in_bfloat16(nn.LSTM, CPU)
    assert torch.equal(torch.rand(1), expected)
    monkeypatch.setattr(precision, "_train", None)
    assert precision.trains_in_bfloat16(nn.LSTM, CPU) is first


def test_what_fails_in_bfloat16_alone_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_TRIED", {nn.Linear: {}, Stubborn: {}})
    assert precision.trains_in_bfloat16(nn.Linear, CPU) and not precision.trains_in_bfloat16(Stubborn, CPU)
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), Stubborn(2, 2))
    assert precision.lacking(network, CPU) == "Stubborn" and precision.lacking(network[:2], CPU) is None
    precision.check_bfloat16(network[:2], CPU)
    sentence = (
        f"precision='bfloat16' needs a layer Stubborn that trains in bfloat16, which torch {torch.__version__} does "
        f"not have on this processor ({torch.backends.cpu.get_cpu_capability()}); train with precision='float32'"
    )
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        precision.check_bfloat16(network, CPU)


def test_what_fails_in_any_precision_raises_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_TRIED", {Stubborn: {"broken": True}})
    with pytest.raises(RuntimeError, match="could not create a primitive"):
        precision.lacking(Stubborn(2, 2), CPU)
