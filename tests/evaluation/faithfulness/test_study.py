"""Faithfulness is what loops over bins, subsets and single tokens find; and it obeys the laws that give it meaning."""

import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import reference
import torch
from hypothesis import given
from hypothesis import strategies as st
from lexicon import lexicon
from torch import Tensor, nn

from attribkit.evaluation.faithfulness import faithfulness, oracle
from attribkit.evaluation.faithfulness.ablation import REMOVALS
from attribkit.evaluation.faithfulness.measures import BINS, OTHERS, RANKED, counts_of
from attribkit.evaluation.statistics import estimate
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.results.several_panels import Panels
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer

WORDS = "a good film with great story the worst movie ever dull and bad show delight horrible best".split()
TEXTS = ["never such a good unheard film a good film", "the worst movie ever", "bad", "a great , great story !"]


def probability(model: Classifier, label: int) -> Callable[[list[int]], float]:
    def run(ids: list[int]) -> float:
        with torch.no_grad():
            logits = model.network(torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.bool))
        return float(torch.softmax(logits.double(), 1)[0, label])

    return run


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn"])
def test_every_ranked_measure_equals_a_loop(make_classifier: Callable[..., Classifier], architecture: str) -> None:
    model = make_classifier(architecture, labels=("x", "y", "z"))
    found = faithfulness(model, TEXTS, ["saliency"], perturbed=0)
    assert found.methods == ("saliency", "random")
    scores = [why.token_scores.scores.tolist() for why in _explained(model, "saliency")]
    for row, one in enumerate(model.encode(TEXTS)):
        ids, label = one.ids.tolist(), int(model.logits([one.ids]).argmax())
        run = probability(model, label)
        for way in REMOVALS:
            arguments = (run, ids, scores[row], way, model.tokenizer.pad_id)
            expected = reference.comprehensiveness_and_sufficiency(*arguments)
            expected["deletion_area"] = reference.area_under(*arguments, kept=False)
            expected["insertion_area"] = reference.area_under(*arguments, kept=True)
            for measure, value in expected.items():
                assert found.values(measure, "saliency", way)[row] == pytest.approx(value, abs=1e-5), measure


@pytest.mark.parametrize("architecture", ["cnn", "lstm"])
@pytest.mark.parametrize("how", REMOVALS)
def test_the_best_of_short_texts_is_that_of_all_subsets(
    make_classifier: Callable[..., Classifier], architecture: str, how: str
) -> None:
    model = make_classifier(architecture)
    texts = [TEXTS[0] if architecture == "cnn" else "never such a good film", TEXTS[2]]
    found = faithfulness(model, texts, ["saliency"], removals=how, oracle_texts=None, perturbed=0)
    assert found.exact.all()
    for row, one in enumerate(model.encode(texts)):
        ids, label = one.ids.tolist(), int(model.logits([one.ids]).argmax())
        least, most = reference.best_removals(probability(model, label), ids, how, model.tokenizer.pad_id)
        bins = counts_of(len(ids), BINS)
        np.testing.assert_allclose(np.exp(found.best_removed[0, row]), np.array(least)[bins], atol=1e-5)
        np.testing.assert_allclose(np.exp(found.best_kept[0, row]), np.array(most)[bins], atol=1e-5)
    for method in found.methods:
        share = found.share_of_best(method, how, exact=True)
        assert share is None or share <= 1 + 1e-6
        assert (found.values("sufficiency", method, how) >= found.values("sufficiency", "best found", how) - 1e-6).all()


