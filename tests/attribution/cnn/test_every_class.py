"""The weights of all classes in one pass are those of each class by itself."""

import numpy as np
import pytest
import torch

from attribkit.attribution.cnn import every_class
from attribkit.attribution.cnn.integrated_gradients import attribute
from attribkit.attribution.outputs import Target
from attribkit.models import CNNSettings, TextCNN

TEXTS, TOKENS = 6, 9


def network_of(classes: int, steep: float) -> TextCNN:
    torch.manual_seed(classes)
    network = TextCNN(CNNSettings(30, classes, 8, (2, 3), filters=5)).double().eval()
    with torch.no_grad():
        network.output.weight.mul_(steep)
    return network


def texts_of(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, TOKENS + 1, (TEXTS, 1), generator=generator)
    mask = torch.arange(TOKENS) < lengths
    return torch.randint(2, 30, (TEXTS, TOKENS), generator=generator) * mask, mask


@pytest.mark.parametrize("at_once", [2**21, 60])
@pytest.mark.parametrize("output", every_class.OUTPUTS)
@pytest.mark.parametrize(("classes", "steep"), [(3, 1.0), (4, 100.0), (30, 1.0), (30, 2000.0)])
def test_all_classes_together_are_each_by_itself(
    output: str, classes: int, steep: float, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(every_class, "_NUMBERS_AT_ONCE", at_once)
    network, (ids, mask) = network_of(classes, steep), texts_of(1)
    whole = [torch.full((TEXTS,), one) for one in range(classes)]
    mixed = torch.arange(TEXTS) % classes  # another class for each text
    targets = [Target(output, index) for index in (*whole, mixed)]
    together = attribute(network, ids, mask, None, targets).scores
    alone = torch.cat([attribute(network, ids, mask, None, [target]).scores for target in targets])
    size = alone.abs().sum(2, keepdim=True)
    assert ((together - alone).abs() <= 1e-12 * size).all()
    assert (size > 0).any()


def test_their_sums_are_the_changes_of_the_outputs_however_saturated() -> None:
    network, (ids, mask) = network_of(5, 500.0), texts_of(2)
    targets = [Target("log_odds", torch.full((TEXTS,), one)) for one in range(5)]
    scores = attribute(network, ids, mask, None, targets).scores
    with torch.no_grad():
        text, baseline = network(ids, mask), network(torch.zeros_like(ids), mask)
    changes = np.stack([(target.of(text) - target.of(baseline)).numpy() for target in targets])
    assert np.allclose(scores.sum(2), changes, rtol=1e-7, atol=1e-7)


def test_one_kind_of_scalar_does_not_stand_for_another() -> None:
    network, (ids, mask) = network_of(4, 3.0), texts_of(3)
    index, against = torch.arange(TEXTS) % 4, (torch.arange(TEXTS) + 1) % 4
    targets = [Target(output, index) for output in ("log_odds", "probability", "logit")]
    targets += [Target("log_odds", index, against), *(Target("probability", against) for _ in range(3))]
    together = attribute(network, ids, mask, None, targets).scores
    alone = torch.cat([attribute(network, ids, mask, None, [target]).scores for target in targets])
    assert torch.allclose(together, alone, rtol=1e-11, atol=1e-13)
