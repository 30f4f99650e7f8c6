"""A text whose outputs are NaN or infinite: refused where one answer was asked, left out where a table is run."""

from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn

import attribkit as ak
from attribkit.errors import NetworkError
from attribkit.evaluation.answers import Answers
from attribkit.evaluation.errors import errors
from attribkit.evaluation.faithfulness import faithfulness
from attribkit.evaluation.importance import word_importance
from attribkit.evaluation.performance import evaluate
from attribkit.evaluation.plausibility import plausibility
from attribkit.evaluation.sanity import sanity
from attribkit.models.classifier import Classifier
from attribkit.models.logits import NOT_FINITE, check_finite, finite

GOOD = [
    "a good film with a great story",
    "such a great show , a delight",
    "the best film ever",
    "it was a horrible movie",
]
BAD = "the worst movie ever , dull and bad"
TEXTS = [*GOOD[:2], BAD, *GOOD[2:]]
TABLE = pd.DataFrame({"text": TEXTS, "label": ["pos", "pos", "neg", "pos", "neg"]})
KINDS = ["cnn", "attention-rnn", "lstm"]
INFINITE = [float("nan"), float("inf"), float("-inf")]


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, make_classifier: Callable[..., Classifier]) -> Classifier:
    """A classifier that puts out NaN for every text with the word "dull"."""
    return broken(make_classifier(request.param))


def broken(model: Classifier, word: str = "dull") -> Classifier:
    with torch.no_grad():
        model.network.embedding.weight[model.tokenizer.vocabulary[word]] = torch.nan  # type: ignore[attr-defined]
    return model


class Breaks(nn.Module):
    """A network with sound weights that puts out NaN for every text with one word."""

    def __init__(self, inner: nn.Module, word: int) -> None:
        super().__init__()
        self.inner, self.embedding, self.word = inner, inner.get_submodule("embedding"), word

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        bad = ((ids == self.word) & mask).any(1, keepdim=True)
        return self.inner(ids, mask).masked_fill(bad, torch.nan)


class Steep(nn.Module):
    """A network with sound outputs whose gradient is NaN for every text with one word."""

    def __init__(self, inner: nn.Module, word: int) -> None:
        super().__init__()
        self.inner, self.embedding, self.word = inner, inner.get_submodule("embedding"), word

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        bad = ((ids == self.word) & mask).any(1)
        felt = self.embedding(ids).sum((1, 2))
        root = torch.where(bad, felt * 0, torch.ones_like(felt)).sqrt()  # whose slope at 0 is infinite
        added: torch.Tensor = self.inner(ids, mask)
        return torch.cat([added[:, :1] + (root - root.detach())[:, None], added[:, 1:]], 1)


def breaking(model: Classifier) -> Classifier:
    word = model.tokenizer.vocabulary["dull"]  # type: ignore[attr-defined]
    return Classifier(Breaks(model.network, word).eval(), model.tokenizer, model.labels)


def test_a_prediction_or_explanation_is_refused_and_the_text_is_named(model: Classifier) -> None:
    named = (
        r"the network's outputs are NaN or infinite for text 2 \('the worst movie ever , dull and bad'\); leave it out"
    )
    for ask in (model.predict, lambda texts: ak.explain(model, texts)):
        with pytest.raises(RuntimeError, match=named):
            ask(TEXTS)
        with pytest.raises(RuntimeError, match=r"NaN or infinite for the text 'the worst movie ever , dull and bad'"):
            ask(BAD)
    assert len(model.predict(GOOD)) == len(ak.explain(model, GOOD)) == len(GOOD)


@pytest.mark.parametrize("value", INFINITE)
def test_any_number_that_is_not_finite_is_refused(value: float) -> None:
    logits = np.zeros((9, 3))
    logits[3:, 1] = value
    texts = ["x" * 50] * 9
    shown = "x" * 39 + "…"
    with pytest.raises(
        RuntimeError, match=rf"for text 3 \('{shown}'\), .*text 7 \('{shown}'\) and 1 more; leave them out"
    ):
        check_finite(logits, texts)
    assert check_finite(logits[:3], texts[:3]) is not None and finite(logits).tolist() == [True] * 3 + [False] * 6
    with pytest.raises(RuntimeError, match="NaN or infinite for all of 6 texts; check its weights"):
        finite(logits[3:])
    assert finite(np.zeros((0, 3))).shape == (0,)


def test_a_baseline_without_a_finite_output_is_refused(make_classifier: Callable[..., Classifier]) -> None:
    model = broken(make_classifier("lstm"), "[UNK]")
    with pytest.raises(RuntimeError, match="outputs for the baseline 'unk' are NaN or infinite; take another baseline"):
        ak.explain(model, GOOD[0], baseline="unk")
    assert ak.explain(model, GOOD[0]).token_scores.converged


