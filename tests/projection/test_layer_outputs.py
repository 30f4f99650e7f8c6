"""What layers put out: reductions ignore padding, orders are kept, the model comes back as it was."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from attribkit.models import recurrence
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.layers import Layer
from attribkit.projection.layer_outputs import layer_outputs, read_layers
from attribkit.projection.pooling import Reduction
from attribkit.text.word_index import WordIndex

WORDS = "a good film horrible bad never seen unknown ! I've".split()
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=20).map(" ".join), min_size=1, max_size=6)
MIXED = ["a good film", "bad", "the worst movie ever , dull and bad", "film bad film", "good !"]


def seen(network: Any) -> dict[str, Any]:
    return {
        "modes": [module.training for module in network.modules()],
        "hooks": [list(module._forward_hooks) for module in network.modules()],
        "gradients": [id(p.grad) for p in network.parameters()],
        "requires_grad": [p.requires_grad for p in network.parameters()],
        "weights": [p.detach().numpy().tobytes() for p in network.state_dict().values()],
        "random": (torch.get_rng_state().numpy().tobytes(), np.random.get_state()[1].tobytes()),  # type: ignore[index]
        "grad mode": torch.is_grad_enabled(),
    }


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn", "lstm"])
@pytest.mark.parametrize("reduce", ["last", "mean", "max", "attention", None])
def test_a_text_has_the_same_outputs_alone_and_among_others(
    make_classifier: Callable[..., Classifier], architecture: str, reduce: str | None
) -> None:
    classifier = make_classifier(architecture)
    if reduce == "attention" and not classifier.capabilities.attention:
        with pytest.raises(ValueError, match=r"needs a network with attention, .* has none; take 'last'"):
            layer_outputs(classifier, MIXED, reduce=reduce)
        return

    @given(TEXTS, st.none() | st.integers(1, 3))
    @settings(max_examples=15)
    def law(texts: list[str], batch_size: int | None) -> None:
        together = layer_outputs(classifier, texts, reduce=reduce, batch_size=batch_size)
        for row, text in enumerate(texts):
            alone = layer_outputs(classifier, text, reduce=reduce)
            for name, values in together.values.items():
                np.testing.assert_allclose(values[row], alone[name][0], atol=2e-6, err_msg=name)

    law()


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn", "lstm"])
@pytest.mark.parametrize("reduce", ["last", "mean", "max"])
def test_reductions_are_those_of_a_loop_over_the_real_steps(
    make_classifier: Callable[..., Classifier], architecture: str, reduce: str
) -> None:
    classifier = make_classifier(architecture)
    found = layer_outputs(classifier, MIXED, reduce=reduce)
    for row, ids in enumerate(classifier.ids(MIXED)):
        for layer in classifier.inside():
            expected = reference.layer_output(classifier.network, layer.name, ids, layer.steps, reduce)
            np.testing.assert_allclose(found[layer.name][row], expected, atol=2e-6, err_msg=layer.name)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("layers", [1, 2])
def test_the_last_of_a_recurrent_layer_is_what_each_direction_ends_with(
    make_classifier: Callable[..., Classifier], cell: str, layers: int
) -> None:
    classifier = make_classifier("attention-rnn", cell=cell, layers=layers)
    network = classifier.network
    ids, mask = classifier.batch(classifier.ids(MIXED))
    with torch.no_grad():
        _, final = recurrence.run(network.rnn, network.embedding(ids) * mask.unsqueeze(2), mask)
    np.testing.assert_allclose(layer_outputs(classifier, MIXED, "rnn", "last")["rnn"], final.numpy(), atol=1e-6)


def test_attention_weighs_the_steps_as_the_network_does(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("attention-rnn")
    outputs = layer_outputs(classifier, MIXED, ["rnn", "linear"], "attention")
    np.testing.assert_allclose(outputs["rnn"], outputs["linear"], atol=1e-6)  # the context vector itself
    np.testing.assert_allclose(outputs.logits, classifier.logits(classifier.ids(MIXED)), atol=1e-6)


def test_the_max_of_a_convolution_is_what_the_network_pools(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("cnn", widths=(2, 4))
    outputs = layer_outputs(classifier, MIXED)
    pooled = np.maximum(0, np.concatenate([outputs["convolutions.0"], outputs["convolutions.1"]], axis=1))
    np.testing.assert_allclose(pooled, outputs["dropout"], atol=1e-6)
    assert outputs.reductions["convolutions.0"] == "max" and outputs.reductions["dropout"] == ""


def test_tokens_are_the_steps_themselves(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("lstm")
    outputs = layer_outputs(classifier, MIXED, "rnn", "tokens")
    lengths = [len(row) for row in classifier.ids(MIXED)]
    assert outputs.text_index.tolist() == [row for row, n in enumerate(lengths) for _ in range(n)]
    assert outputs.token_index is not None and outputs.token_index.tolist() == [i for n in lengths for i in range(n)]
    np.testing.assert_allclose(
        np.stack([outputs["rnn"][outputs.text_index == row].mean(0) for row in range(len(MIXED))]),
        layer_outputs(classifier, MIXED, "rnn", "mean")["rnn"],
        atol=1e-6,
    )
    some = layer_outputs(classifier, MIXED, "rnn", "tokens", sample=7, seed=3)
    assert len(some["rnn"]) == 7 and some.total == sum(lengths)
    all_points = {(t, k): v for t, k, v in zip(outputs.text_index, outputs.token_index, outputs["rnn"], strict=True)}
    assert some.token_index is not None
    for text, token, value in zip(some.text_index, some.token_index, some["rnn"], strict=True):
        np.testing.assert_allclose(value, all_points[text, token], atol=1e-6)
    again = layer_outputs(classifier, MIXED, "rnn", "tokens", sample=7, seed=3)
    assert np.array_equal(some["rnn"], again["rnn"])


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
@settings(max_examples=20)
def test_takens_slides_over_time_and_keeps_every_unit(delay: int, dimension: int, stride: int) -> None:
    classifier = own_classifier(Bag())
    texts = ["good bad film film good bad good", "bad film", "good good good good"]
    rows = {
        row: layer_outputs(classifier, text, "network.words", "tokens")["network.words"]
        for row, text in enumerate(texts)
    }
    expected = [
        (row, start, np.concatenate([steps[start + delay * i] for i in range(dimension)]))
        for row, steps in rows.items()
        for start in range(0, len(steps) - delay * (dimension - 1), stride)
    ]
    found = layer_outputs(classifier, texts, "network.words", "takens", delay=delay, dimension=dimension, stride=stride)
    assert found.token_index is not None
    assert list(zip(found.text_index.tolist(), found.token_index.tolist(), strict=True)) == [
        (r, s) for r, s, _ in expected
    ]
    np.testing.assert_allclose(found["network.words"], [values for _, _, values in expected], atol=1e-6)


class Bag(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(5, 4)
        self.out = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.words(x).mean(1))


class Packs(nn.Module):
    """A user's own network that packs its texts."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(5, 4)
        self.rnn = nn.LSTM(4, 3, bidirectional=True, batch_first=True)
        self.out = nn.Linear(6, 2)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.words(x), lengths, batch_first=True, enforce_sorted=False)
        _, (hidden, _) = self.rnn(packed)
        return self.out(torch.cat((hidden[0], hidden[1]), dim=1))


