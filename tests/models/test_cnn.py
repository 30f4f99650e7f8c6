from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from attribkit.models import keeps_contract
from attribkit.models.cnn import CNNSettings, TextCNN, _chunks
from attribkit.models.registry import ARCHITECTURES

VOCABULARY = 9
texts = st.lists(st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=9), min_size=1, max_size=4)
extras = st.integers(0, 7)


@st.composite
def networks(draw: st.DrawFn) -> TextCNN:
    chosen = CNNSettings(
        vocabulary=VOCABULARY,
        classes=draw(st.integers(2, 4)),
        embedding_size=draw(st.integers(1, 6)),
        widths=tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))),
        filters=draw(st.integers(1, 5)),
    )
    with torch.random.fork_rng():
        torch.manual_seed(draw(st.integers(0, 1_000)))
        network = TextCNN(chosen)
    return network.eval()


def by_hand(network: TextCNN, text: list[int]) -> tuple[Tensor, Tensor]:
    """Logits (C,) of one text, and the gradient of the first with respect to its embedded tokens (T, E).

    Every window of every filter in a loop; where windows tie, the mean of their gradients.
    """
    rows = network.embedding.weight.detach()[text]
    classes, pooled = network.output.weight.detach(), []
    gradient, place = torch.zeros_like(rows), 0
    convolutions: Any = network.convolutions
    for convolution in convolutions:
        (width,) = convolution.kernel_size
        weight, bias = convolution.weight.detach(), convolution.bias.detach()
        for filter_ in range(weight.shape[0]):
            values = {}
            for start in range(1 - width, len(text)):
                inside = [(t, t - start) for t in range(start, start + width) if 0 <= t < len(text)]
                values[start] = sum((rows[t] @ weight[filter_, :, k] for t, k in inside), bias[filter_])
            best = max(values.values())
            pooled.append(best.clamp(min=0))
            if best > 0:
                winners = [start for start, value in values.items() if torch.isclose(value, best, rtol=1e-12, atol=0)]
                for start in winners:
                    for k in range(width):
                        if 0 <= start + k < len(text):
                            gradient[start + k] += classes[0, place] * weight[filter_, :, k] / len(winners)
            place += 1
    return classes @ torch.stack(pooled) + network.output.bias.detach(), gradient


@given(networks(), texts, extras)
@settings(max_examples=60, deadline=None)
def test_padding_never_matters(laws: Any, network: TextCNN, rows: list[list[int]], extra: int) -> None:
    laws.assert_padding_never_matters(network, rows, extra)


@given(networks(), texts, extras)
@settings(max_examples=60, deadline=None)
def test_padding_takes_no_gradient(laws: Any, network: TextCNN, rows: list[list[int]], extra: int) -> None:
    laws.assert_padding_takes_no_gradient(network, rows, extra)


@given(networks(), texts)
@settings(max_examples=30, deadline=None)
def test_a_row_without_tokens_gives_numbers(laws: Any, network: TextCNN, rows: list[list[int]]) -> None:
    laws.assert_a_row_without_tokens_gives_numbers(network, rows)


# few distinct words, so that windows tie
tied = st.lists(st.integers(1, 3), min_size=1, max_size=9)


@given(networks(), tied)
@settings(max_examples=60, deadline=None)
def test_logits_and_gradient_are_those_of_a_slow_loop_with_ties_shared_equally(
    laws: Any, network: TextCNN, text: list[int]
) -> None:
    network = network.double()
    logits, gradient = by_hand(network, text)
    assert torch.allclose(network(*laws.batch([text]))[0], logits, rtol=1e-10, atol=1e-12)
    (found,) = laws.embedded_gradients(network, *laws.batch([text]))
    assert torch.allclose(found[0], gradient, rtol=1e-8, atol=1e-12)


@given(networks(), texts, extras)
@settings(max_examples=60, deadline=None)
def test_what_is_computed_while_training_is_what_is_computed_afterwards(
    laws: Any, network: TextCNN, rows: list[list[int]], extra: int
) -> None:
    network = network.double()
    network.dropout.p = 0.0
    found = []
    for training in (False, True):
        network.train(training).zero_grad()
        logits = network(*laws.batch(rows, extra))
        logits.square().sum().backward()
        found.append([logits, *(parameter.grad for parameter in network.parameters())])
    for one, other in zip(*found, strict=True):
        assert one is not None and other is not None
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)


