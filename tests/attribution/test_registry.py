"""Every method that can be asked for, on every network: it fits or says why not, and leaves the model as it was."""

import copy
import inspect
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import typer
from commands import printed

from attribkit.attribution.choice import choose
from attribkit.attribution.cnn import lookup_tables
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.attribution.registry import METHODS, in_words
from attribkit.cli import app
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.results.panels import TokenScores

TEXTS = ["never a good film", "good", "a horrible unheard movie ! ever"]
NAMES = (
    "exact quadrature captum saliency input_x_gradient deeplift gradient_shap occlusion leave_one_out shapley banzhaf "
    "shapley_sampling lime kernel_shap random"
).split()
COMPARED = [name for name in NAMES if name not in ("exact", "quadrature", "captum")]
COMPLETE = {"deeplift", "shapley", "shapley_sampling", "kernel_shap"}
"""Of texts of up to 12 tokens: longer ones are sampled."""
LONG = "never such a good film ! a good film with a great story and a dull horrible movie"
ARCHITECTURES = ("cnn", "attention-rnn", "lstm")


def fits(method: str, architecture: str) -> bool:
    return method not in ("deeplift", "shapley", "banzhaf") or architecture == "cnn"


CASES = [(method, net) for method in COMPARED for net in ARCHITECTURES if fits(method, net)]


def test_the_names_are_a_promise() -> None:
    assert list(METHODS) == NAMES


def test_help_names_every_method_and_explain_says_the_same() -> None:
    sentence = str(inspect.getdoc(explain)).partition("method: ")[2].partition("baseline: ")[0]
    assert list(dict.fromkeys(re.findall(r'"(\w+)"', sentence))) == NAMES
    group: Any = typer.main.get_command(app)
    for command in ("explain", "corpus", "check"):
        options = group.commands[command].params
        assert [option.help for option in options if option.name == "method"] == [in_words()]
    assert all(name in in_words() for name in NAMES)


def test_the_list_of_methods_needs_no_torch() -> None:
    code = "import sys, attribkit.attribution.registry; print('torch' in sys.modules, 'numpy' in sys.modules)"
    assert printed(code).split() == ["False", "False"]


def test_the_best_method_is_chosen_where_none_is_named(make_classifier: Callable[..., Classifier]) -> None:
    assert choose(None, make_classifier("cnn").network) == "exact"
    assert choose(None, make_classifier("lstm").network) == "quadrature"
    assert choose("lime", make_classifier("cnn").network) == "lime"
    with pytest.raises(ValueError, match=r"method='exact' needs a network with a closed form.*use method='quadrature'"):
        choose("exact", make_classifier("attention-rnn").network)


