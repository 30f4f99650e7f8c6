"""Token scores are the integral they claim to be, and say so when they are not."""

from collections.abc import Callable

import numpy as np
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from attribkit.attribution import baselines
from attribkit.attribution.outputs import Target
from attribkit.classifier import Classifier
from attribkit.explainer import explain
from attribkit.models.adapters import Adapted
from attribkit.text import WordIndex
from attribkit.views.attribution import Attribution

WORDS = "a good film horrible bad never seen unknown ! I've".split()
TEXT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
ARCHITECTURES = ("cnn", "attention-rnn", "lstm")


def doubled(classifier: Classifier) -> Classifier:
    classifier.network.double()
    return classifier


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(
    ("output", "baseline"),
    [*(("log_odds", name) for name in (*baselines.NAMES, "a dull film")), ("logit", "pad"), ("probability", "unk")],
)
def test_scores_equal_a_slow_autograd_loop(
    make_classifier: Callable[..., Classifier], architecture: str, output: str, baseline: str
) -> None:
    classifier = doubled(make_classifier(architecture, labels=("x", "y", "z")))
    panel = explain(
        classifier, "I've never seen a good film", output=output, baseline=baseline, target="y", tolerance=1e-3
    ).scores
    ids, mask = classifier.batch([classifier.encode(["I've never seen a good film"])[0].ids])
    name = baseline if baseline in baselines.NAMES else "text"
    words = torch.from_numpy(classifier.encode([baseline])[0].ids)
    start = baselines.embedded(name, classifier.network.embedding.weight.detach(), mask, 0, 1, words)
    target = Target(output, torch.tensor([1]))
    steps = 600 if architecture == "cnn" else 60  # a CNN's path has kinks, a recurrent network's is smooth
    slow = reference.integrated_gradients(classifier.network, ids, mask, start, target.of, steps)
    assert np.abs(panel.scores - slow[0].numpy()).max() <= 4e-3 * np.abs(panel.scores).sum()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_scores_add_up_and_the_sum_is_of_the_networks_own_outputs(
    make_classifier: Callable[..., Classifier], architecture: str
) -> None:
    classifier = make_classifier(architecture)

    @given(TEXT, st.sampled_from(["pad", "unk", "mean", "zero"]), st.sampled_from(["log_odds", "logit", "probability"]))
    @settings(max_examples=15, deadline=None)
    def law(text: str, baseline: str, output: str) -> None:
        panel = explain(classifier, text, baseline=baseline, output=output, target="pos", tolerance=1e-3).scores
        logits = torch.from_numpy(classifier.logits([classifier.encode([text])[0].ids]))
        own = Target(output, torch.tensor([1])).of(logits).item()
        assert panel.output_text == pytest.approx(own, abs=1e-12)
        assert panel.completeness_error == pytest.approx(
            panel.scores.sum() - (panel.output_text - panel.output_baseline), abs=1e-12
        )
        assert panel.converged == (panel.relative_error <= 1e-3)

    law()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_text_gets_the_same_scores_alone_and_among_others(
    make_classifier: Callable[..., Classifier], architecture: str
) -> None:
    classifier = make_classifier(architecture)

    @given(st.lists(TEXT, min_size=2, max_size=5))
    @settings(max_examples=8, deadline=None)
    def law(texts: list[str]) -> None:
        for together, text in zip(explain(classifier, texts, tolerance=1e-3), texts, strict=True):
            alone = explain(classifier, text, tolerance=1e-3).scores
            limit = 1e-6 * max(np.abs(alone.scores).sum(), 1e-3)
            np.testing.assert_allclose(together.scores.scores, alone.scores, rtol=0, atol=limit)

    law()


def test_two_classes_swap_every_sign(make_classifier: Callable[..., Classifier]) -> None:
    for output in ("log_odds", "probability"):
        neg, pos = explain(make_classifier("lstm"), "a good film", target="all", output=output).panels
        np.testing.assert_allclose(neg.scores, -pos.scores, atol=1e-6)  # type: ignore[union-attr]


def test_a_pair_says_why_this_and_not_that(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("lstm", labels=("x", "y", "z"))
    panel = explain(classifier, "a good film", target=("x", "z")).scores
    p = classifier.predict("a good film").iloc[0]
    assert panel.target == "x − z"
    assert panel.output_text == pytest.approx(np.log(p["x"]) - np.log(p["z"]), abs=1e-6)


def test_a_text_equal_to_its_baseline_scores_zero_without_nan(make_classifier: Callable[..., Classifier]) -> None:
    for architecture in ARCHITECTURES:
        panel = explain(make_classifier(architecture), "a good film", baseline="a good film").scores
        assert panel.scores.tolist() == [0, 0, 0]
        assert (panel.relative_error, panel.converged) == (0, True)


def test_a_baseline_text_of_another_length_is_said_on_the_result(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier()
    assert explain(classifier, "good", baseline="a dull film").scores.notes == (
        "the baseline text was cut from 3 to the text's 1 tokens",
    )
    assert explain(classifier, "a good film !", baseline="a dull film").scores.notes == (
        "the baseline text's 3 tokens were filled with PAD to the text's 4",
    )


def test_scores_that_do_not_add_up_are_caught(make_classifier: Callable[..., Classifier]) -> None:
    panel = explain(make_classifier(), "I've never seen a good film", method="captum", tolerance=1e-12).scores
    assert panel.converged is False
    assert "did not converge" in panel.verdict
    assert panel.steps == 1_600


class Mean(nn.Module):
    """A user's network that takes no mask but looks for padding in the ids themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(5, 4)
        self.out = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        real = (x != 4).unsqueeze(-1)
        return self.out((self.words(x) * real).sum(1) / real.sum(1).clamp(min=1)).tanh() * 3


@pytest.mark.parametrize("baseline", ["zero", "mean", "unk"])
def test_a_users_own_network_is_explained(baseline: str) -> None:
    index = WordIndex({"<pad>": 4, "<unk>": 3, "good": 0, "bad": 1, "film": 2}, split=lambda t: t.lower().split())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        classifier = Classifier(Adapted(Mine := Mean()), index, ("x", "y", "z"))
    rows = explain(classifier, ["Good film", "bad", "good bad bad film"], baseline=baseline, target="all")
    assert all(panel.converged for row in rows for panel in row.panels)  # type: ignore[union-attr]
    assert isinstance(Mine, nn.Module)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "odds"}, "must be one of log_odds, logit, probability, got 'odds'"),
        ({"method": "lime++"}, "`method` must be one of .*captum.*, got 'lime"),
        ({"tolerance": 0}, "between 0 and 1, got 0"),
        ({"baseline": "padd"}, "got 'padd'; did you mean 'pad'"),
    ],
)
def test_settings_out_of_range_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Attribution(**options)
