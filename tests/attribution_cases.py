"""Small text CNNs, texts of mixed lengths, and a baseline in each of its forms."""

from dataclasses import dataclass
from typing import Any

import reference
import torch
from hypothesis import strategies as st
from torch import Tensor

from attribkit.attribution.outputs import Target
from attribkit.models import CNNSettings, TextCNN

VOCABULARY, SIZE = 12, 4
SEEDS = st.integers(0, 10_000)
FORMS = st.sampled_from(["zero", "vector", "ids", "dense"])


@dataclass
class Case:
    """A network, texts of mixed lengths, a baseline in one of its forms, and what the network itself says of them."""

    network: Any
    ids: Tensor
    mask: Tensor
    baseline: Tensor | None

    @property
    def embedded_baseline(self) -> Tensor:
        shape = (*self.ids.shape, self.network.embedding.embedding_dim)
        weight = self.network.embedding.weight.detach()
        if self.baseline is None:
            return torch.zeros(shape, dtype=weight.dtype)
        dense = self.baseline if self.baseline.is_floating_point() else weight[self.baseline]
        return dense.expand(shape) * self.mask.unsqueeze(2)

    def difference(self, target: Target) -> Tensor:
        """S(text) − S(baseline) by the network's own forward pass."""
        with torch.no_grad():
            text = self.network(self.ids, self.mask)
            baseline = reference.from_embeddings(self.network, self.embedded_baseline, self.mask)
            return target.of(text.double()) - target.of(baseline.double())


def make(
    seed: int,
    classes: int,
    form: str,
    bias: float,
    lengths: tuple[int, ...] = (),
    widths: tuple[int, ...] = (),
    filters: int = 3,
) -> Case:
    """A case: texts of these lengths, or three of 1 to 8 words; of 11 words of which many are said twice, so they tie.

    Args:
        seed: of everything.
        classes: C.
        form: of the baseline: "zero", "vector", "ids" or "dense".
        bias: added to every filter's.
        lengths, widths: of the texts, of the kernels; chosen by the seed if empty.
        filters: of each width.
    """
    random = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    widths = widths or [(1,), (2, 3), (3, 4, 5), (1, 6)][seed % 4]
    network: Any = TextCNN(CNNSettings(VOCABULARY, classes, SIZE, widths, filters)).double().eval()
    with torch.no_grad():
        for convolution in network.convolutions:
            convolution.bias.add_(bias)
    sizes = torch.tensor(lengths) if lengths else torch.randint(1, 9, (3,), generator=random)
    mask = torch.arange(int(sizes.max())) < sizes.unsqueeze(1)
    ids = torch.randint(1, VOCABULARY, mask.shape, generator=random) * mask
    baseline = {
        "zero": None,
        "vector": torch.randn(SIZE, generator=random, dtype=torch.float64),
        "ids": torch.randint(0, VOCABULARY, mask.shape, generator=random) * mask,
        "dense": torch.randn(*mask.shape, SIZE, generator=random, dtype=torch.float64) * mask.unsqueeze(2),
    }[form]
    return Case(network, ids, mask, baseline)


def target_of(case: Case, kind: str) -> Target:
    """A linear scalar: "log_odds" of two classes, "logit" or "pair"."""
    classes = case.network.output.out_features
    index = torch.arange(len(case.ids)) % classes
    return Target("logit" if kind == "logit" else "log_odds", index, (index + 1) % classes if kind == "pair" else None)


def values_of(case: Case, target: Target, row: int) -> list[float]:
    """The scalar of every coalition of one text's words, by the network's own forward pass."""
    length = int(case.mask[row].sum())
    return reference.coalition_values(
        case.network,
        case.ids[row, :length],
        case.embedded_baseline[row, :length],
        lambda logits: target.rows([row] * len(logits)).of(logits),
    )


def arguments(case: Case, *targets: Target) -> tuple[Any, Tensor, Tensor, Tensor | None, tuple[Target, ...]]:
    """What the methods are called with."""
    return case.network, case.ids, case.mask, case.baseline, targets


def shapley_by_definition(values: list[float]) -> list[float]:
    """From the values of all coalitions, numbered by their bits."""
    players = len(values).bit_length() - 1
    return reference.shapley_values(lambda kept: values[sum(1 << player for player in kept)], players)
