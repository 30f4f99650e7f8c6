"""Attention as the network used it, and beside it what keeps it honest."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau
from torch import Tensor, nn

from attribkit.explainer import explain, supported
from attribkit.models.classifier import Classifier
from attribkit.projection.layer_outputs import layer_outputs
from attribkit.results.explanation import Explanation
from attribkit.results.panels import AttentionHeads, Heatmap, TokenScores

WORDS = "a good film horrible bad never seen unknown ! I've".split()
TEXT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)


def heatmap(why: Explanation) -> Heatmap:
    (found,) = (panel for panel in why.panels() if isinstance(panel, Heatmap))
    return found


def weights(why: Explanation) -> np.ndarray:
    return heatmap(why).rows[0].values


@pytest.mark.parametrize("scorer", ["tanh", "linear"])
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_the_weights_are_the_formula_by_hand(
    make_classifier: Callable[..., Classifier], scorer: str, cell: str
) -> None:
    classifier = make_classifier("attention-rnn", scorer=scorer, cell=cell)
    text = "never such a good film , such a bad story !"
    expected = reference.attention(classifier.network, torch.from_numpy(classifier.encode([text])[0].ids))
    panel = heatmap(explain(classifier, text, views=["attention"]))
    np.testing.assert_allclose(panel.rows[0].values, expected.detach().numpy(), atol=1e-6)
    assert panel.tokens == tuple(text.split())
    assert (panel.rows[0].name, panel.rows[0].unit, panel.agreements) == ("attention", "weight", ())


def test_weights_sum_to_one_and_padding_never_matters(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("attention-rnn")

    @given(st.lists(TEXT, min_size=2, max_size=5))
    @settings(max_examples=10, deadline=None)
    def law(texts: list[str]) -> None:
        for together, text in zip(explain(classifier, texts, views="attention"), texts, strict=True):
            assert len(weights(together)) == len(heatmap(together).tokens)
            assert (weights(together) >= 0).all()
            assert weights(together).sum() == pytest.approx(1, abs=1e-5)
            alone = explain(classifier, text, views="attention")
            np.testing.assert_allclose(weights(together), weights(alone), atol=1e-6)

    law()


def test_one_forward_pass_of_the_network_itself_is_enough(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = make_classifier("attention-rnn")
    given: list[Tensor] = []
    attend = classifier.network.attend

    def watched(ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        found = attend(ids, mask)
        given.append(found[1])
        assert not torch.is_grad_enabled()
        return found

    monkeypatch.setattr(classifier.network, "forward", lambda ids, mask: attend(ids, mask)[0])
    monkeypatch.setattr(classifier.network, "attend", watched)
    why = explain(classifier, ["good", "never such a good film"], views="attention")
    assert len(given) == 1
    assert given[0][1, 1:].tolist() == [0.0] * 4, "the padding of the shorter text"
    assert weights(why[1]).tolist() == given[0][0].double().tolist()


def test_one_token_gets_all_of_it(make_classifier: Callable[..., Classifier]) -> None:
    why = explain(make_classifier("attention-rnn"), "film", views="attention", compare=True)
    panel = heatmap(why)
    assert panel.rows[0].values.tolist() == [1.0]
    assert all(pair.tau is None and pair.shared is None for pair in panel.agreements)
    assert "attention and integrated gradients cannot be compared: one of them gives every word the same" in panel.notes


def test_repeated_words_keep_places_of_their_own_and_a_changed_weight_is_seen(
    make_classifier: Callable[..., Classifier],
) -> None:
    classifier = make_classifier("attention-rnn")
    panel = heatmap(explain(classifier, "good good good film", views="attention"))
    assert panel.tokens == ("good", "good", "good", "film") and len(set(panel.rows[0].values)) == 4
    classifier.network.attention.weight.data.zero_()
    assert weights(explain(classifier, "good good film", views="attention")).tolist() == pytest.approx([1 / 3] * 3)


def test_a_model_without_attention_names_the_views_it_has(make_classifier: Callable[..., Classifier]) -> None:
    message = (
        r"`views` of this model can be attribution, interactions, got 'attention'; "
        "'attention' needs a network with attention"
    )
    with pytest.raises(ValueError, match=message):
        explain(make_classifier("cnn"), "a good film", views=["attention"])
    with pytest.raises(ValueError, match="`compare=True` sets others beside the view 'attention', which is not among"):
        explain(make_classifier("lstm"), "a good film", compare=True)


def test_no_views_named_means_every_view_there_is(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("attention-rnn")
    assert supported(classifier) == ["attribution", "attention"]
    assert supported(make_classifier("cnn")) == ["attribution"]
    why = explain(classifier, "a good film")
    assert [panel.kind for panel in why.panels()] == ["token_scores", "heatmap"]
    assert why.provenance["settings"]["views"] == ["attribution", "attention"]
    reverse = explain(classifier, "a good film", views=["attention", "attribution", "attention"])
    assert [panel.kind for panel in reverse.panels()] == ["heatmap", "token_scores"]
    assert Explanation.from_json(reverse.to_json()) == reverse


OPTIONS = [
    {},
    {"target": "neg", "output": "probability", "baseline": "unk"},
    {"target": ("pos", "neg"), "output": "logit", "baseline": ["mean", "pad"]},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_beside_it_stand_the_two_that_keep_it_honest(
    make_classifier: Callable[..., Classifier], options: dict[str, Any]
) -> None:
    classifier, text = make_classifier("attention-rnn"), "I've never seen such a good , good film !"
    panel = heatmap(explain(classifier, text, compare=True, **options))
    gradients = explain(classifier, text, views="attribution", **options).token_scores
    erased = explain(
        classifier, text, views="attribution", method="leave_one_out", **{**options, "baseline": "pad"}
    ).token_scores
    attention, first, second = panel.rows
    assert [row.name for row in panel.rows] == ["attention", "integrated gradients", "leave-one-out"]
    assert attention.values.tolist() == weights(explain(classifier, text, views="attention")).tolist()
    assert first.values.tolist() == gradients.scores.tolist()
    assert second.values.tolist() == erased.scores.tolist()
    assert first.unit == second.unit == gradients.unit
    assert gradients.target in panel.title and gradients.unit in panel.title
    sizes = {row.name: np.abs(row.values) for row in panel.rows}
    for pair in panel.agreements:
        a, b = (sizes[name] for name in (pair.first, pair.second))
        assert pair.tau == pytest.approx(kendalltau(a, b).statistic, abs=1e-12)
        assert pair.tau == pytest.approx(reference.kendall_tau_b(a.tolist(), b.tolist()), abs=1e-12)
        assert pair.shared == len(set(np.argsort(-a)[:5]) & set(np.argsort(-b)[:5]))
    assert panel.notes[0].startswith("attention and integrated gradients ") and "τ = " in panel.notes[0]
    said = "integrated gradients start from the baseline" in " ".join(panel.notes)
    assert said == (options.get("baseline", "pad") != "pad")


def test_each_target_has_a_comparison_of_its_own(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("attention-rnn", labels=("x", "y", "z"))
    rows = explain(classifier, ["a good film", "never"], views="attention", compare=True, target="all")
    assert [len(row.panels()) for row in rows] == [3, 3]
    titles = [panel.title for panel in rows[0].panels() if isinstance(panel, Heatmap)]
    assert [title[-1] for title in titles] == ["x", "y", "z"]


def test_gradients_that_do_not_add_up_are_said(make_classifier: Callable[..., Classifier]) -> None:
    panel = heatmap(explain(make_classifier("attention-rnn"), "a good film", compare=True, tolerance=1e-15))
    assert any(note.startswith("integrated gradients did not converge") for note in panel.notes)


def test_the_model_is_left_as_it_was_after_an_error_too(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("attention-rnn")
    network = classifier.network.train()
    network.embedding.weight.requires_grad_(False)

    def state() -> Any:
        return (
            [(module.training, len(module._forward_hooks), sorted(vars(module))) for module in network.modules()],
            [(p.requires_grad, p.grad) for p in network.parameters()],
            copy.deepcopy({name: tensor.tolist() for name, tensor in network.state_dict().items()}),
            torch.get_rng_state().tolist(),
        )

    before = state()
    explain(classifier, "a good film", compare=True)
    assert state() == before
    handle = network.projection.register_forward_hook(lambda *_: 1 / 0)
    before = state()
    with pytest.raises(ZeroDivisionError):
        explain(classifier, "a good film", views="attention")
    assert state() == before
    handle.remove()


class Looks(nn.Module):
    """A user's network whose attention is whatever it is told to be."""

    def __init__(self, weights: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(40, 4)
        self.weights = weights

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.attend(ids, mask)[0]

    def attend(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        embedded = self.embedding(ids) * mask.unsqueeze(-1)
        return embedded.mean(1)[:, :2], self.weights(mask)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (lambda mask: torch.full(mask.shape, 1.0 / mask.shape[1]), "exactly 0 at padding, it is not; mask its softmax"),
        (lambda mask: mask * 1.0, "sum to 1, got a sum of 3; return its softmax"),
        (lambda mask: mask * torch.tensor([2.0, -1, 0]) * 1.0, "at least 0 and sum to 1"),
        (
            lambda mask: mask[:, :2] * 1.0,
            r"the mask's shape \(2, 3\), or of \(2, heads, 3\), got \(2, 2\); return a row",
        ),
        (
            lambda mask: mask[None, None] * 1.0,
            r"got \(1, 1, 2, 3\); return a row for each text, or for each of its heads",
        ),
        (lambda mask: mask * float("nan"), "the attention of text 0 is not finite; check the model's weights for NaN"),
        (lambda mask: torch.full((2, 4, 3), 1 / 3), "exactly 0 at padding, it is not; mask its softmax"),
        (lambda mask: torch.stack((mask / mask.sum(1, keepdim=True), mask * 1.0), 1), "sum to 1, got a sum of 3"),
    ],
)
def test_what_is_no_attention_is_refused(
    make_classifier: Callable[..., Classifier], found: Callable[[Tensor], Tensor], message: str
) -> None:
    classifier = make_classifier()
    mine = Classifier(Looks(found), classifier.tokenizer, ("x", "y"))
    with pytest.raises(RuntimeError, match=message):
        explain(mine, ["a good film", "film"], views="attention")


