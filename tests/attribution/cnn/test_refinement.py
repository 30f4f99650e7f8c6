import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from attribkit.attribution.cnn.refinement import logit_gradient, sigmoid_slope
from attribkit.attribution.outputs import Target

Z = st.floats(-40, 40)


def double(*values: float) -> NDArray[np.float64]:
    return np.array(values)


@given(Z, Z)
@settings(deadline=None)
def test_the_mean_slope_of_the_sigmoid_is_its_difference_over_the_step(a: float, b: float) -> None:
    if abs(b - a) < 1e-3:
        return
    # the logistic function by halves, so that the reference does not cancel where both are near 1
    low, high = (a, b) if a + b < 0 else (-b, -a)
    low_, high_ = torch.sigmoid(torch.tensor([low, high], dtype=torch.float64)).tolist()
    assert np.allclose(sigmoid_slope(double(a), double(b)), (high_ - low_) / (high - low), rtol=1e-9, atol=0)


@given(st.floats(-700, 700))
@settings(deadline=None)
def test_without_a_step_it_is_the_derivative_however_saturated(a: float) -> None:
    expected = np.exp(double(-abs(a))) / (1 + np.exp(double(-abs(a)))) ** 2
    assert np.allclose(sigmoid_slope(double(a), double(a)), expected, rtol=1e-12, atol=0)


def test_it_neither_overflows_nor_loses_a_tiny_step() -> None:
    assert sigmoid_slope(double(-1e6), double(1e6)).item() == pytest.approx(5e-7)
    assert sigmoid_slope(double(12.0), double(12.0 + 1e-14)).item() == pytest.approx(6.144137e-06, rel=1e-6)
    assert sigmoid_slope(double(0.0), double(0.0)).item() == 0.25


@pytest.mark.parametrize("output", ["log_odds", "probability"])
@pytest.mark.parametrize("classes", [2, 3, 50])
def test_the_gradient_by_formula_is_the_one_by_autograd(output: str, classes: int) -> None:
    logits = 5 * torch.randn(20, classes, dtype=torch.float64, generator=torch.Generator().manual_seed(classes))
    target = Target(output, torch.arange(20) % classes)
    point = logits.clone().requires_grad_()
    (expected,) = torch.autograd.grad(target.of(point).sum(), point)
    assert np.allclose(logit_gradient(target, logits.numpy()), expected, rtol=1e-9, atol=1e-14)


def test_a_saturated_probability_still_has_a_gradient() -> None:
    target = Target("probability", torch.tensor([0]))
    gradient = logit_gradient(target, double(40.0, 0.0, -3.0)[np.newaxis])
    assert gradient[0, 0].item() == pytest.approx(4.248e-18 * 1.0498, rel=1e-3)
