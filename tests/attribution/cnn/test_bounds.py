from typing import Any

import numpy as np
import pytest
import reference
import torch
from attribution_cases import FORMS, SEEDS, arguments, make, target_of, values_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attribkit.attribution.cnn.bounds import output_bounds
from attribkit.attribution.outputs import Target
from attribkit.errors import InputError
from attribkit.models import CNNSettings, TextCNN

LAWS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@LAWS
@given(SEEDS, FORMS, st.booleans())
def test_no_choice_of_words_goes_beyond_the_bounds(seed: int, form: str, kept: bool) -> None:
    case = make(seed, 2, form, 0.0)
    target, counts = target_of(case, "log_odds"), [3, 0, 1, 2]
    lower, upper = (bound[0].numpy() for bound in output_bounds(*arguments(case, target), counts=counts, kept=kept))
    for row in range(len(case.ids)):
        values = values_of(case, target, row)
        least, greatest = reference.least_and_greatest(values[::-1] if kept else values, counts)
        slack = 1e-12 * (1 + np.abs(values).max())
        assert (lower[row] <= np.array(least) + slack).all()
        assert (upper[row] >= np.array(greatest) - slack).all()
        # with no change there is one choice, and with one filter (below) the bounds are attained
        assert abs(lower[row, 1] - least[1]) <= slack
        assert abs(upper[row, 1] - greatest[1]) <= slack


@LAWS
@given(SEEDS, FORMS, st.booleans(), st.sampled_from([(1,), (2,), (3,), (5,)]))
def test_with_one_filter_the_bounds_are_attained(seed: int, form: str, kept: bool, widths: tuple[int, ...]) -> None:
    case = make(seed, 2, form, 0.0, widths=widths, filters=1)
    target, counts = target_of(case, "logit"), [0, 1, 2, 4, 9]
    lower, upper = (bound[0].numpy() for bound in output_bounds(*arguments(case, target), counts=counts, kept=kept))
    for row in range(len(case.ids)):
        values = values_of(case, target, row)
        least, greatest = reference.least_and_greatest(values[::-1] if kept else values, counts)
        assert np.abs(lower[row] - least).max() <= 1e-12
        assert np.abs(upper[row] - greatest).max() <= 1e-12


def test_the_example_in_the_docstring_comes_out_as_by_pencil() -> None:
    network: Any = TextCNN(CNNSettings(4, 2, 1, (1,), filters=1)).double().eval()
    with torch.no_grad():
        network.embedding.weight.copy_(torch.arange(4.0).unsqueeze(1))
        network.convolutions[0].weight.fill_(1.0)
        network.convolutions[0].bias.zero_()
        network.output.weight.fill_(1.0)
        network.output.bias.zero_()
    ids = torch.tensor([[3, 2, 1]])
    target = [Target("logit", torch.tensor([0]))]
    lower, upper = output_bounds(network, ids, ids > 0, None, target, [0, 1, 2, 3])
    assert lower[0, 0].tolist() == [3, 2, 1, 0]
    assert upper[0, 0].tolist() == [3, 3, 3, 3]


def test_a_negative_number_of_words_is_refused() -> None:
    case = make(0, 2, "zero", 0.0)
    with pytest.raises(InputError, match="0 or more"):
        output_bounds(*arguments(case, target_of(case, "logit")), counts=[-1])
