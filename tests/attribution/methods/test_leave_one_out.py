"""Leave-one-out is what a loop over the tokens finds, and for a text CNN costs no forward pass per token."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from attribkit.attribution import baselines
from attribkit.attribution.methods import leave_one_out
from attribkit.attribution.outputs import Target
from attribkit.attribution.request import AttributionRequest
from attribkit.explainer import explain
from attribkit.models import CNNSettings, TextCNN
from attribkit.models.classifier import Classifier
from attribkit.models.feeding import embedding_fed

TEXT = "never such a good unheard film a good film"


def problem_of(
    network: Any, run: Any, texts: list[list[int]], baseline: str = "pad", classes: int = 3
) -> AttributionRequest:
    longest = max(map(len, texts))
    ids = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
    mask = torch.tensor([[True] * len(text) + [False] * (longest - len(text)) for text in texts])
    compared = baselines.embedded(baseline, network.embedding.weight.detach(), mask, 0, 1)
    targets = [Target("log_odds", torch.full((len(texts),), number)) for number in range(classes)]
    with torch.no_grad():
        logits = network(ids, mask).double()
    outputs = torch.stack([target.of(logits) for target in targets])
    tokens = baselines.ids(baseline, mask, 0, 1)
    vectors = compared if tokens is None else None
    return AttributionRequest(
        network, run, ids, mask, tokens, vectors, targets, outputs, torch.zeros_like(outputs), 1e-4
    )


def cnn(seed: int, widths: tuple[int, ...] = (3, 4, 5), vocabulary: int = 9) -> TextCNN:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = TextCNN(CNNSettings(vocabulary, 3, embedding_size=5, widths=widths, filters=4)).eval()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(2.0)
    return network


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn", "lstm"])
@pytest.mark.parametrize("output", ["log_odds", "logit", "probability"])
@pytest.mark.parametrize("baseline", [*baselines.NAMES, "dull"])
def test_scores_equal_a_loop_over_the_tokens(
    make_classifier: Callable[..., Classifier], architecture: str, output: str, baseline: str
) -> None:
    classifier = make_classifier(architecture, labels=("x", "y", "z"))
    panel = explain(classifier, TEXT, method="leave_one_out", output=output, baseline=baseline, target="y").token_scores
    ids, mask = classifier.batch([classifier.encode([TEXT])[0].ids])
    network, target = classifier.network, Target(output, torch.tensor([1]))
    words = torch.from_numpy(classifier.encode([baseline])[0].ids)
    name = baseline if baseline in baselines.NAMES else "text"
    with torch.no_grad():
        compared = baselines.embedded(name, network.embedding.weight, mask, 0, 1, words)
        whole = target.of(network(ids, mask).double()).item()
        for place, score in enumerate(panel.scores):
            points = network.embedding(ids).clone()
            points[0, place] = compared[0, place]
            without = target.of(reference.from_embeddings(network, points, mask).double()).item()
            assert score == pytest.approx(whole - without, abs=2e-6)
    assert panel.converged is None
    assert panel.notes[0].startswith("a score is what the output loses when the baseline's token takes")


TEXTS = st.lists(st.lists(st.integers(0, 8), min_size=1, max_size=9), min_size=1, max_size=4)
WIDTHS = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)


@given(TEXTS, st.sampled_from(baselines.NAMES), WIDTHS, st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_windows_and_forward_passes_agree(
    texts: list[list[int]], baseline: str, widths: tuple[int, ...], seed: int
) -> None:
    network = cnn(seed, widths)
    run = embedding_fed(network)
    with torch.no_grad():
        problem = problem_of(network, run, texts, baseline)
        if not problem.moved.any():
            assert not leave_one_out.leave_one_out(problem).scores.any()
            return
        quick, slow = leave_one_out._by_windows(problem), leave_one_out._by_forward_passes(problem)
        whole = network(problem.ids, problem.mask).double()
    assert quick is not None and quick.whole is not None
    torch.testing.assert_close(quick.rows, slow.rows)
    torch.testing.assert_close(quick.places, slow.places)
    torch.testing.assert_close(quick.logits, slow.logits, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(quick.whole, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("baseline", ["pad", "unk", "mean"])
def test_a_long_text_taken_in_stretches_scores_the_same(monkeypatch: pytest.MonkeyPatch, baseline: str) -> None:
    network, text = cnn(0), torch.randint(2, 9, (203,), generator=torch.Generator().manual_seed(0)).tolist()
    problem = problem_of(network, embedding_fed(network), [text, text[:190]], baseline)
    whole = leave_one_out.leave_one_out(problem).scores
    monkeypatch.setattr(leave_one_out, "_SHARE_BYTES", 20_000)
    torch.testing.assert_close(leave_one_out.leave_one_out(problem).scores, whole, rtol=0, atol=1e-6)


def test_a_text_cnn_is_not_run_at_all(make_classifier: Callable[..., Classifier]) -> None:
    calls = []
    for architecture in ("cnn", "lstm"):
        classifier = make_classifier(architecture)
        handle = classifier.network.register_forward_hook(lambda module, given, output: calls.append(len(given[0])))
        explain(classifier, TEXT, method="leave_one_out", target="pos")
        handle.remove()
    assert calls == [1, 1, 1, 1, 9]  # the prediction and the baseline; then for the LSTM as many texts as tokens


class Louder(TextCNN):
    """Has all that a closed form needs, and then does something more."""

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return super().forward(ids, mask).sinh()


class Narrow(nn.Module):
    """A text CNN whose convolution is not wide."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 5, padding_idx=0)
        self.convolutions = nn.ModuleList([nn.Conv1d(5, 4, 3, padding=1)])
        self.output = nn.Linear(4, 3)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        channels = (self.embedding(ids) * mask.unsqueeze(2)).transpose(1, 2)
        windows = self.convolutions[0](channels).masked_fill(~mask.unsqueeze(1), -torch.inf)
        return self.output(windows.amax(2).relu())


@pytest.mark.parametrize("kind", [lambda: Louder(CNNSettings(9, 3, 5, filters=4)), Narrow])
def test_a_network_that_only_looks_like_a_text_cnn_is_run(kind: Callable[[], Any]) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = kind().eval()
    run = embedding_fed(network)
    with torch.no_grad():
        problem = problem_of(network, run, [[3, 4, 5, 6, 2], [7, 8]])
        found = leave_one_out.leave_one_out(problem).scores
        for row, place in problem.mask.nonzero().tolist():
            ids = problem.ids.clone()
            ids[row, place] = 0
            logits = network(ids, problem.mask).double()
            for number, target in enumerate(problem.targets):
                expected = problem.outputs[number, row] - target.of(logits)[row]
                assert found[number, row, place].item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn"])
def test_a_token_that_is_the_baselines_own_gets_exactly_zero(
    make_classifier: Callable[..., Classifier], architecture: str
) -> None:
    panel = explain(make_classifier(architecture), TEXT, method="leave_one_out", baseline="unk").token_scores
    assert [token for token, score in zip(panel.tokens, panel.scores, strict=True) if score == 0] == ["unheard"]
    assert panel.steps == len(panel.tokens) - 1


def test_one_token_alone_bears_the_whole_change(make_classifier: Callable[..., Classifier]) -> None:
    for architecture in ("cnn", "attention-rnn", "lstm"):
        panel = explain(make_classifier(architecture), "good", method="leave_one_out").token_scores
        np.testing.assert_allclose(panel.scores, [panel.output_text - panel.output_baseline], atol=1e-6)
