"""The closed form by torch operations, as a GPU computes it, is that of NumPy."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from attribution_cases import FORMS, SEEDS, Case, make
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attribkit.attribution.cnn import integrated_gradients
from attribkit.attribution.cnn.integrated_gradients import Attribution, attribute, device_lines, lines
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.attribution.outputs import Target
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.results.panels import TokenScores

BIASES = st.sampled_from([-0.3, 0.0, 0.3])
LAWS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def targets_of(classes: int, texts: int) -> list[Target]:
    index = torch.arange(texts) % classes
    outputs = [Target(output, index) for output in ("log_odds", "logit", "probability")]
    return [*outputs, Target("log_odds", index, (index + 1) % classes), Target("log_odds", (index + 1) % classes)]


def both(case: Case, classes: int, tables: Tables | None = None) -> Iterator[Attribution]:
    """What NumPy finds, and what torch finds on the processor."""
    targets = targets_of(classes, len(case.ids))
    with torch.no_grad():
        logits = torch.stack([case.network(case.ids, case.mask).double()] * 2)
    for several in (lines, device_lines):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(integrated_gradients, "lines", several)
            yield attribute(case.network, case.ids, case.mask, case.baseline, targets, tables, True, logits)


def assert_equal(ours: Attribution, other: Attribution) -> None:
    size = ours.scores.abs().sum(2, keepdim=True)
    assert ((ours.scores - other.scores).abs() <= 1e-12 * size).all()
    assert torch.equal(ours.agrees, other.agrees)
    assert ours.phrases is not None and other.phrases is not None
    orders = [np.lexsort((each.last, each.first, each.feature, each.text)) for each in (ours.phrases, other.phrases)]
    for name in ("text", "feature", "first", "last", "start", "end", "scores"):
        first, second = (
            getattr(each, name)[..., order] for each, order in zip((ours.phrases, other.phrases), orders, strict=True)
        )
        np.testing.assert_allclose(first, second, rtol=0, atol=1e-12 * max(1.0, float(size.max())))


@LAWS
@given(SEEDS, FORMS, st.sampled_from([2, 3, 7]), BIASES)
def test_torch_finds_what_numpy_finds(seed: int, form: str, classes: int, bias: float) -> None:
    assert_equal(*both(make(seed, classes, form, bias), classes))


@pytest.mark.parametrize("form", ["zero", "vector", "ids", "dense"])
def test_windows_that_tie_share_in_torch_as_in_numpy(form: str) -> None:
    case = make(3, 3, form, 0.1, lengths=(8, 8, 2), widths=(2, 3))
    case.ids[0] = torch.tensor([5, 5, 5, 5, 5, 5, 5, 5])
    case.ids[1] = torch.tensor([4, 6, 4, 6, 4, 6, 4, 6])
    assert_equal(*both(case, 3))


@pytest.mark.parametrize("form", ["zero", "ids"])
def test_the_tables_of_a_run_and_groups_of_texts_change_nothing(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = make(5, 3, form, 0.1, lengths=(3, 8, 1, 6))
    _, whole = both(case, 3)
    _, tabulated = both(case, 3, Tables.build(case.network))
    assert_equal(whole, tabulated)
    monkeypatch.setattr(integrated_gradients, "_NUMBERS_ON_DEVICE", 1)
    _, one_by_one = both(case, 3)
    assert_equal(whole, one_by_one)


def test_logits_that_are_not_the_closed_forms_are_seen_by_torch_too() -> None:
    case = make(1, 2, "ids", 0.1)
    targets = targets_of(2, len(case.ids))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(integrated_gradients, "lines", device_lines)
        wrong = torch.full((2, len(case.ids), 2), 1e3, dtype=torch.float64)
        assert not attribute(case.network, case.ids, case.mask, case.baseline, targets, logits=wrong).agrees.any()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU on this machine")
@pytest.mark.parametrize("baseline", ["pad", "zero", "unk", "mean", "a bad film"])
@pytest.mark.parametrize("output", ["log_odds", "logit", "probability"])
def test_a_gpu_finds_what_the_processor_finds(
    make_classifier: Callable[..., Classifier], baseline: str, output: str
) -> None:
    classifier = make_classifier("cnn", labels=("a", "b", "c"))
    options: Any = {"views": "attribution", "target": "all", "baseline": baseline, "output": output}
    texts = ["a good film", "bad", "a good film a bad film a good film"]
    for here, on_gpu in zip(
        explain(classifier, texts, **options), explain(classifier.on("cuda"), texts, **options), strict=True
    ):
        for ours, other in zip(here.panels(), on_gpu.panels(), strict=True):
            assert isinstance(ours, TokenScores) and isinstance(other, TokenScores)
            assert np.abs(ours.scores - other.scores).max() <= 1e-6 * np.abs(ours.scores).sum()
            assert ours.method == other.method == "exact" and other.converged