@given(networks(), texts)
@settings(max_examples=50, deadline=None)
def test_without_gradients_each_word_is_convolved_once_to_the_same_logits(
    laws: Any, network: TextCNN, rows: list[list[int]]
) -> None:
    ids, mask = laws.batch(rows)
    with torch.no_grad():
        by_word = network(ids, mask)
    assert (by_word - network(ids, mask)).abs().max() <= 1e-5 * (1 + by_word.abs().max())


def test_a_hook_on_the_embedding_is_always_obeyed(laws: Any) -> None:
    network = TextCNN(CNNSettings(VOCABULARY, 2, 4)).eval()
    ids, mask = laws.batch([[3, 4, 3], [5]])
    seen: list[tuple[int, ...]] = []

    def zero(module: Any, inputs: Any, output: Tensor) -> Tensor:
        seen.append(tuple(output.shape))
        return torch.zeros_like(output)

    handle = network.embedding.register_forward_hook(zero)
    with torch.no_grad():
        blank = network(ids, mask)
        handle.remove()
        assert not torch.allclose(blank, network(ids, mask))
    assert seen == [(2, 3, 4)]
    assert torch.allclose(blank[0], blank[1])


def test_repeated_words_share_the_gradient_equally(laws: Any) -> None:
    torch.manual_seed(0)
    network = TextCNN(CNNSettings(VOCABULARY, 2, embedding_size=4, widths=(1,), filters=6)).eval()
    (gradient,) = laws.embedded_gradients(network, *laws.batch([[5, 5, 5, 5]]))
    assert gradient.any()
    assert all(torch.equal(gradient[0, 0], gradient[0, t]) for t in range(1, 4))


@pytest.mark.parametrize("widths", [(1,), (3, 4, 5), (9,)])
def test_a_one_token_text_works(laws: Any, widths: tuple[int, ...]) -> None:
    network = TextCNN(CNNSettings(VOCABULARY, 3, embedding_size=4, widths=widths, filters=2)).eval()
    assert network(*laws.batch([[5]])).shape == (1, 3)


def test_the_network_keeps_the_contract() -> None:
    network = TextCNN(CNNSettings(VOCABULARY, 2))
    assert keeps_contract(network) and type(ARCHITECTURES["cnn"].build(vocabulary=3, classes=2)) is TextCNN
    assert not hasattr(network, "attend")
    assert not network.embedding.weight[0].any()


@pytest.mark.parametrize("widths", [(), (0,), (3, -1)])
def test_impossible_widths_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="`widths` must hold at least one width of 1 or more"):
        CNNSettings(VOCABULARY, 2, widths=widths)


def test_while_learning_words_are_convolved_in_few_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    network = TextCNN(CNNSettings(vocabulary=600, classes=2, embedding_size=3, filters=2)).train()
    sizes = []
    look_up = network.embedding.forward

    def watched(ids: Tensor) -> Tensor:
        sizes.append(len(ids))
        return look_up(ids)

    monkeypatch.setattr(network.embedding, "forward", watched)
    for words in (5, 90, 256, 257, 400):
        ids = torch.arange(1, words + 1).unsqueeze(0)
        network(ids, torch.ones_like(ids, dtype=torch.bool))
    assert sizes == [256, 256, 256, 512, 512]


def test_texts_that_are_looked_at_together_are_few_and_hardly_padded() -> None:
    lengths = torch.tensor([5_000, 3_000, 1_500, 1_500, 1_400, 30, 0, 2_000])
    chunks = _chunks(torch.arange(5_000) < lengths.unsqueeze(1))
    assert [(part.start, part.stop, longest) for part, longest in chunks] == [
        (0, 1, 5_000),
        (1, 2, 3_000),
        (2, 4, 1_500),
        (4, 6, 1_400),
        (6, 8, 2_000),
    ]


@given(networks(), st.integers(0, 2**32))
@settings(deadline=None, max_examples=20)
def test_a_batch_of_several_chunks_is_its_texts(network: TextCNN, seed: int) -> None:
    random = Random(seed)
    texts = [[random.randrange(VOCABULARY) for _ in range(random.choice((1, 30, 900, 2_500)))] for _ in range(9)]
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(text) for text in texts], batch_first=True)
    mask = torch.arange(ids.shape[1]) < torch.tensor([len(text) for text in texts]).unsqueeze(1)
    with torch.no_grad():
        alone = torch.cat([network(torch.tensor([text]), torch.ones(1, len(text), dtype=torch.bool)) for text in texts])
        assert torch.allclose(network(ids, mask), alone, atol=1e-5)
