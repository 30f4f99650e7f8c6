"""Gradients of attention-GRUs along the path, written by hand, are autograd's."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from attribkit.attribution.methods import gru_bisection, path_gradients
from attribkit.attribution.methods.bisection import bisected
from attribkit.attribution.methods.gru_bisection import bisected_by_hand
from attribkit.attribution.methods.gru_path import GRUPath, has_path
from attribkit.attribution.methods.path_gradients import PathGradients, rules
from attribkit.attribution.methods.quadrature import Result, integrated_gradients
from attribkit.attribution.outputs import Target
from attribkit.explainer import explain
from attribkit.models import AttentionRNN, AttentionRNNSettings, LSTMClassifier, LSTMSettings
from attribkit.models.classifier import Classifier

ROUNDING = {torch.float64: 1e-12, torch.float32: 1e-6}


def made(seed: int = 0, dtype: torch.dtype = torch.float64, classes: int = 3, **options: Any) -> AttentionRNN:
    torch.manual_seed(seed)
    network = AttentionRNN(AttentionRNNSettings(20, classes, 5, hidden=4, **options)).eval().to(dtype)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3)
    return network


def texts_of(network: AttentionRNN, lengths: tuple[int, ...], seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Starts and ways (B, T, E), the latter 0 at padding, and the mask (B, T)."""
    random = torch.Generator().manual_seed(seed)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    shape, dtype = (*mask.shape, 5), network.output.weight.dtype
    start = torch.randn(shape, generator=random, dtype=torch.float64).to(dtype)
    way = torch.randn(shape, generator=random, dtype=torch.float64).to(dtype) * mask.unsqueeze(2)
    return start, way, mask


