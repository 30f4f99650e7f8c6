"""Scores must fall apart with what the model learned, and with nothing else."""

from collections.abc import Callable

import numpy as np
import pytest
import reference
import torch
from hypothesis import given
from hypothesis import strategies as st

from attribkit.evaluation.sanity.checks import sanity
from attribkit.evaluation.sanity.randomised import layers_top_down, randomised
from attribkit.evaluation.sanity.result import INVARIANCES
from attribkit.models.classifier import Classifier
from attribkit.rank_correlation import spearman
from attribkit.results.panels import Chart, Table

TEXTS = [
    "never such a good unheard film a good film",
    "the worst movie ever , dull and bad",
    "bad",
    "",
    "a great story",
]


@given(st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=2, max_size=12))
def test_spearman_equals_its_definition(pairs: list[tuple[int, int]]) -> None:
    a, b = [float(x) for x, _ in pairs], [float(y) for _, y in pairs]
    found = spearman(np.array(a), np.array(b))
    if len(set(a)) == 1 or len(set(b)) == 1:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(reference.spearman(a, b))


@pytest.mark.parametrize(
    ("architecture", "layers"),
    [
        ("cnn", ("output", "convolutions.2", "convolutions.1", "convolutions.0", "embedding")),
        ("attention-rnn", ("output", "attention", "projection", "rnn", "embedding")),
    ],
)
def test_layers_are_named_from_the_answer_downwards(
    make_classifier: Callable[..., Classifier], architecture: str, layers: tuple[str, ...]
) -> None:
    assert layers_top_down(make_classifier(architecture)) == layers


def test_a_randomised_copy_forgets_just_the_layers_named(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier("cnn")
    before, state = model.fingerprint(), torch.get_rng_state()
    changed = randomised(model, ["output", "embedding"], seed=3)
    assert model.fingerprint() == before
    assert torch.equal(torch.get_rng_state(), state)
    moved = {
        name.rsplit(".", 1)[0]
        for name, weight in changed.network.state_dict().items()
        if not torch.equal(weight, model.network.state_dict()[name])
    }
    assert moved == {"output", "embedding"}
    assert not changed.network.embedding.weight[0].any()
    alone = randomised(model, ["embedding"], seed=3)
    assert torch.equal(alone.network.embedding.weight, changed.network.embedding.weight)
    own, drawn = model.network.embedding.weight, changed.network.embedding.weight
    assert float(drawn.detach().std()) == pytest.approx(float(own.detach().std()), rel=0.3)


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn"])
def test_scores_fall_apart_with_the_weights_and_with_nothing_else(
    make_classifier: Callable[..., Classifier], architecture: str
) -> None:
    model = make_classifier(architecture)
    before = model.fingerprint()
    found = sanity(model, TEXTS, draws=2)
    assert model.fingerprint() == before
    assert found.correlation.shape == (2, 5, 4)
    assert [one.row for one in found.skipped] == [3]
    bottom = found.estimate("top_down", "embedding")
    assert bottom.texts == 3  # one token alone ranks nothing
    assert bottom.mean < 0.6
    assert found.invariance.shape == (len(INVARIANCES), 4)
    assert found.invariance.max() < 1e-4
    assert found.converged is not None and found.converged.all()
    assert found.completeness is not None and found.completeness.max() <= 1e-4
    frame = found.to_frame()
    assert len(frame) == 10 and frame["correlation"].between(-1, 1).all()
    chart, layers, checks = found.panels()
    assert isinstance(chart, Chart) and len(chart.series) == 2 and chart.series[0].y[0] == 1
    assert isinstance(layers, Table) and len(layers.rows) == 5
    assert isinstance(checks, Table) and [row[0] for row in checks.rows][-1] == "completeness error"


def test_attention_does_not_fall_with_the_layer_after_it_and_promises_no_completeness(
    make_classifier: Callable[..., Classifier],
) -> None:
    model = make_classifier("attention-rnn")
    found = sanity(model, TEXTS[:2], "attention", draws=1)
    assert found.completeness is None and found.converged is None
    table = found.panels()[2]
    assert (
        isinstance(table, Table)
        and "attention does not promise that its scores sum to the model’s output" in table.notes
    )
    # the layer after the attention has no part in it
    assert found.estimate("independent", "output").mean == pytest.approx(1)


def test_mistakes_get_a_sentence(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier("cnn")
    with pytest.raises(ValueError, match="needs a network with attention"):
        sanity(model, TEXTS, "attention")
    with pytest.raises(ValueError, match="must name at least one method besides the random reference"):
        sanity(model, TEXTS, "random")
    with pytest.raises(ValueError, match="`draws` must be at least 1, got 0"):
        sanity(model, TEXTS, draws=0)
    with pytest.raises(
        ValueError, match=r"'a good film' is neither a known data set .* put texts themselves into a list"
    ):
        sanity(model, "a good film")
    with pytest.raises(ValueError, match="can read none of the 2 texts"):
        sanity(model, ["", " "])
    found = sanity(model, TEXTS[:2], draws=1)
    with pytest.raises(ValueError, match="`layer` must be one of output"):
        found.estimate("top_down", "head")
