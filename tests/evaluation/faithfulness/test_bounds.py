"""No removal by PAD passes what is proved of it, and the mean over random removals is the mean over all coalitions."""

import sys
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import reference
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attribkit.evaluation.faithfulness import Faithfulness, faithfulness
from attribkit.evaluation.faithfulness.bounds import RemovalBounds
from attribkit.evaluation.faithfulness.followed import FollowedLabels
from attribkit.evaluation.faithfulness.measures import BINS, counts_of
from attribkit.models import CNNSettings, TextCNN
from attribkit.models.classifier import Classifier
from attribkit.results.panels import Table

LAWS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXTS = ["never such a good film", "the worst movie ever", "bad", "a great , great story !"]


@LAWS
@given(
    st.lists(st.integers(1, 8), min_size=1, max_size=7),
    st.sampled_from([(1,), (2,), (1, 3), (2, 3, 4)]),
    st.integers(2, 4),
    st.integers(1, 3),
    st.integers(0, 1_000),
    st.booleans(),
)
def test_no_subset_of_a_text_passes_its_bounds(
    text: list[int], widths: tuple[int, ...], classes: int, filters: int, seed: int, several: bool
) -> None:
    network = _network(widths, classes, filters, seed)
    logits, ids = _logits(network, text), np.array(text)
    label, counts = int(logits.argmax()), np.arange(len(text) + 1)
    runner_up = None if several else np.argsort(-logits, kind="stable")[1:2]
    bounds = RemovalBounds.of(network, ids, 0, FollowedLabels(np.array([label]), runner_up), counts)
    assert bounds is not None

    def probability(ids: list[int]) -> float:
        own = torch.from_numpy(_logits(network, ids))
        return float((own.sigmoid() if several else own.softmax(0))[label])

    least, most = map(np.array, reference.best_removals(probability, text, "pad", 0))
    least, most = np.minimum.accumulate(least), np.maximum.accumulate(most)  # at most so many tokens
    assert (np.exp(bounds.removed) <= least + 1e-12).all()
    assert (np.exp(bounds.kept) >= most - 1e-12).all()
    if len(widths) * filters == 1 and classes == 2:  # nothing is summed: the bounds are attained
        np.testing.assert_allclose(np.exp(bounds.removed), least, atol=1e-12)
        np.testing.assert_allclose(np.exp(bounds.kept), most, atol=1e-12)
    rival = int(np.argsort(logits)[-2])
    values = reference.coalition_values(
        network,
        torch.from_numpy(ids),
        network.embedding(torch.zeros_like(torch.from_numpy(ids))).detach(),
        lambda coalitions: coalitions[:, label] - (0 if several else coalitions[:, rival]),
    )
    expected = [reference.expected_value(values, 1 - count / len(text)) for count in counts.tolist()]
    np.testing.assert_allclose(bounds.masked, expected, atol=1e-10)


@pytest.mark.parametrize("labels", [("neg", "pos"), ("x", "y", "z")])
def test_the_best_lies_in_the_bracket(make_classifier: Callable[..., Classifier], labels: tuple[str, ...]) -> None:
    found = faithfulness(make_classifier("cnn", labels=labels), TEXTS, ["exact", "saliency"], perturbed=0)
    assert found.exact.all()
    for measure, sign in (("comprehensiveness", 1), ("log_probability_drop", 1), ("sufficiency", -1)):
        best, bound = (sign * found.values(measure, name, "pad") for name in ("best found", "proved bound"))
        assert (bound >= best - 1e-6).all()
        assert found.bracket(measure) == pytest.approx((sign * best.mean(), sign * bound.mean()))
    for method in found.methods:
        drop = found.values("comprehensiveness", method, "pad")
        assert (drop <= found.values("comprehensiveness", "proved bound", "pad") + 1e-6).all()


def test_random_masking_stands_beside_the_log_odds_drop_of_every_method(
    make_classifier: Callable[..., Classifier],
) -> None:
    model = make_classifier("cnn")
    found = faithfulness(model, TEXTS, ["exact"], removals="pad", perturbed=0)
    random = np.random.default_rng(0)
    for row, encoded in enumerate(model.encode(TEXTS)):
        whole, drops = np.ptp(model.logits([encoded.ids])), []
        for count in counts_of(len(encoded.ids), BINS):
            gone = random.random((4_000, len(encoded.ids))) < count / len(encoded.ids)
            logits = model.logits(list(np.where(gone, model.tokenizer.pad_id, encoded.ids)))
            label = int(model.logits([encoded.ids]).argmax())
            drops.append(whole - (logits[:, label] - logits[:, 1 - label]).mean())
        assert found.values("log_odds_drop", "random masking", "pad")[row] == pytest.approx(np.mean(drops), abs=0.05)
    frame = found.to_frame()
    assert list(frame[frame.measure == "log_odds_drop"].method) == [*found.methods, "random masking"]
    table = found.panels()[0]
    assert isinstance(table, Table)
    assert table.columns[-2:] == ("log-odds drop ↑", "at random, exactly")
    shown = table.rows[0][-1]
    assert shown == pytest.approx(found.estimate("log_odds_drop", "random masking", "pad").mean, abs=1e-4)


def test_a_log_odds_drop_is_what_the_network_says(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier("cnn")
    found = faithfulness(model, ["bad"], ["exact"], removals="delete", perturbed=0)
    whole, nothing = model.logits([model.encode(["bad"])[0].ids, np.array([model.tokenizer.pad_id])])
    label = int(whole.argmax())
    drop = whole[label] - whole[1 - label] - (nothing[label] - nothing[1 - label])
    assert found.values("log_odds_drop", "exact", "delete")[0] == pytest.approx(drop, abs=1e-6)


def test_where_nothing_is_proved_it_is_said(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no bound of the best is proved: that takes a text CNN" in _unproved(
        faithfulness(make_classifier("lstm"), TEXTS, ["saliency"], removals="pad", perturbed=0)
    )
    cnn = make_classifier("cnn")
    measured = partial(faithfulness, cnn, TEXTS, ["exact"], perturbed=0)
    assert "deletion moves tokens" in _unproved(measured(removals="delete"))
    assert "texts whose best was sought" in _unproved(measured(removals="pad", oracle_texts=0))
    monkeypatch.setitem(sys.modules, "numba", None)
    assert "and Numba" in _unproved(measured(removals="pad"))


def _unproved(found: Faithfulness) -> str:
    assert found.bracket() is None and "proved;" not in found.summary()
    assert not {"proved bound", "random masking"} & set(found.to_frame()["method"])
    table = found.panels()[0]
    assert isinstance(table, Table)
    return "\n".join(table.notes)


def _network(widths: tuple[int, ...], classes: int, filters: int, seed: int) -> TextCNN:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = TextCNN(CNNSettings(9, classes, embedding_size=4, widths=widths, filters=filters)).double().eval()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(2.0)
            network.embedding.weight[0] = torch.randn(4, dtype=torch.float64)  # a PAD that says something
    return network


@torch.no_grad()
def _logits(network: TextCNN, ids: list[int]) -> np.ndarray:
    return network(torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.bool))[0].numpy()
