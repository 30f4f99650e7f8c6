"""A text CNN's windows tell what a forward pass for every token would, however tokens go."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from attribkit.attribution.cnn.ablation import WindowAblation
from attribkit.models import CNNSettings, TextCNN

WIDTHS = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)


def cnn(seed: int, widths: tuple[int, ...], padding: bool) -> TextCNN:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = TextCNN(CNNSettings(9, 3, embedding_size=5, widths=widths, filters=4)).eval()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(2.0)
            if padding:  # a user's network may have learned a PAD row
                network.embedding.weight[0] = torch.randn(5)
    return network


@torch.no_grad()
def run(network: TextCNN, ids: list[int]) -> NDArray[np.float64]:
    return network(torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.bool))[0].double().numpy()


def left(ids: NDArray[np.int64], keep: NDArray[np.bool_], how: str) -> list[int]:
    return np.where(keep, ids, 0).tolist() if how == "pad" else ids[keep].tolist() or [0]


@given(st.lists(st.integers(1, 8), min_size=1, max_size=9), WIDTHS, st.integers(0, 5), st.booleans(), st.data())
@settings(max_examples=60)
def test_windows_and_forward_passes_agree(
    text: list[int], widths: tuple[int, ...], seed: int, padding: bool, data: st.DataObject
) -> None:
    network, ids = cnn(seed, widths, padding), np.array(text)
    windows = WindowAblation.of(network, ids, 0, run(network, text))
    assert windows is not None
    order = [data.draw(st.permutations(range(len(text)))) for _ in range(2)]
    count = data.draw(st.integers(1, len(text)))
    keep = np.array([[place in some[:count] for place in range(len(text))] for some in order])
    for how in ("delete", "pad"):
        whole, each = windows.whole(keep, how), windows.each(keep, how)
        assert each.shape == (2, count, 3)
        for row, kept in enumerate(keep):
            np.testing.assert_allclose(whole[row], run(network, left(ids, kept, how)), rtol=1e-4, atol=1e-4)
            for column, place in enumerate(np.flatnonzero(kept)):
                fewer = kept.copy()
                fewer[place] = False
                np.testing.assert_allclose(each[row, column], run(network, left(ids, fewer, how)), rtol=1e-4, atol=1e-4)


def test_a_network_that_does_more_than_it_declares_is_not_taken_by_its_windows() -> None:
    class Doubled(TextCNN):
        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(ids, mask)

    network = Doubled(CNNSettings(9, 2, embedding_size=4, filters=3)).eval()
    assert WindowAblation.of(network, np.array([2, 3]), 0, run(network, [2, 3])) is None
    assert WindowAblation.of(torch.nn.Linear(2, 2), np.array([2, 3]), 0, np.zeros(2)) is None