@pytest.mark.parametrize("how", REMOVALS)
def test_the_beam_finds_a_lower_bound_which_is_the_best_if_the_beam_is_wide_enough(
    make_classifier: Callable[..., Classifier], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, text = make_classifier("cnn"), TEXTS[0]
    exact = faithfulness(model, [text], ["saliency"], removals=how, perturbed=0)
    monkeypatch.setattr(oracle, "EXACT", 0)
    oracle_texts = faithfulness(model, [text], ["saliency"], removals=how, perturbed=0)
    assert exact.exact.all() and not oracle_texts.exact.any()
    best, bound = (one.values("comprehensiveness", "best found", how)[0] for one in (exact, oracle_texts))
    assert (
        max(oracle_texts.values("comprehensiveness", name, how)[0] for name in oracle_texts.methods)
        <= bound
        <= best + 1e-6
    )
    monkeypatch.setattr(oracle, "WIDTH", 2 ** len(text.split()))
    monkeypatch.setattr(oracle, "STEPS", 100)
    wide = faithfulness(model, [text], ["saliency"], removals=how, perturbed=0)
    np.testing.assert_allclose(wide.best_removed, exact.best_removed, atol=1e-5)
    np.testing.assert_allclose(wide.best_kept, exact.best_kept, atol=1e-5)


class OneWord(nn.Module):
    """Reads the word number 2 and no other: p(pos) = σ(4 · its count − 2)."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 1, padding_idx=0)
        with torch.no_grad():
            self.embedding.weight.zero_()
            self.embedding.weight[2] = 4.0

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        read = (self.embedding(ids).squeeze(2) * mask).sum(1)
        return torch.stack((2 - read, torch.zeros_like(read)), dim=1)


def one_word() -> Classifier:
    words = ["[PAD]", "[UNK]", "good", "a", "film", "it", "was", "very"]
    tokenizer = Tokenizer.of({word: number for number, word in enumerate(words)}, TextSettings())
    return Classifier(OneWord(len(words)), tokenizer, ("neg", "pos"))


@pytest.mark.parametrize("how", REMOVALS)
def test_a_network_that_reads_one_word_is_found_out_exactly(how: str) -> None:
    model = one_word()
    found = faithfulness(
        model, ["it was a very good film", "good"], ["quadrature", "leave_one_out"], removals=how, perturbed=0
    )
    p, without = 1 / (1 + math.exp(-2)), 1 / (1 + math.exp(2))
    for method in ("quadrature", "leave_one_out"):
        np.testing.assert_allclose(found.values("comprehensiveness", method, how), p - without, atol=1e-6)
        np.testing.assert_allclose(found.values("sufficiency", method, how), 0, atol=1e-6)
        np.testing.assert_allclose(found.values("log_probability_drop", method, how), math.log(p / without), atol=1e-6)
        assert found.share_of_best(method, how) == pytest.approx(1)
    assert found.values("tau", "quadrature", how)[0] == pytest.approx(1)
    assert np.isnan(found.values("tau", "quadrature", how)[1])  # one token ranks nothing


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_linear_bag_of_words_makes_all_methods_agree(seed: int) -> None:
    """Integrated gradients, leave-one-out by PAD and Shapley values of a sum are the sum's own terms."""
    random = np.random.default_rng(seed)
    words = {f"w{number}": float(random.normal()) for number in range(12)}
    model, text = lexicon(words), " ".join(random.permutation(list(words))[:6])
    names = ["quadrature", "leave_one_out", "shapley_sampling"]
    found = faithfulness(model, [text], names, removals="pad", perturbed=0)
    own = found.estimate("comprehensiveness", names[0], "pad").mean
    for name in names:
        assert found.estimate("comprehensiveness", name, "pad").mean == pytest.approx(own, abs=1e-6)
        assert found.values("tau", name, "pad")[0] == pytest.approx(1)
        assert found.share_of_best(name, "pad") == pytest.approx(1, abs=1e-6)
    perturbed = faithfulness(model, [text], names[0], removals="pad", oracle_texts=0, perturbed=1)
    assert perturbed.infidelity[0, 0] == pytest.approx(0, abs=1e-8) and perturbed.infidelity[1, 0] > 0


def test_random_scores_have_no_advantage_over_random_scores(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier("cnn")
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, 12)) for _ in range(100)]
    first = faithfulness(model, texts, ["saliency"], oracle_texts=0, perturbed=0, seed=1)
    second = faithfulness(model, texts, ["saliency"], oracle_texts=0, perturbed=0, seed=2)
    difference = estimate(first.values("comprehensiveness", "random") - second.values("comprehensiveness", "random"))
    assert difference.low < 0 < difference.high
    assert abs(difference.mean) < 0.03
    own = first.estimate("comprehensiveness", "saliency", over="random")
    assert own.texts == 100 and own.low < own.mean < own.high


def test_max_sensitivity_is_zero_only_for_scores_that_do_not_move(make_classifier: Callable[..., Classifier]) -> None:
    linear = faithfulness(lexicon({"good": 2.0, "bad": -1.0}), ["good bad"], ["saliency"], perturbed=1)
    assert linear.max_sensitivity[0, 0] == 0  # the gradient of a sum is the same everywhere
    assert linear.max_sensitivity[1, 0] > 0.1
    model = make_classifier("cnn")
    before = model.fingerprint()
    found = faithfulness(model, TEXTS, ["exact", "saliency"], perturbed=2)
    assert model.fingerprint() == before
    assert np.isfinite(found.max_sensitivity).sum() == 6 == np.isfinite(found.infidelity).sum()
    assert np.nanmax(found.max_sensitivity[:2], axis=1).min() > 0