def own_classifier(network: nn.Module) -> Classifier:
    index = WordIndex({"<pad>": 4, "<unk>": 3, "good": 0, "bad": 1, "film": 2})
    if isinstance(network, Packs):
        return Classifier(Adapted(network, inputs="ids, lengths"), index, ("neg", "pos"))
    if isinstance(network, Shares):
        return Classifier(network, index, ("neg", "pos"))
    return Classifier(Adapted(network, outputs="logit"), index, ("neg", "pos"))


def test_a_users_packed_lstm_gives_its_final_states() -> None:
    classifier = own_classifier(network := Packs())
    texts = ["good film", "bad", "good bad film film good"]
    found = layer_outputs(classifier, texts, "network.rnn", "last")["network.rnn"]
    for row, ids in zip(found, classifier.ids(texts), strict=True):
        _, (hidden, _) = network.rnn(network.words(torch.tensor(ids)[None]))
        np.testing.assert_allclose(row, hidden.detach().reshape(-1).numpy(), atol=1e-6)


class Shares(nn.Module):
    """A user's own network that calls one module twice, writes over a layer's output, and may turn moody."""

    def __init__(self, moody: bool = False) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 4)
        self.dropout = nn.Dropout()
        self.wide = nn.Linear(4, 6)
        self.moods = nn.Identity()
        self.output = nn.Linear(6, 2)
        self.moody = moody

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        steps = self.wide(self.dropout(self.embedding(ids) * mask.unsqueeze(2)))
        steps *= mask.unsqueeze(2)
        summed = self.dropout(steps.sum(1))
        if len(ids) != 1 or not self.moody:
            self.moods(steps)
        return self.output(summed)