def by_autograd(
    network: AttentionRNN, start: Tensor, way: Tensor, mask: Tensor, nodes: Tensor, target: Target
) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, S and ∂S/∂α by token of each text at each node, slowly: one point after another."""
    logits, scalars, rates = [], [], []
    for text in range(len(mask)):
        length = int(mask[text].sum())
        for node in nodes:
            point = (start[text, :length] + node * way[text, :length]).unsqueeze(0).requires_grad_()
            of_point = reference.from_embeddings(network, point, mask[text : text + 1, :length])
            scalar = target.rows([text]).of(of_point)
            (gradient,) = torch.autograd.grad(scalar.sum(), point)
            rate = torch.zeros(mask.shape[1], dtype=start.dtype)
            rate[:length] = (gradient[0] * way[text, :length]).sum(1)
            logits.append(of_point.detach()[0])
            scalars.append(scalar.detach()[0])
            rates.append(rate)
    return torch.stack(logits), torch.stack(scalars), torch.stack(rates)


@given(
    seed=st.integers(0, 1_000),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    bidirectional=st.booleans(),
    scorer=st.sampled_from(["tanh", "linear"]),
    linear=st.sampled_from([(), (6,)]),
    output=st.sampled_from(["log_odds", "logit", "probability"]),
    dtype=st.sampled_from(list(ROUNDING)),
)
@settings(max_examples=60, deadline=None)
def test_outputs_and_gradients_are_those_of_autograd(
    seed: int, lengths: list[int], bidirectional: bool, scorer: str, linear: tuple[int, ...], output: str,
    dtype: torch.dtype,
) -> None:  # fmt: skip
    network = made(seed, dtype, bidirectional=bidirectional, scorer=scorer, linear=linear)
    assert has_path(network)
    start, way, mask = texts_of(network, tuple(lengths), seed)
    nodes = torch.tensor([0.1, 0.5, 0.93], dtype=dtype)
    classes = torch.randint(0, 3, (2, len(mask)), generator=torch.Generator().manual_seed(seed))
    targets = [Target(output, one) for one in classes]
    rows = torch.arange(len(mask)).repeat_interleave(len(nodes))
    path = GRUPath(network, start, way, mask)
    logits, scalars, rates = path.evaluate(torch.arange(len(mask)), nodes, [t.rows(rows) for t in targets], True)
    for target, scalar, rate in zip(targets, scalars, rates, strict=True):
        true_logits, true_scalar, true_rate = by_autograd(network, start, way, mask, nodes, target)
        allowed = ROUNDING[dtype]
        assert (logits - true_logits).abs().max() <= allowed * (1 + true_logits.abs().max())
        assert (scalar - true_scalar).abs().max() <= 10 * allowed * (1 + true_logits.abs().max())
        assert (rate - true_rate).abs().max() <= 10 * allowed * (1 + true_rate.abs().sum(1).max())
        assert not rate[~mask[rows]].any()


def test_without_gradients_the_outputs_are_the_same() -> None:
    network = made()
    start, way, mask = texts_of(network, (5, 3))
    path, nodes = GRUPath(network, start, way, mask), torch.tensor([0.2, 0.8], dtype=torch.float64)
    target = Target("log_odds", torch.zeros(4, dtype=torch.int64))
    alone, with_gradients = (path.evaluate(torch.arange(2), nodes, [target], wanted) for wanted in (False, True))
    assert torch.equal(alone[0], with_gradients[0]) and torch.equal(alone[1][0], with_gradients[1][0])
    assert not alone[2]


def test_only_an_attention_gru_that_nobody_has_changed_has_a_path() -> None:
    assert has_path(made())
    assert not has_path(made(layers=2)) and not has_path(made(cell="lstm")) and not has_path(made(cell="rnn"))
    assert not has_path(LSTMClassifier(LSTMSettings(20, 2, 5, hidden=4)).eval())

    class Changed(AttentionRNN):
        def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
            return 2 * super().forward(ids, mask)

    assert not has_path(Changed(AttentionRNNSettings(20, 2, 5, hidden=4)))
    watched, weighted, mixed, patched = made(), made(), made(), made()
    watched.rnn.register_forward_hook(lambda *_: None)
    nn.utils.parametrizations.weight_norm(weighted.output)
    mixed.output.float()
    vars(patched)["forward"] = lambda ids, mask: torch.zeros(len(ids), 3)
    assert not any(map(has_path, (watched, weighted, mixed, patched)))
    with torch.autocast("cpu", torch.bfloat16):
        assert not has_path(made())


def integrated(network: AttentionRNN, lengths: tuple[int, ...], by_hand: bool = True) -> Result:
    start, way, mask = texts_of(network, lengths)

    def run(points: Tensor, real: Tensor, _: Tensor) -> Tensor:
        return reference.from_embeddings(network, points, real)

    target = Target("log_odds", torch.ones(len(mask), dtype=torch.int64))
    with torch.no_grad():
        ends = [target.of(run(points * mask.unsqueeze(2), mask, mask)) for points in (start + way, start)]
    return integrated_gradients(
        run, start + way, start, mask, [target], (ends[0] - ends[1]).unsqueeze(0),
        by_hand=partial(GRUPath, network) if by_hand else None,
    )  # fmt: skip


@pytest.mark.parametrize("lengths", [(1,), (9,), (9, 9, 8, 5, 1), tuple(range(1, 30))])
def test_integrated_gradients_by_hand_are_those_by_autograd_with_the_same_verdicts(lengths: tuple[int, ...]) -> None:
    network = made()
    hand, auto = integrated(network, lengths), integrated(network, lengths, by_hand=False)
    assert (hand.scores - auto.scores).abs().max() <= 1e-12 * auto.scores.abs().sum(2).max()
    assert torch.equal(hand.nodes, auto.nodes) and torch.equal(hand.converged, auto.converged)
    assert hand.converged.any()
    assert torch.allclose(hand.change, auto.change, atol=1e-12)


@pytest.mark.parametrize("most", [1, 4, 20])
def test_less_memory_means_smaller_batches_with_the_same_scores(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network, lengths = made(), (9, 9, 9, 8, 4)
    whole = integrated(network, lengths)
    evaluate: Callable[..., object] = GRUPath.evaluate
    sizes: list[int] = []

    def limited(self: GRUPath, texts: Tensor, nodes: Tensor, *rest: object) -> object:
        if len(texts) * len(nodes) > most:
            raise MemoryError
        sizes.append(len(texts) * len(nodes))
        return evaluate(self, texts, nodes, *rest)

    monkeypatch.setattr(GRUPath, "evaluate", limited)
    parts = integrated(network, lengths)
    assert max(sizes) <= most
    assert (parts.scores - whole.scores).abs().max() <= 1e-12 * whole.scores.abs().sum(2).max()
    assert torch.equal(parts.nodes, whole.nodes)


def test_texts_of_near_lengths_share_a_batch_and_far_ones_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    network = made()
    start, way, mask = texts_of(network, (100, 100, 95, 91, 50, 49, 20))
    nodes, weights = rules()
    target = Target("logit", torch.zeros(7, dtype=torch.int64))
    evaluate: Callable[..., object] = GRUPath.evaluate
    batches: list[list[int]] = []

    def followed(self: GRUPath, texts: Tensor, *rest: object) -> object:
        batches.append(texts.tolist())
        return evaluate(self, texts, *rest)

    monkeypatch.setattr(GRUPath, "evaluate", followed)
    path = PathGradients(
        lambda *_: pytest.fail("asked the network"), start + way, start, mask, [target], nodes, weights, 2**28,
        partial(GRUPath, network),
    )  # fmt: skip
    path.take(torch.arange(7), range(7))
    assert batches == [[0, 1, 2, 3], [4, 5], [6]]
    batches.clear()
    monkeypatch.setattr(path_gradients, "ROWS_BY_HAND", 14)
    path.take(torch.arange(7), range(7, 14))
    assert batches == [[0, 1], [2, 3], [4, 5], [6]]


@pytest.mark.parametrize(("at_once", "classes"), [(32_768, 1), (100, 2), (5, 1)])
def test_paths_broken_into_pieces_by_hand_are_autograds(
    at_once: int, classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gru_bisection, "_AT_ONCE", at_once)
    network, lengths, most = made(), (9, 4, 9), (2_000, 2_000, 60)
    start, way, mask = texts_of(network, lengths)
    targets = [Target("log_odds", torch.full((3,), number)) for number in range(classes)]
    together = bisected_by_hand(GRUPath(network, start, way, mask), targets, 1e-9, most)
    assert len(together) == 3
    for row, (length, hand) in enumerate(zip(lengths, together, strict=True)):
        own, real = slice(0, length), mask[row : row + 1, :length]

        def run(points: Tensor, real: Tensor = real) -> Tensor:
            return reference.from_embeddings(network, points, real.expand(len(points), -1))

        ends = (start + way)[row, own], start[row, own]
        auto = bisected(run, *ends, [target.rows([row]) for target in targets], 1e-9, most[row])
        size = float(auto.scores.abs().sum())
        assert auto.scores.shape == hand.scores.shape == (classes, length)
        assert 7 < auto.steps == hand.steps <= most[row]
        assert (auto.scores - hand.scores).abs().max() <= 1e-12 * size
        assert (auto.path_error - hand.path_error).abs().max() <= 1e-11 * size


def test_pieces_of_several_texts_share_batches_and_their_ends_are_computed_once() -> None:
    network = made()
    start, way, mask = texts_of(network, (9, 8, 9))
    batches: list[tuple[Tensor, Tensor, bool]] = []

    class Followed(GRUPath):
        def evaluate(self, texts: Tensor, nodes: Tensor, *rest: Any) -> Any:
            batches.append((texts, nodes, rest[-1]))
            return super().evaluate(texts, nodes, *rest)

    target = Target("log_odds", torch.ones(3, dtype=torch.int64))
    path = Followed(network, start, way, mask)
    results = bisected_by_hand(path, [target], 1e-9, [2_000] * 3)
    texts, _, gradients = batches[0]
    assert texts.tolist() == [0, 1, 2] and gradients
    rounds = [len(texts) for texts, _, gradients in batches if gradients]
    assert 7 * sum(rounds) == sum(result.steps for result in results) and len(rounds) < sum(rounds) / 3
    ends = [
        (text, alpha)
        for texts, nodes, gradients in batches
        if not gradients
        for text, row in zip(texts.tolist(), nodes.tolist(), strict=True)
        for alpha in row
    ]
    assert {(text, end) for text in range(3) for end in (0.0, 1.0)} < set(ends) and len(ends) == len(set(ends))


@pytest.mark.parametrize(
    "name",
    [
        "embedding.weight",
        "rnn.weight_ih_l0",
        "rnn.weight_hh_l0_reverse",
        "rnn.bias_hh_l0",
        "projection.weight",
        "attention.weight",
        "output.weight",
    ],
)
def test_a_weight_edited_through_data_between_two_calls_gives_the_new_scores(
    make_classifier: Callable[..., Classifier], name: str
) -> None:
    classifier = make_classifier("attention-rnn")
    before = explain(classifier, "a good film")
    weight = classifier.network.get_parameter(name)
    version = weight._version
    weight.data.mul_(1.5)
    assert weight._version == version  # torch itself has no trace of it
    after = explain(classifier, "a good film")
    fresh = make_classifier("attention-rnn")
    fresh.network.load_state_dict(classifier.network.state_dict())
    assert np.array_equal(after.scores, explain(fresh, "a good film").scores)
    assert not np.array_equal(after.scores, before.scores)
    assert after.provenance["fingerprint"] != before.provenance["fingerprint"]