def test_texts_that_cannot_be_read_are_counted_and_listed(make_classifier: Callable[..., Classifier]) -> None:
    texts = ["a good film", "", None, 3.5, "bad", "\ud800", "film " * 3_000]
    found = faithfulness(make_classifier("cnn"), texts, ["saliency"], oracle_texts=1, perturbed=0)
    assert [(one.row, one.reason) for one in found.skipped] == [
        (1, "it is empty"),
        (2, "it is no string but NoneType"),
        (3, "it is no string but float"),
        (5, "the text holds a lone surrogate (U+D800 at position 0), which is no character"),
    ]
    assert found.tokens.tolist() == [3, 1, 2_000]
    assert found.notes[:2] == (
        "4 of 7 rows were left out, the first is row 1: it is empty",
        "1 text is longer than the model reads; only what it read counts",
    )
    assert np.isfinite(found.best_removed[0]).all(1).sum() == 1


def test_a_result_is_a_table_and_is_drawn(make_classifier: Callable[..., Classifier]) -> None:
    found = faithfulness(make_classifier("attention-rnn"), TEXTS, oracle_texts=2, perturbed=1)
    assert found.methods == ("quadrature", "input_x_gradient", "saliency", "attention", "random")
    frame = found.to_frame()
    assert set(frame["measure"]) == {*RANKED, *OTHERS}
    one = frame[(frame.measure == "comprehensiveness") & (frame.removal == "pad")].set_index("method")
    assert list(one.index) == [*found.methods, "best found"]
    assert one.loc["attention", "over_random"] == pytest.approx(
        one.loc["attention", "mean"] - one.loc["random", "mean"]
    )
    assert (frame["low"] <= frame["mean"] + 1e-12).all() and (frame["mean"] <= frame["high"] + 1e-12).all()
    kinds = [panel.kind for panel in found.panels()]
    assert kinds == 2 * ["table", "chart", "table", "chart"] + ["table"]
    page = Panels(found.panels()).to_html()
    assert "of the best" in page and "lower bound" in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ["exakt"]}, "did you mean 'exact'"),
        ({"methods": ["attention"]}, "needs a network with attention"),
        ({"methods": ["random"]}, "besides the random reference"),
        ({"removals": "mask"}, "`removals` must be among delete, pad, got 'mask'"),
        ({"removals": []}, "must name at least one of delete, pad"),
    ],
)
def test_what_does_not_fit_gets_a_sentence(
    make_classifier: Callable[..., Classifier], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        faithfulness(make_classifier("cnn"), TEXTS, **options)


def test_exact_is_refused_where_there_is_no_closed_form(make_classifier: Callable[..., Classifier]) -> None:
    with pytest.raises(ValueError, match="needs a network with a closed form"):
        faithfulness(make_classifier("lstm"), TEXTS, "exact")
    found = faithfulness(make_classifier("cnn"), TEXTS[:1], oracle_texts=0, perturbed=0)
    with pytest.raises(ValueError, match="`measure` must be one of comprehensiveness"):
        found.values("faithfulness", "exact")
    with pytest.raises(ValueError, match="`method` must be one of exact"):
        found.values("sufficiency", "lime")


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30))
def test_an_interval_holds_its_mean_and_shrinks_to_it(values: list[float]) -> None:
    found = estimate(np.array([*values, np.nan]))
    assert found.texts == len(values)
    assert found.low - 1e-9 <= found.mean <= found.high + 1e-9 or len(values) < 8
    same = estimate(np.full(5, values[0]))
    assert same.low == pytest.approx(same.high) == pytest.approx(values[0])


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    samples = [estimate(random.normal(size=60)) for _ in range(200)]
    assert 0.9 <= np.mean([one.low <= 0 <= one.high for one in samples]) <= 0.99
    large = estimate(random.normal(size=5_000_000 // 1_000 * 2))  # drawn in parts
    assert large.high - large.low == pytest.approx(2 * 1.96 / 10_000**0.5, rel=0.2)


@given(st.integers(1, 3_000))
def test_bins_count_upwards_and_never_by_a_rounding_error(tokens: int) -> None:
    for percent, count in zip(BINS, counts_of(tokens, BINS), strict=True):
        assert count == math.ceil(Fraction(percent, 100) * tokens) >= 1


def _explained(model: Classifier, method: str) -> Any:
    return explain(model, TEXTS, views=["attribution"], method=method)
