"""Token scores are the integral they claim to be, and say so when they are not."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from attribkit.attribution import baselines
from attribkit.attribution.outputs import Target
from attribkit.explainer import explain
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.results.panels import TokenScores
from attribkit.results.panels.criteria import PATH_TOLERANCE
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer
from attribkit.text.word_index import WordIndex
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
    ).token_scores
    ids, mask = classifier.batch([classifier.encode(["I've never seen a good film"])[0].ids])
    name = baseline if baseline in baselines.NAMES else "text"
    words = torch.from_numpy(classifier.encode([baseline])[0].ids)
    start = baselines.embedded(name, classifier.network.embedding.weight.detach(), mask, 0, 1, words)
    target = Target(output, torch.tensor([1]))
    steps = 600 if architecture == "cnn" else 60  # a CNN's path has kinks, a recurrent network's is smooth
    slow = reference.integrated_gradients(reference.path_rates(classifier.network, ids, mask, start, target.of, steps))
    assert np.abs(panel.scores - slow[0].numpy()).max() <= 4e-3 * np.abs(panel.scores).sum()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_scores_add_up_and_the_sum_is_of_the_networks_own_outputs(
    make_classifier: Callable[..., Classifier], architecture: str
) -> None:
    classifier = make_classifier(architecture)

    @given(TEXT, st.sampled_from(["pad", "unk", "mean", "zero"]), st.sampled_from(["log_odds", "logit", "probability"]))
    @settings(max_examples=15, deadline=None)
    def law(text: str, baseline: str, output: str) -> None:
        panel = explain(classifier, text, baseline=baseline, output=output, target="pos", tolerance=1e-3).token_scores
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
            alone = explain(classifier, text, tolerance=1e-3).token_scores
            limit = 1e-6 * max(np.abs(alone.scores).sum(), 1e-3)
            np.testing.assert_allclose(together.token_scores.scores, alone.scores, rtol=0, atol=limit)

    law()


def test_two_classes_swap_every_sign(make_classifier: Callable[..., Classifier]) -> None:
    for output in ("log_odds", "probability"):
        neg, pos = explain(make_classifier("lstm"), "a good film", target="all", output=output).panels()
        np.testing.assert_allclose(neg.scores, -pos.scores, atol=1e-6)  # type: ignore[union-attr]


def test_a_pair_says_why_this_and_not_that(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("lstm", labels=("x", "y", "z"))
    panel = explain(classifier, "a good film", target=("x", "z")).token_scores
    p = classifier.predict("a good film").iloc[0]
    assert panel.target == "x − z"
    assert panel.output_text == pytest.approx(np.log(p["x"]) - np.log(p["z"]), abs=1e-6)


def test_a_text_equal_to_its_baseline_scores_zero_without_nan(make_classifier: Callable[..., Classifier]) -> None:
    for architecture in ARCHITECTURES:
        panel = explain(make_classifier(architecture), "a good film", baseline="a good film").token_scores
        assert panel.scores.tolist() == [0, 0, 0]
        assert (panel.relative_error, panel.converged) == (0, True)


def test_a_baseline_text_of_another_length_is_said_on_the_result(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier()
    assert explain(classifier, "good", baseline="a dull film").token_scores.notes == (
        "the baseline text was cut from 3 to the text's 1 token",
    )
    assert explain(classifier, "a good film !", baseline="a dull film").token_scores.notes == (
        "the baseline text's 3 tokens were filled with PAD to the text's 4",
    )


def test_scores_that_do_not_add_up_are_caught(make_classifier: Callable[..., Classifier]) -> None:
    panel = explain(make_classifier(), "I've never seen a good film", method="captum", tolerance=1e-12).token_scores
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
    assert all(panel.converged for row in rows for panel in row.panels())  # type: ignore[union-attr]
    assert isinstance(Mine, nn.Module)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "odds"}, "must be one of log_odds, logit, probability, got 'odds'"),
        ({"method": "lime++"}, "`method` must be one of .*captum.*, got 'lime"),
        ({"tolerance": 0}, "between 0 and 1, got 0"),
        ({"baseline": "padd"}, "got 'padd'; did you mean 'pad'"),
        ({"baseline": ["pad", "unkk"]}, "got 'unkk'; did you mean 'unk'"),
        ({"baseline": ["pad", "mean", "pad"]}, "must name each baseline once, got 'pad' twice"),
        ({"baseline": []}, "must name at least one of pad, zero, unk, mean, mask or a text, got none"),
    ],
)
def test_settings_out_of_range_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Attribution(**options)


@pytest.mark.parametrize("given", [None, 3, ["pad", 3], {"pad": 1}])
def test_a_baseline_of_another_kind_is_refused(given: object) -> None:
    with pytest.raises(TypeError, match="`baseline` must be a name, a text or a list of them, got "):
        Attribution(baseline=given)  # type: ignore[arg-type]  # the mistake under test


LONG = "I've never watched such a great show. It was bad, bad! a delight ... the best film ever ; horrible"


@pytest.mark.parametrize("output", ["log_odds", "probability"])
@pytest.mark.parametrize("baseline", [*baselines.NAMES, "a dull film"])
def test_the_phrases_share_out_the_same_sum_as_the_tokens(
    make_classifier: Callable[..., Classifier], output: str, baseline: str
) -> None:
    classifier = make_classifier("cnn", labels=("x", "y", "z"))
    rows = explain(
        classifier, [LONG, "bad", "a good film"], target="all", output=output, baseline=baseline, views="attribution"
    )
    for row in rows:
        for panel in row.panels():
            assert isinstance(panel, TokenScores) and panel.phrases is not None
            limit = 1e-6 * np.abs(panel.scores).sum()
            assert abs(panel.phrases.scores.sum() - panel.scores.sum()) <= limit
            assert (panel.phrases.scores != 0).all()
            assert (panel.phrases.lasts - panel.phrases.firsts < 5).all()  # the widest kernel
            assert (panel.phrases.filters < classifier.network.output.in_features).all()


def test_a_text_has_the_same_phrases_alone_and_among_others(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("cnn")
    texts = [LONG, "bad", "never a good film !", LONG[:30], "the best story"]
    for together, text in zip(explain(classifier, texts), texts, strict=True):
        alone, found = explain(classifier, text).token_scores.phrases, together.token_scores.phrases
        assert alone is not None and found is not None
        np.testing.assert_array_equal(found.firsts, alone.firsts)
        np.testing.assert_array_equal(found.lasts, alone.lasts)
        np.testing.assert_array_equal(found.filters, alone.filters)
        np.testing.assert_allclose(found.scores, alone.scores, atol=1e-6 * np.abs(alone.scores).sum())


def test_the_phrase_that_alone_fills_a_filter_gets_all_of_its_share(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("cnn", filters=1, widths=(2,))
    with torch.no_grad():
        classifier.network.convolutions[0].weight.fill_(1.0)
        classifier.network.convolutions[0].bias.zero_()
        classifier.network.embedding.weight.fill_(0.0)
        classifier.network.embedding.weight[classifier.encode(["good"])[0].ids] = 1.0
        classifier.network.embedding.weight[classifier.encode(["film"])[0].ids] = 0.5
    scores = explain(classifier, "a bad show , good film ever", output="logit", target=1).token_scores
    assert scores.strongest_phrases() == [(4, 5, pytest.approx(scores.total), np.sign(scores.total), (0,))]
    assert (scores.scores != 0).tolist() == [False] * 4 + [True, True, False]


@pytest.mark.parametrize("method", ["quadrature", "captum", "leave_one_out"])
def test_other_methods_know_no_phrases(make_classifier: Callable[..., Classifier], method: str) -> None:
    assert explain(make_classifier("cnn"), "a good film", method=method).token_scores.phrases is None


def test_without_details_nothing_more_than_the_scores_is_told(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("cnn")
    ((bare,),) = Attribution(details=False)(classifier, EncodedBatch.of(classifier, [LONG]))
    whole = explain(classifier, LONG).token_scores
    assert bare.phrases is None and not len(bare.sentence_starts)
    assert bare.scores.tolist() == whole.scores.tolist()
    assert whole.phrases is not None


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_sentences_begin_with_tokens_and_their_sums_share_out_the_score(
    make_classifier: Callable[..., Classifier], architecture: str
) -> None:
    scores = explain(make_classifier(architecture), LONG).token_scores
    assert [scores.tokens[i] for i in scores.sentence_starts] == ["i", "it", "a"]
    assert scores.sentence_totals.sum() == pytest.approx(scores.total, abs=1e-9)


def test_nobody_looks_for_sentences_that_nobody_asks_for(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def spans(text: str) -> list[tuple[int, int]]:
        asked.append(text)
        return [(0, 4)]

    monkeypatch.setattr("attribkit.text.clauses.sentence_spans", spans)
    why = explain(make_classifier("cnn"), "good film. bad film", views="attribution")
    assert why.scores.any()
    assert not asked
    assert why.token_scores.sentence_starts.tolist() == [0]
    assert len(asked) == 1


@pytest.mark.parametrize(("truncate", "starts"), [("end", [0, 3]), ("start", [0, 2])])
def test_sentences_of_a_truncated_text_are_those_that_were_read(
    make_classifier: Callable[..., Classifier], truncate: Literal["end", "start"], starts: list[int]
) -> None:
    classifier = make_classifier()
    classifier.tokenizer = Tokenizer.of(
        classifier.tokenizer.vocabulary,  # type: ignore[attr-defined]
        TextSettings(min_frequency=1, max_length=5, truncate=truncate),
    )
    assert explain(classifier, "good film . bad film ! worst of all").token_scores.sentence_starts.tolist() == starts


def test_several_baselines_give_a_band_whose_first_row_is_the_panels_own(
    make_classifier: Callable[..., Classifier],
) -> None:
    for architecture in ARCHITECTURES:
        classifier = make_classifier(architecture)
        names = ["unk", "pad", "mean", "a dull film"]
        rows = explain(classifier, [LONG, "bad"], baseline=names, tolerance=1e-3, views="attribution")
        for row, text in zip(rows, [LONG, "bad"], strict=True):
            band = row.token_scores.band
            assert band is not None and band.baselines == tuple(names)
            assert row.token_scores.baseline == "unk"
            assert band.converged == (True,) * 4
            assert band.scores[0].tolist() == row.token_scores.scores.tolist()
            for name, scores in zip(names, band.scores, strict=True):
                alone = explain(classifier, text, baseline=name, tolerance=1e-3).token_scores.scores
                np.testing.assert_allclose(scores, alone, atol=1e-6 * max(np.abs(alone).sum(), 1e-3))
            assert (band.low <= row.token_scores.scores).all() and (row.token_scores.scores <= band.high).all()
        assert rows[0].provenance["settings"]["baseline"] == names
        assert any("the baseline text" in note for note in rows[0].token_scores.notes)


def test_one_baseline_in_a_list_is_one_baseline(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier()
    assert explain(classifier, "a good film", baseline=["unk"]) == explain(classifier, "a good film", baseline="unk")
    assert explain(classifier, "a good film", baseline=("unk",)).token_scores.band is None


def test_a_baseline_that_did_not_converge_is_named_in_the_notes(make_classifier: Callable[..., Classifier]) -> None:
    scores = explain(make_classifier("lstm"), LONG, baseline=["pad", "unk"], tolerance=1e-14).token_scores
    assert scores.band is not None and scores.band.converged == (False, False)
    assert [note[:46] for note in scores.notes] == ["with the baseline 'unk' it did not converge: r"]
    assert "did not converge" in scores.verdict


def test_the_view_tells_which_of_quadratures_criteria_failed(make_classifier: Callable[..., Classifier]) -> None:
    panel = explain(make_classifier("cnn"), LONG, method="quadrature", tolerance=1e-9, max_steps=63).token_scores
    assert panel.converged is False and panel.rule_change is not None and panel.relative_change is not None
    assert panel.relative_path_error is not None
    limits = {"completeness": panel.relative_error, "stability": panel.relative_change}
    limits["path"] = panel.relative_path_error / PATH_TOLERANCE
    assert panel.failed == tuple(name for name, value in limits.items() if value > 1e-9) != ()
    assert f"{panel.relative_change:.1e} > 1e-09 after 63 steps" in panel.verdict
    loose = explain(make_classifier("lstm"), LONG, method="quadrature").token_scores
    assert loose.failed == () and loose.rule_change is not None
    assert loose.rule_change <= 1e-4 * np.abs(loose.scores).sum()
    assert explain(make_classifier("cnn"), LONG, method="exact").token_scores.rule_change is None


def test_a_method_without_completeness_has_a_band_that_promises_none(
    make_classifier: Callable[..., Classifier],
) -> None:
    band = explain(
        make_classifier("lstm"), "a bad film", baseline=["pad", "unk"], method="leave_one_out"
    ).token_scores.band
    assert band is not None and band.converged == (None, None)


def test_f_of_the_baseline_is_the_networks_own_whatever_came_before(make_classifier: Callable[..., Classifier]) -> None:
    texts = ["a good film", "bad", "never such a bad film", "the best film", "worst", "it was a horrible movie"]
    for architecture in ARCHITECTURES:
        classifier = make_classifier(architecture)
        for baseline in ("unk", "mean", "a dull film"):
            for batch_size in (1, 2, None):
                rows = explain(classifier, texts, baseline=baseline, batch_size=batch_size, target=1)
                for row, text in zip(rows, texts, strict=True):
                    _, mask = classifier.batch([classifier.encode([text])[0].ids])
                    name = baseline if baseline in baselines.NAMES else "text"
                    words = torch.from_numpy(classifier.encode([baseline])[0].ids)
                    start = baselines.embedded(name, classifier.network.embedding.weight.detach(), mask, 0, 1, words)
                    with torch.no_grad():
                        logits = reference.from_embeddings(classifier.network, start, mask)
                    own = Target("log_odds", torch.tensor([1])).of(logits.double()).item()
                    assert row.token_scores.output_baseline == pytest.approx(own, abs=1e-5)
