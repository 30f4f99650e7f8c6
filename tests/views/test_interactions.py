"""Which words act together: exact, of the network's own, and shown only where it is asked for."""

import itertools
import re
from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np
import pytest
import reference
import torch

from attribkit.attribution import baselines
from attribkit.attribution.cnn.interactions import shapley_interactions
from attribkit.attribution.outputs import Target
from attribkit.explainer import explain, supported
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Pairs
from attribkit.views import interactions

TEXT = "never such a good film !"
Make = Callable[..., Classifier]


def pairs(why: Explanation) -> Pairs:
    (found,) = (panel for panel in why.panels() if isinstance(panel, Pairs))
    return found


def look(model: Classifier, text: str = TEXT, **options: Any) -> Pairs:
    return pairs(explain(model, text, views="interactions", **options))


@pytest.mark.parametrize("baseline", ["pad", "mean", "a bad film"])
def test_shapley_interactions_are_those_of_all_coalitions(make_classifier: Make, baseline: str) -> None:
    model = make_classifier()
    ids, mask = model.batch([model.encode([TEXT])[0].ids])
    words = torch.from_numpy(model.encode([baseline])[0].ids)
    name = baseline if baseline in baselines.NAMES else "text"
    start = baselines.embedded(name, model.network.embedding.weight.detach(), mask, 0, 1, words)[0]
    one = torch.ones(1, dtype=torch.int64)

    def log_odds(logits: torch.Tensor) -> torch.Tensor:
        return Target("log_odds", one.expand(len(logits))).of(logits)

    slow = reference.shapley_interactions(reference.coalition_values(model.network, ids[0], start, log_odds))
    found = look(model, target="pos", baseline=baseline).matrix
    np.fill_diagonal(found, 0.0)
    np.testing.assert_allclose(found, slow, atol=1e-5)


@pytest.mark.parametrize("index", ["shapley", "integrated_hessians"])
@pytest.mark.parametrize("baseline", ["pad", "zero", "unk", "mean", "a bad film"])
def test_every_word_adds_up_with_every_baseline(make_classifier: Make, index: str, baseline: str) -> None:
    panel = look(make_classifier(), baseline=baseline, interactions=index)
    assert panel.converged and panel.relative_error <= 1e-5
    assert (panel.index, panel.baseline, panel.unit) == (index, baseline, "log-odds")
    assert len(panel.tokens) == 6 and (panel.values != 0).all()


