import numpy as np
import reference
import torch
from attribution_cases import FORMS, SEEDS, arguments, make, target_of, values_of
from hypothesis import HealthCheck, given, settings

from attribkit.attribution.cnn.interactions import shapley_interactions

LAWS = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@LAWS
@given(SEEDS, FORMS)
def test_interactions_are_those_of_all_coalitions(seed: int, form: str) -> None:
    case = make(seed, 2, form, 0.0)
    target = target_of(case, "log_odds")
    found = shapley_interactions(*arguments(case, target))[0].numpy()
    for row in range(len(case.ids)):
        slow = np.array(reference.shapley_interactions(values_of(case, target, row)))
        length = len(slow)
        assert np.abs(found[row, :length, :length] - slow).max() <= 1e-12 * (1 + np.abs(slow).sum())
        assert (found[row, length:] == 0).all()
        assert (found[row, :, length:] == 0).all()


def test_two_words_no_filter_sees_together_may_still_compete_for_its_maximum() -> None:
    case = make(1, 2, "zero", 0.0, lengths=(2,), widths=(1,))
    with torch.no_grad():
        case.network.convolutions[0].bias.zero_()
    case.ids[:] = 3  # said twice, it does as much as said once
    target = target_of(case, "logit")
    values = values_of(case, target, 0)
    found = shapley_interactions(*arguments(case, target))[0, 0]
    assert float(found[0, 1]) != 0
    assert abs(float(found[0, 1]) - (values[3] - values[2] - values[1] + values[0])) <= 1e-14


def test_a_null_word_interacts_with_none() -> None:
    case = make(5, 2, "zero", 0.0, lengths=(6,), widths=(3,))
    dense = case.embedded_baseline
    dense[0, 2] = case.network.embedding.weight.detach()[case.ids[0, 2]]
    found = shapley_interactions(case.network, case.ids, case.mask, dense, [target_of(case, "logit")])[0, 0]
    assert (found[2] == 0).all()
    assert (found[:, 2] == 0).all()
    assert (found.diagonal() == 0).all()