def test_a_table_is_answered_but_for_the_row(model: Classifier) -> None:
    answers = Answers.of(model, TABLE)
    assert answers.skipped == ((2, NOT_FINITE),)
    assert answers.rows.tolist() == [0, 1, 3, 4] and list(answers.texts) == GOOD
    without = Answers.of(model, TABLE.drop(index=2))
    np.testing.assert_allclose(answers.logits, without.logits, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(answers.truth, without.truth)
    metrics = evaluate(model, TABLE)
    assert (metrics.rows, metrics.dropped) == (4, 1)
    np.testing.assert_array_equal(metrics.confusion, evaluate(model, TABLE.drop(index=2)).confusion)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_measured_of_explanations_leaves_the_row_out(
    make_classifier: Callable[..., Classifier], kind: str
) -> None:
    model = breaking(make_classifier(kind))
    spans = TABLE.assign(rationale=[[[0, 6]]] * 5)
    for found in (
        faithfulness(model, TEXTS, "saliency", oracle_texts=2, perturbed=1),
        sanity(model, TEXTS, "saliency", draws=1),
        plausibility(model, spans, "saliency"),
    ):
        assert [(one.row, one.reason) for one in found.skipped] == [(2, NOT_FINITE)]
        assert f"1 of 5 rows was left out, row 2: {NOT_FINITE}" in found.notes
    words = word_importance(model, TABLE, least=1)
    assert words.texts == 4 and "dull" not in set(words.words["word"])
    assert all(one.text != BAD for one in errors(model, TABLE).mistakes)


def test_a_report_and_a_check_name_the_row(make_classifier: Callable[..., Classifier]) -> None:
    model = breaking(make_classifier("attention-rnn"))
    table = pd.concat([TABLE] * 4, ignore_index=True)
    page = ak.report(model, table, map=True, mapped=30, tested=4).to_html()
    assert f"{NOT_FINITE}: 4" in unescape(page)
    found = ak.check(model, table)
    assert f"4 of 20 rows were left out, the first is row 2: {NOT_FINITE}" in found.notes


def test_a_map_leaves_the_text_out_and_a_new_one_is_refused(model: Classifier) -> None:
    why = ak.project(model, TABLE)
    scatter = why.panels()[0]
    assert len(scatter.excerpts) == 4 and BAD not in scatter.excerpts  # type: ignore[union-attr]
    note = "1 text was left out, for a layer put out NaN or infinity for it: “the worst movie ever"
    assert any(note in one for one in scatter.notes)  # type: ignore[union-attr]
    assert ak.project(model, TABLE.drop(index=2)).panels()[0].maps == scatter.maps  # type: ignore[union-attr]
    with pytest.raises(ValueError, match=r"put out NaN or infinity for 1 of 2 texts \(number 1\)"):
        ak.project(model, TABLE, place=[GOOD[0], BAD])
    with pytest.raises(ValueError, match=r"put out NaN or infinity for 1 of 5 texts \(number 2\)"):
        ak.layer_outputs(model, TEXTS)
    with pytest.raises(ValueError, match=r"put out NaN or infinity for 1 of 1 text"):
        ak.project(model, [BAD])


def test_a_corpus_run_reports_the_row(model: Classifier, tmp_path: Path) -> None:
    found = {}
    for name, table in (("all", TABLE), ("good", TABLE.drop(index=2))):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        run = ak.explain_corpus(model, tmp_path / f"{name}.csv", tmp_path / name, workers=1)
        found[name] = pq.read_table(run.files[0]).to_pylist()
    bad = found["all"].pop(2)
    assert (bad["status"], bad["reason"], bad["label"], bad["scores"]) == ("failed", NOT_FINITE, None, None)
    for one, other in zip(found["all"], found["good"], strict=True):
        np.testing.assert_allclose(one["scores"], other["scores"], rtol=0, atol=1e-5)
        assert one["label"] == other["label"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_that_is_not_finite_names_its_text(make_classifier: Callable[..., Classifier], kind: str) -> None:
    model = make_classifier(kind)
    word = model.tokenizer.vocabulary["dull"]  # type: ignore[attr-defined]
    steep = Classifier(Steep(model.network, word).eval(), model.tokenizer, model.labels)
    assert np.isfinite(steep.predict(TEXTS)[list(steep.labels)].to_numpy()).all()
    named = r"scores by '\w+' are NaN or infinite for the text 'the worst movie ever , dull and bad', .*; leave it out"
    spans = TABLE.assign(rationale=[[[0, 6]]] * 5)
    for ask in (
        lambda: ak.explain(steep, TEXTS),
        lambda: ak.explain(steep, BAD, method="saliency"),
        lambda: word_importance(steep, TABLE, least=1),
        lambda: faithfulness(steep, TEXTS, "saliency", oracle_texts=0),
        lambda: sanity(steep, TEXTS, "saliency", draws=1),
        lambda: plausibility(steep, spans, "saliency"),
    ):
        with pytest.raises(NetworkError, match=named):
            ask()
    assert len(ak.explain(steep, GOOD)) == len(GOOD)
    assert np.isfinite(ak.explain(steep, BAD, method="leave_one_out").token_scores.scores).all()
