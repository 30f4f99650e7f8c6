from typing import Any

import pytest
import torch

from attribkit.models import embedding
from attribkit.models.registry import ARCHITECTURES


def test_words_begin_near_zero_and_padding_at_zero() -> None:
    torch.manual_seed(0)
    weight = embedding.small(2_000, 30).weight.detach()
    assert not weight[0].any()
    assert float(weight[1:].mean()) == pytest.approx(0, abs=0.002)
    assert float(weight[1:].std()) == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_network_begins_with_such_an_embedding(architecture: str) -> None:
    network: Any = ARCHITECTURES[architecture].build(vocabulary=2_000, classes=2, embedding_size=30)
    weight = network.embedding.weight.detach()
    assert float(weight[1:].std()) == pytest.approx(0.1, rel=0.02)
    assert network.embedding.padding_idx == 0 and not weight[0].any()
