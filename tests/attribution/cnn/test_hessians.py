from typing import Any

import pytest
import reference
import torch
from attribution_cases import FORMS, SEEDS, Case, arguments, make, target_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from attribkit.attribution.cnn.hessians import integrated_hessians
from attribkit.attribution.cnn.integrated_gradients import attribute
from attribkit.attribution.outputs import Target
from attribkit.models import CNNSettings, TextCNN

LAWS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@LAWS
@given(SEEDS, FORMS, st.sampled_from(["log_odds", "logit", "pair"]), st.sampled_from([(), (40, 7)]))
def test_rows_sum_to_the_integrated_gradients(seed: int, form: str, kind: str, lengths: tuple[int, ...]) -> None:
    case = make(seed, 2 if kind == "log_odds" else 3, form, 0.0, lengths)
    target = target_of(case, kind)
    found = integrated_hessians(*arguments(case, target))[0]
    gradients = attribute(*arguments(case, target)).scores[0]
    scale = found.abs().sum((1, 2)) + 1e-3
    assert ((found.sum(2) - gradients).abs().amax(1) <= 1e-12 * scale).all()
    assert (found - found.mT).abs().max() <= 1e-13 * scale.max()
    assert (found[~case.mask] == 0).all()


@pytest.mark.parametrize("seed", [2, 3, 6])
def test_scores_are_those_of_second_derivatives_by_differences(seed: int) -> None:
    # a baseline of its own for every word: where all windows start level, differences converge slowly near the start
    case = make(seed, 2, "dense", 0.2, lengths=(5,))
    target = target_of(case, "log_odds")
    text, baseline = case.network.embedding(case.ids[0]).detach(), case.embedded_baseline[0]

    def gradients(points: Tensor) -> Tensor:
        points = points.clone().requires_grad_()
        logits = reference.from_embeddings(case.network, points, torch.ones(points.shape[:2], dtype=torch.bool))
        (gradient,) = torch.autograd.grad(target.rows([0] * len(points)).of(logits).sum(), points)
        return (gradient * (text - baseline)).sum(2)

    slow = reference.integrated_hessian(gradients, text, baseline, steps=100_000, width=0.004)
    found = integrated_hessians(*arguments(case, target))[0, 0]
    assert (found - slow).abs().max() <= 5e-3 * slow.abs().max()


def test_the_example_in_the_docstring_comes_out_as_by_pencil() -> None:
    network: Any = TextCNN(CNNSettings(3, 2, 1, (2,), filters=1)).double().eval()
    with torch.no_grad():
        network.embedding.weight.copy_(torch.tensor([[0.0], [2.0], [1.0]]))
        network.convolutions[0].weight.fill_(1.0)
        network.convolutions[0].bias.fill_(-1.0)
        network.output.weight.fill_(1.0)
    ids = torch.tensor([[1, 2]])
    found = integrated_hessians(network, ids, ids > 0, None, [Target("logit", torch.tensor([0]))])[0, 0]
    log3 = float(torch.tensor(3.0, dtype=torch.float64).log())
    kink = torch.tensor([[4.0, 2.0], [2.0, 1.0]]).double() * log3 / 9
    level = torch.diag(torch.tensor([2.0, 1.0]).double()) * (2 - log3) / 3
    assert (found - kink - level).abs().max() <= 1e-15


@LAWS
@given(SEEDS, FORMS)
def test_padding_and_company_never_matter(seed: int, form: str) -> None:
    case: Case = make(seed, 2, form, 0.0)
    target = target_of(case, "log_odds")
    together = integrated_hessians(*arguments(case, target))[0]
    for row in range(len(case.ids)):
        length = int(case.mask[row].sum())
        baseline = case.baseline
        if baseline is not None and baseline.ndim > 1:
            baseline = baseline[row : row + 1, :length]
        one = slice(row, row + 1)
        alone = integrated_hessians(
            case.network, case.ids[one, :length], case.mask[one, :length], baseline, [target.rows([row])]
        )[0, 0]
        assert (alone - together[row, :length, :length]).abs().max() <= 1e-12 * (alone.abs().sum() + 1e-3)
