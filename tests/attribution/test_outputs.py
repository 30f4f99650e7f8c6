"""The explained scalar against its definition, and where the naive form overflows."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attribkit.attribution.outputs import Target

LOGITS = st.integers(2, 6).flatmap(
    lambda classes: st.tuples(
        st.lists(st.floats(-9, 9), min_size=classes, max_size=classes), st.integers(0, classes - 1)
    )
)


def value(output: str, logits: list[float], index: int, against: int | None = None) -> float:
    pair = None if against is None else torch.tensor([against])
    return Target(output, torch.tensor([index]), pair).of(torch.tensor([logits], dtype=torch.float64)).item()


@given(LOGITS)
def test_each_output_is_its_definition(case: tuple[list[float], int]) -> None:
    logits, c = case
    p = torch.tensor(logits, dtype=torch.float64).softmax(0)
    others = torch.cat((p[:c], p[c + 1 :])).sum()
    assert value("logit", logits, c) == pytest.approx(logits[c])
    assert value("probability", logits, c) == pytest.approx(p[c].item(), abs=1e-12)
    assert value("log_odds", logits, c) == pytest.approx((p[c].log() - others.log()).item(), abs=1e-9)


@given(LOGITS)
def test_a_pair_is_the_difference_of_log_probabilities(case: tuple[list[float], int]) -> None:
    logits, c = case
    d = (c + 1) % len(logits)
    log_p = torch.tensor(logits, dtype=torch.float64).log_softmax(0)
    assert value("log_odds", logits, c, d) == pytest.approx((log_p[c] - log_p[d]).item(), abs=1e-9)
    assert value("log_odds", logits, c, d) == -value("log_odds", logits, d, c)


def test_two_classes_give_the_single_logit_without_overflow() -> None:
    assert value("log_odds", [-400.0, 400.0], 1) == 800.0
    assert value("probability", [-400.0, 400.0], 0) == 0.0


@pytest.mark.parametrize("classes", [2, 5])
def test_gradients_stay_finite_where_the_answer_is_certain(classes: int) -> None:
    logits = torch.full((1, classes), -60.0, dtype=torch.float64, requires_grad=True)
    Target("log_odds", torch.tensor([0])).of(logits * torch.arange(1.0, classes + 1)).sum().backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_an_unknown_output_and_a_pair_of_probabilities_are_refused() -> None:
    with pytest.raises(ValueError, match="must be one of log_odds, logit, probability, got 'odds'"):
        value("odds", [0.0, 1.0], 0)
    with pytest.raises(ValueError, match="use output='log_odds'"):
        value("probability", [0.0, 1.0], 0, 1)


def test_rows_may_be_chosen_and_repeated() -> None:
    target = Target("log_odds", torch.tensor([0, 1, 2]), torch.tensor([2, 0, 1])).rows([2, 2, 0])
    assert target.index.tolist() == [2, 2, 0]
    assert target.against is not None
    assert target.against.tolist() == [1, 1, 2]