def test_one_text_does_not_pay_for_tables_and_many_stay_within_the_bound(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier, built = make_classifier("cnn"), []
    build = Tables.build

    def counted(*arguments: Any, **options: Any) -> Tables:
        built.append(build(*arguments, **options))
        return built[-1]

    monkeypatch.setattr(Tables, "build", counted)
    explain(classifier, "a good film a good film")
    rows_per_word = classifier.network.settings.widths
    assert [len(one.rows) for one in built] == [(3 + 2) * sum(rows_per_word)]  # its own three words
    built.clear()
    texts = [*TEXTS, "a good movie"]
    together = explain(classifier, texts)
    assert len(built) == 1 and built[0].nbytes <= lookup_tables._TABLE_BYTES
    monkeypatch.setattr(lookup_tables, "_TABLE_BYTES", 100)
    for bounded, free in zip(explain(classifier, texts), together, strict=True):
        np.testing.assert_allclose(bounded.token_scores.scores, free.token_scores.scores, rtol=0, atol=1e-6)


@pytest.mark.parametrize("texts", [TEXTS[:1], [*TEXTS, "a good movie"]])
def test_weights_changed_through_data_never_yield_a_stale_score(
    make_classifier: Callable[..., Classifier], texts: list[str]
) -> None:
    classifier = make_classifier("cnn")
    before = explain(classifier, texts, method="exact")
    classifier.network.embedding.weight.data.mul_(2)
    classifier.network.convolutions[0].weight.data[0] += 1
    for old, new in zip(before, explain(classifier, texts, method="exact"), strict=True):
        assert new.token_scores.converged and not np.allclose(old.token_scores.scores, new.token_scores.scores)


@pytest.mark.parametrize(("method", "architecture"), CASES)
def test_a_text_gets_the_same_scores_alone_and_among_others(
    make_classifier: Callable[..., Classifier], method: str, architecture: str
) -> None:
    classifier = make_classifier(architecture)
    for together, text in zip(explain(classifier, TEXTS, method=method), TEXTS, strict=True):
        alone = explain(classifier, text, method=method).token_scores
        limit = 2e-6 * max(np.abs(alone.scores).sum(), 1e-2)
        np.testing.assert_allclose(together.token_scores.scores, alone.scores, rtol=0, atol=limit)
        assert together.token_scores.steps == alone.steps


@pytest.mark.parametrize(("method", "architecture"), CASES)
def test_each_says_whether_its_scores_add_up(
    make_classifier: Callable[..., Classifier], method: str, architecture: str
) -> None:
    for row in explain(make_classifier(architecture), TEXTS[:2], method=method, target="all", views="attribution"):
        for panel in row.panels():
            assert isinstance(panel, TokenScores) and panel.method == method
            if method in ("gradient_shap", "random"):
                assert panel.converged is None and panel.verdict.startswith("sampled: ")
            elif method in COMPLETE:
                assert panel.converged == (panel.relative_error <= 1e-4)
                assert "scores sum to the model’s output" in panel.verdict or "did not converge" in panel.verdict
            else:
                assert panel.verdict == f"{method} does not promise that scores sum to the model’s output"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("method", ["gradient_shap", "shapley_sampling", "lime", "kernel_shap"])
def test_drawn_scores_state_their_spread_and_get_no_verdict_for_adding_up(
    make_classifier: Callable[..., Classifier], method: str, architecture: str
) -> None:
    ((row,),) = (explain(make_classifier(architecture), [LONG], method=method, views="attribution"),)
    panel = row.token_scores
    assert panel.converged is None and panel.failed == () and panel.draws and panel.spread is not None
    assert panel.spread.shape == panel.scores.shape and panel.spread.max() > 0
    assert (
        panel.verdict.startswith(f"sampled: {panel.draws:,} draws, spread ± ")
        and "scores sum to the model’s output" not in panel.verdict
    )


@pytest.mark.parametrize(("method", "architecture"), CASES)
@pytest.mark.parametrize(
    "options",
    [
        {"output": "logit", "target": "all", "baseline": "mean"},
        {"target": ("x", "z"), "baseline": "a dull film"},
        {"output": "probability", "target": "y", "baseline": "unk"},
        {"output": "logit", "baseline": "zero"},
    ],
)
def test_every_output_target_and_baseline_is_served(
    make_classifier: Callable[..., Classifier], method: str, architecture: str, options: dict[str, Any]
) -> None:
    classifier = make_classifier(architecture, labels=("x", "y", "z"))
    if method in ("deeplift", "shapley", "banzhaf") and options.get("output") == "probability":
        pytest.skip("refused, as its own test says")
    rows = explain(classifier, TEXTS[:2], method=method, views="attribution", **options)
    panels = [panel for row in rows for panel in row.panels()]
    assert len(panels) == (6 if options.get("target") == "all" else 2)
    assert all(len(panel.scores) == len(panel.tokens) for panel in panels)  # type: ignore[union-attr]
    if method in COMPLETE:
        assert all(panel.converged for panel in panels)  # type: ignore[union-attr]  # these panels are token scores


@pytest.mark.parametrize(("method", "architecture"), [(m, n) for m in COMPARED for n in ARCHITECTURES])
def test_the_model_is_left_as_it_was_found(
    make_classifier: Callable[..., Classifier], method: str, architecture: str
) -> None:
    classifier = make_classifier(architecture)
    network = classifier.network.train()
    network.output.weight.grad = torch.ones_like(network.output.weight)
    network.embedding.weight.requires_grad_(False)

    def state() -> Any:
        return (
            [(name, module.training, sorted(vars(module))) for name, module in network.named_modules()],
            [len(hooks) for m in network.modules() for hooks in (m._forward_hooks, m._forward_pre_hooks)],
            [(p.requires_grad, None if p.grad is None else p.grad.sum().item()) for p in network.parameters()],
            copy.deepcopy({name: tensor.tolist() for name, tensor in network.state_dict().items()}),
            torch.get_rng_state().tolist(),
            np.random.get_state()[1].tolist(),  # type: ignore[index]  # a legacy state is a tuple
            random.getstate(),
        )

    before = state()
    if fits(method, architecture):
        explain(classifier, TEXTS[0], method=method)
    else:
        with pytest.raises(ValueError, match=r"does not hold|needs a network with a closed form"):
            explain(classifier, TEXTS[0], method=method)
    assert state() == before


def test_a_text_equal_to_its_baseline_scores_zero(make_classifier: Callable[..., Classifier]) -> None:
    for method, architecture in CASES:
        if method in ("saliency", "input_x_gradient", "random"):
            continue
        panel = explain(
            make_classifier(architecture), "a good film", method=method, baseline="a good film"
        ).token_scores
        assert panel.scores.tolist() == [0, 0, 0], method
        assert panel.relative_error == 0