def test_the_check_is_the_networks_own_and_fails_for_wrong_values(
    make_classifier: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = shapley_interactions
    monkeypatch.setattr(interactions, "shapley_interactions", lambda *arguments: 1.01 * right(*arguments))
    panel = look(make_classifier())
    assert not panel.converged and panel.verdict.startswith("values do not sum to the model’s output: relative error ")


def test_integrated_hessians_rows_are_the_integrated_gradients(make_classifier: Make) -> None:
    why = explain(make_classifier(), TEXT, views=["attribution", "interactions"], interactions="integrated_hessians")
    scores = why.panels()[0].scores  # type: ignore[union-attr]  # the first view's
    np.testing.assert_allclose(pairs(why).matrix.sum(1), scores, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(pairs(why).expected, scores)


def test_what_shapley_rows_sum_to_is_the_change_in_the_text_less_the_change_alone(make_classifier: Make) -> None:
    model = make_classifier()
    panel = look(model, target="pos")
    odds = model.probabilities([TEXT])[0]
    assert panel.output_text == pytest.approx(np.log(odds[1] / odds[0]), abs=1e-5)
    lost = explain(model, TEXT, method="leave_one_out", target="pos").token_scores.scores
    np.testing.assert_allclose(panel.expected, lost, atol=1e-5)


def test_it_is_shown_only_where_it_is_asked_for(make_classifier: Make) -> None:
    model = make_classifier()
    assert "interactions" not in supported(model)
    assert [panel.kind for panel in explain(model, TEXT).panels()] == ["token_scores"]
    assert [panel.kind for panel in explain(model, TEXT, views="interactions").panels()] == ["pairs"]


def test_all_views_leave_out_what_a_text_does_not_allow_and_say_so(make_classifier: Make) -> None:
    model = make_classifier()
    short, long = explain(model, [TEXT, "good bad film " * 80], views="all", max_tokens=None)
    assert "pairs" in [panel.kind for panel in short.panels()] and "notes" not in short.provenance
    assert [panel.kind for panel in long.panels()] == ["token_scores"]
    (note,) = long.provenance["notes"]
    assert "interactions is left out: the text has 240 tokens, of which at most 200" in note
    assert f"<li>{escape(note, quote=True)}</li>" in long.to_html().replace("&#34;", "&quot;").replace(
        "&#39;", "&#x27;"
    )
    with pytest.raises(ValueError, match="interactions of at most 200 tokens are computed, got 240"):
        explain(model, long.text, views=["attribution", "interactions"])
    three = explain(make_classifier(labels=("x", "y", "z")), TEXT, views="all")
    assert "log-odds of more than two classes have no closed form" in three.provenance["notes"][0]
    odds = explain(model, TEXT, views="all", output="probability")
    assert "a probability has no closed form" in odds.provenance["notes"][0]


def test_every_target_of_several_classes_by_its_logit_or_a_pair(make_classifier: Make) -> None:
    model = make_classifier(labels=("x", "y", "z"))
    why = explain(model, TEXT, views="interactions", target="all", output="logit")
    found = [panel for panel in why.panels() if isinstance(panel, Pairs)]
    assert [panel.target for panel in found] == ["x", "y", "z"]
    pair = look(model, target=("x", "z"))
    np.testing.assert_allclose(pair.matrix, found[0].matrix - found[2].matrix, atol=1e-5)
    with pytest.raises(ValueError, match=r"use output='logit' or a pair of classes as the target$"):
        look(model)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "probability"}, "exact for a logit or the difference of two, got output='probability'"),
        ({"interactions": "banzhaf"}, "`interactions` must be one of shapley, integrated_hessians, got 'banzhaf'"),
        ({"max_tokens": 0}, "`max_tokens` must be at least 1, got 0"),
        ({"max_tokens": 5}, "interactions of at most 5 tokens are computed, got 6, which take about "),
        ({"max_tokens": 5, "interactions": "integrated_hessians"}, "of at most 5 tokens are computed, got 6, in the"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence(
    make_classifier: Make, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        look(make_classifier(), **options)


@pytest.mark.parametrize("baseline", ["pad", "mean"])
def test_one_token_has_its_row_of_all_pairs(make_classifier: Make, baseline: str) -> None:
    model = make_classifier()
    view, batch = interactions.Interactions(baseline=baseline), EncodedBatch.of(model, [TEXT])
    matrix = look(model, baseline=baseline).matrix
    np.fill_diagonal(matrix, 0.0)
    for token in range(len(matrix)):
        np.testing.assert_allclose(view.of_token(model, batch, token), matrix[token], atol=1e-12)
    with pytest.raises(ValueError, match="interactions need a text CNN with a closed form, got"):
        view.of_token(make_classifier("lstm"), batch, 0)
    limited = interactions.Interactions(max_tokens=5)
    with pytest.raises(ValueError, match="at most 5 tokens are computed, got 6"):
        limited.of_token(model, batch, 0)


def test_other_networks_are_refused(make_classifier: Make) -> None:
    with pytest.raises(ValueError, match="'interactions' needs a text CNN with a closed form"):
        look(make_classifier("lstm"))


@pytest.mark.parametrize(("seconds_a_pass", "told"), [(0.25, "51 s"), (1, "3 min")])
def test_a_long_text_is_told_what_it_would_take(
    make_classifier: Make, monkeypatch: pytest.MonkeyPatch, seconds_a_pass: float, told: str
) -> None:
    clock = itertools.count(step=seconds_a_pass)
    monkeypatch.setattr("attribkit.attribution.text_length.perf_counter", lambda: next(clock))
    with pytest.raises(
        ValueError, match=f"at most 200 tokens .*, got 204, which take about {told}, .* give max_tokens=204, or inter"
    ):
        look(make_classifier(), "never such a good film ! " * 34)
    assert look(make_classifier(), "never such a good film ! " * 34, interactions="integrated_hessians").converged


def test_what_a_long_text_would_take_is_measured_here(make_classifier: Make) -> None:
    with pytest.raises(
        ValueError, match=r"at most 200 tokens .* about \d+ (s|min), .* give max_tokens=204, or interactions="
    ):
        look(make_classifier(), "never such a good film ! " * 34)


def test_a_text_of_one_word_has_no_pairs(make_classifier: Make) -> None:
    panel = look(make_classifier(), "good")
    assert not len(panel.values) and panel.converged