def test_the_text_whose_attention_is_not_finite_is_named(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = make_classifier("attention-rnn")
    word = int(classifier.ids(["bad"])[0][0])
    attend = classifier.network.attend

    def broken(ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        logits, weights = attend(ids, mask)
        return logits, weights.masked_fill((ids == word).any(1, keepdim=True), torch.nan)

    monkeypatch.setattr(classifier.network, "forward", lambda ids, mask: attend(ids, mask)[0])
    monkeypatch.setattr(classifier.network, "attend", broken)
    with pytest.raises(RuntimeError, match="the attention of text 1 is not finite; check the model's weights for NaN"):
        explain(classifier, ["a good film", "bad", "a film"], views="attention")
    monkeypatch.undo()
    classifier.network.embedding.weight.data[word] = torch.nan
    with pytest.raises(RuntimeError, match=r"outputs are NaN or infinite for text 1 \('bad'\); leave it out"):
        explain(classifier, ["a good film", "bad", "a film"], views="attention")


@pytest.mark.parametrize(
    "change", [lambda logits: logits.flip(1), lambda logits: logits + 0.5, lambda logits: logits[:1]]
)
def test_attention_of_another_answer_is_refused(
    make_classifier: Callable[..., Classifier], change: Callable[[Tensor], Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = make_classifier("attention-rnn")
    attend = classifier.network.attend
    monkeypatch.setattr(classifier.network, "forward", lambda ids, mask: attend(ids, mask)[0])

    def other(ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        logits, weights = attend(ids, mask)
        return change(logits), weights

    monkeypatch.setattr(classifier.network, "attend", other)
    with pytest.raises(RuntimeError, match="must return the logits that its forward pass returns, it returns others"):
        explain(classifier, ["a good film", "bad"], views="attention")


class Heads(nn.Module):
    """A user's network that looks with three heads."""

    equal_lengths = False

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(40, 4)
        self.scorer = nn.Linear(4, 3)
        self.output = nn.Linear(12, 2)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.attend(ids, mask)[0]

    def attend(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        embedded = self.embedding(ids)
        scores = self.scorer(embedded).transpose(1, 2).masked_fill(~mask.unsqueeze(1), -torch.inf)
        weights = scores.softmax(2)
        return self.output((weights @ embedded).flatten(1)), weights


def test_every_head_has_a_row_of_its_own(make_classifier: Callable[..., Classifier]) -> None:
    mine = Classifier(Heads().eval(), make_classifier().tokenizer, ("x", "y"), device="cpu")
    texts = ["a good film", "never such a good film !"]
    rows = explain(mine, texts, views="attention")
    for row, ids in zip(rows, mine.ids(texts), strict=True):
        panel = heatmap(row)
        assert [(one.name, one.unit) for one in panel.rows] == [(f"head {n}", "weight") for n in (1, 2, 3)]
        given = torch.from_numpy(ids)[None]
        with torch.no_grad():
            expected = mine.network.attend(given, torch.ones_like(given, dtype=torch.bool))[1][0]
        np.testing.assert_allclose([one.values for one in panel.rows], expected, atol=1e-6)
        np.testing.assert_allclose([one.values.sum() for one in panel.rows], 1, atol=1e-5)
        assert len(panel.agreements) == 3 and len(set(map(str, panel.agreements))) == 3
    why = explain(mine, texts[1], views="attention", compare=True)
    beside = heatmap(why)
    assert [one.name for one in beside.rows[3:]] == ["integrated gradients", "leave-one-out"]
    assert [note.split(" and ")[0] for note in beside.notes[:3]] == ["head 1", "head 2", "head 3"]
    assert all(name in why.to_html() for name in ("head 1", "head 3")) and why.to_png().startswith(b"\x89PNG")
    averaged = layer_outputs(mine, texts[1], "embedding", "attention")["embedding"][0]
    embedded = mine.network.embedding.weight.detach().numpy()[mine.ids(texts)[1]]
    np.testing.assert_allclose(averaged, np.mean([one.values for one in beside.rows[:3]], 0) @ embedded, atol=1e-6)


def test_a_users_own_network_with_attention_is_shown(make_classifier: Callable[..., Classifier]) -> None:
    mine = Classifier(
        Looks(lambda mask: mask / mask.sum(1, keepdim=True)), make_classifier().tokenizer, ("x", "y"), device="cpu"
    )
    rows = explain(mine, ["a good film", "film"], compare=True)
    assert weights(rows[0]).tolist() == pytest.approx([1 / 3] * 3)
    assert any(isinstance(panel, TokenScores) for panel in rows[1].panels())


class InLayers(Heads):
    """A user's network with two heads in each of three layers, in which every word looks at every other."""

    def attend(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        embedded = self.embedding(ids)
        scores = (embedded @ embedded.transpose(1, 2)).masked_fill(~mask.unsqueeze(1), -torch.inf)
        weights = torch.stack([(scores * number).softmax(2) for number in range(1, 7)], 1).unflatten(1, (3, 2))
        mixed = weights.mean((1, 2)) @ embedded
        return (mixed * mask.unsqueeze(2)).sum(1)[:, :2], weights


def test_heads_in_layers_have_a_mean_a_rollout_and_a_panel_of_their_own(
    make_classifier: Callable[..., Classifier],
) -> None:
    mine = Classifier(InLayers().eval(), make_classifier().tokenizer, ("x", "y"), device="cpu")
    texts = ["a good film", "never such a good film !"]
    for why, ids in zip(explain(mine, texts, views="attention"), mine.ids(texts), strict=True):
        given = torch.from_numpy(ids)[None]
        with torch.no_grad():
            expected = mine.network.attend(given, torch.ones_like(given, dtype=torch.bool))[1][0].numpy()
        rows, heads = why.panels()
        assert isinstance(rows, Heatmap) and isinstance(heads, AttentionHeads)
        np.testing.assert_allclose(heads.weights, expected, atol=1e-6)
        assert [row.name for row in rows.rows] == ["attention", "attention rollout"]
        np.testing.assert_allclose(rows.rows[0].values, expected.mean((0, 1, 2)), atol=1e-6)
        through = reference.attention_rollout(expected.mean(1).tolist(), residual=True)
        np.testing.assert_allclose(rows.rows[1].values, np.mean(through, 0), atol=1e-6)