def test_of_several_calls_the_last_counts_and_what_is_written_over_was_seen() -> None:
    classifier = own_classifier(network := Shares().eval())
    texts = ["good film", "bad", "good bad film film good"]
    found = layer_outputs(classifier, texts, ["embedding", "dropout", "wide"], "mean")
    for row, ids in enumerate(classifier.ids(texts)):
        with torch.no_grad():
            wide = network.wide(network.embedding(torch.tensor(ids)))
        np.testing.assert_allclose(found["dropout"][row], wide.sum(0), atol=1e-5)
        np.testing.assert_allclose(found["wide"][row], wide.mean(0), atol=1e-6)


def test_a_layer_that_does_not_do_the_same_with_every_text_is_refused() -> None:
    classifier = own_classifier(Shares(moody=True).eval())
    with pytest.raises(RuntimeError, match="the layer 'moods' took no part in this text's forward pass; take another"):
        layer_outputs(classifier, "good film", "moods")
    classifier = own_classifier(Shares().eval())
    other = Layer("moods", "Identity", ("B", "T", 6, 1))
    with pytest.raises(RuntimeError, match="the layer 'moods' changes the shape of its output from text to text"):
        read_layers(classifier, classifier.ids(["good film"]), [other], Reduction("mean"))


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn", "lstm"])
@pytest.mark.parametrize("fails", [False, True])
def test_the_model_comes_back_as_it_was(
    make_classifier: Callable[..., Classifier], architecture: str, fails: bool
) -> None:
    classifier = make_classifier(architecture)
    network = classifier.network
    network.train()
    network.output.eval()
    network.embedding.weight.requires_grad_(False)
    network.output.weight.grad = torch.ones_like(network.output.weight)
    calls = []

    def fail_late(*_: Any) -> None:
        calls.append(1)
        if fails and len(calls) == 4:
            raise RuntimeError("the network broke")

    network.output.register_forward_hook(fail_late)
    before = seen(network)
    if fails:
        with pytest.raises(RuntimeError, match="the network broke"):
            layer_outputs(classifier, MIXED, batch_size=1)
    else:
        layer_outputs(classifier, MIXED, batch_size=1)
    assert seen(network) == before


def test_activations_that_are_not_finite_are_refused_with_the_layer_and_the_texts(
    make_classifier: Callable[..., Classifier],
) -> None:
    classifier = make_classifier("lstm")
    word = int(classifier.ids(["bad"])[0][0])
    classifier.network.embedding.weight.data[word] = torch.nan
    with pytest.raises(
        ValueError, match=r"the layer 'rnn' put out NaN or infinity for 3 of 5 texts \(number 1, 2, 3\)"
    ):
        layer_outputs(classifier, MIXED, "rnn")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": "rn"}, r"one of 'embedding', 'rnn', .*, got 'rn'; did you mean 'rnn'\?"),
        ({"reduce": "sum"}, "`reduce` must be one of first, last, mean, max, attention, tokens, takens, got 'sum'"),
        ({"layers": "output", "reduce": "tokens"}, "does not suit the layer 'output': it has one vector per text"),
        ({"reduce": "takens", "dimension": 99}, "a window spans 99 tokens, but no text has so many; lower `dimension`"),
        ({"reduce": "takens", "delay": 0}, "`delay` must be at least 1, got 0"),
        ({"texts": ["good", " "]}, "text 1: the text is empty"),
    ],
)
def test_bad_input_is_one_sentence(
    make_classifier: Callable[..., Classifier], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        layer_outputs(make_classifier("lstm"), options.pop("texts", MIXED), **options)


def test_no_text_gives_no_points(make_classifier: Callable[..., Classifier]) -> None:
    outputs = layer_outputs(make_classifier(), [])
    assert len(outputs.text_index) == 0 and len(outputs["output"]) == 0
