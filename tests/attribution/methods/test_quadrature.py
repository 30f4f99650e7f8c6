import math

import numpy as np
import pytest
import reference
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.methods import patterson, quadrature
from attribkit.attribution.methods.path_gradients import rules_dense_early
from attribkit.attribution.outputs import Target
from attribkit.models import AttentionRNN, AttentionRNNSettings, CNNSettings, LSTMClassifier, LSTMSettings, TextCNN
from attribkit.results.panels.criteria import PATH_TOLERANCE

Floats = NDArray[np.floating]
DEGREES = {3: 5, 7: 11, 15: 23, 31: 47, 63: 95, 127: 191}


@pytest.mark.parametrize("rule", range(6))
def test_each_rule_is_exact_up_to_its_degree_and_not_beyond(rule: int) -> None:
    nodes, weights = patterson.rules(patterson.ALL_SIZES)
    size = patterson.ALL_SIZES[rule]
    used, weight = 2 * nodes[:size] - 1, weights[rule, :size]
    assert (weights[rule, size:] == 0).all() and (weight > 0).all()
    polynomials = np.polynomial.legendre.legvander(used, DEGREES[size] + 1)  # (n, K)
    errors = weight @ polynomials
    errors[0] -= 1
    # as many equations as weights make them: each is a sum of n products, |P| ≤ 1 and Σw = 1
    rounding = size * np.finfo(float).eps
    assert (np.abs(errors[:size]) <= rounding).all()
    assert (np.abs(errors[size:-1]) <= carried(used, weight, polynomials, errors)[size:-1] + rounding).all()
    assert abs(errors[-1]) > 2e-11


def test_the_largest_rule_holds_the_others() -> None:
    nodes, weights = patterson.rules(patterson.ALL_SIZES)
    assert np.array_equal(nodes[:63], patterson.rules()[0]) and np.array_equal(weights[:5, :63], patterson.rules()[1])


@pytest.mark.parametrize(("place", "width"), [(0.3, 0.15), (0.25, 0.1), (0.4, 0.2)])
def test_points_that_lie_denser_early_integrate_what_bends_there(place: float, width: float) -> None:
    alphas, weights, _ = rules_dense_early()
    plain, plain_weights = map(torch.from_numpy, patterson.rules())
    exact = (math.atan((1 - place) / width) + math.atan(place / width)) / width
    dense, even = (w @ (1 / ((a - place) ** 2 + width**2)) for a, w in ((alphas, weights), (plain, plain_weights)))
    errors, before = (dense - exact).abs() / exact, (even - exact).abs() / exact
    assert errors[3] < 0.05 * before[3] and errors[4] < 1e-7 and errors[5] < 1e-12  # of 31, 63 and 127 nodes
    for power in range(4):
        assert abs(weights[3] @ alphas**power - 1 / (power + 1)) < 1e-10


def carried(nodes: Floats, weights: Floats, polynomials: Floats, errors: Floats) -> Floats:
    """(K,) what rounded nodes and weights may take from the integrals of P₀ … P₍K−1₎, to first order.

    On n nodes P_k is the polynomial Σ c_kj P_j of degree n − 1. If the true integral of that is 0, the rule's is off by
    Σ c_kj errors_j, j < n. Nodes rounded by half an ulp, eps/2 on [−1, 1], change it with the slope of the difference
    of the two, which they share as their zeros.
    """
    size, degrees = polynomials.shape
    mixture = np.linalg.solve(polynomials[:, :size], polynomials)
    slopes = np.stack(
        [np.polynomial.legendre.legval(nodes, np.polynomial.legendre.legder(row)) for row in np.eye(degrees)], axis=1
    )
    rest = slopes - slopes[:, :size] @ mixture
    moved: Floats = np.finfo(float).eps / 2 * (weights @ np.abs(rest))
    return np.abs(errors[:size]) @ np.abs(mixture) + moved


def test_nodes_are_distinct_symmetric_and_inside() -> None:
    nodes, _ = patterson.rules()
    ordered = np.sort(nodes)
    assert (np.diff(ordered) > 1e-5).all() and ordered[0] > 0 and ordered[-1] < 1
    # (x + 1)/2 and 1 − (…) are each rounded once, by half an ulp of numbers below 1
    assert np.allclose(ordered, 1 - ordered[::-1], rtol=0, atol=np.finfo(float).eps)
    assert np.allclose(nodes[:7] * 2 - 1, [-0.7745966692, 0, 0.7745966692, -0.9604912687, -0.4342437493, 0.4342437493,
                                           0.9604912687])  # fmt: skip


@pytest.mark.parametrize("size", [3, 7, 15, 31, 63, 127])
def test_a_running_integral_is_exact_for_the_polynomials_that_its_nodes_determine(size: int) -> None:
    nodes, points = patterson.rules(patterson.ALL_SIZES)[0][:size], np.linspace(0, 1, 11)
    running = patterson.running_integral(size, points)
    for degree in range(min(size, 20)):
        assert np.abs(running @ nodes**degree - points ** (degree + 1) / (degree + 1)).max() < 1e-12
    assert (
        np.abs(running[-1] - patterson.rules(patterson.ALL_SIZES)[1][patterson.ALL_SIZES.index(size), :size]).max()
        < 1e-12
    )


class AttributionRequest:
    """A network with texts of mixed lengths, compared with zeros."""

    def __init__(self, network: torch.nn.Module, lengths: tuple[int, ...], seed: int = 0, classes: int = 2) -> None:
        random = torch.Generator().manual_seed(seed)
        self.network = network.eval()
        self.mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
        self.ids = torch.randint(1, 20, self.mask.shape, generator=random) * self.mask
        embedding = network.embedding
        assert isinstance(embedding, torch.nn.Embedding)
        self.embedded = embedding(self.ids).detach() * self.mask.unsqueeze(2)
        self.baseline = torch.zeros_like(self.embedded)
        self.target = Target("log_odds", torch.arange(len(lengths)) % classes)
        self.batches: list[int] = []
        self.looked_at = 0

    def run(self, points: Tensor, mask: Tensor, _: Tensor) -> Tensor:
        if points.requires_grad:
            self.batches.append(len(points))
        else:
            self.looked_at += len(points)
        return reference.from_embeddings(self.network, points, mask)

    def difference(self, target: Target | None = None) -> Tensor:
        with torch.no_grad():
            text, baseline = (
                reference.from_embeddings(self.network, x, self.mask) for x in (self.embedded, self.baseline)
            )
        return (target or self.target).of(text.double()) - (target or self.target).of(baseline.double())

    def solve(self, **options: float) -> quadrature.Result:
        return quadrature.integrated_gradients(
            self.run, self.embedded, self.baseline, self.mask, [self.target], self.difference().unsqueeze(0),
            **options,  # type: ignore[arg-type]
        )  # fmt: skip


def attention(seed: int = 0, size: float = 1.0, dtype: torch.dtype = torch.float64) -> AttentionRNN:
    torch.manual_seed(seed)
    network = AttentionRNN(AttentionRNNSettings(20, 2, 6, hidden=5)).to(dtype)
    with torch.no_grad():
        for parameter in network.rnn.parameters():
            parameter.mul_(size)
    return network


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([1.0, 3.0]))
def test_converged_scores_are_those_of_a_fine_rule(seed: int, size: float) -> None:
    problem = AttributionRequest(attention(seed, size), (7, 3, 1), seed)
    result = problem.solve(tolerance=1e-6)
    coarse, fine = (
        reference.integrated_gradients(
            reference.path_rates(problem.network, problem.ids, problem.mask, problem.baseline, problem.target.of, steps)
        )
        for steps in (75, 150)
    )
    slow = (4 * fine - coarse) / 3  # Simpson's rule
    assert result.converged.all()
    assert ((result.scores[0] - slow).abs().amax(1) <= 1e-4 * slow.abs().sum(1)).all()
    assert (result.scores[0][~problem.mask] == 0).all()


def test_float32_converges_at_the_default_tolerance() -> None:
    problem = AttributionRequest(attention(dtype=torch.float32), (9, 9, 4))
    result = problem.solve()
    assert result.converged.all() and result.scores.dtype == torch.float64
    assert ((result.scores[0].sum(1) - problem.difference()).abs() <= 1e-4 * result.scores[0].abs().sum(1)).all()


def test_an_lstm_converges_too() -> None:
    torch.manual_seed(1)
    result = AttributionRequest(LSTMClassifier(LSTMSettings(20, 2, 6, hidden=5)).double(), (8, 5)).solve()
    assert result.converged.all()


def test_every_text_takes_only_the_nodes_it_needs_and_reuses_them() -> None:
    problem = AttributionRequest(attention(3, 4.0), (8, 8, 8, 8))
    problem.embedded[0] *= 0.01  # nearly linear
    result = problem.solve(tolerance=1e-7)
    assert set(result.nodes.tolist()) <= {7, 15, 31, 63}
    assert result.nodes[0] < result.nodes[1:].max()
    assert sum(problem.batches) == int(result.nodes.sum())
    assert problem.looked_at == 24 * int((result.nodes == 7).sum())


def test_scores_do_not_depend_on_company_or_on_the_size_of_batches() -> None:
    problem = AttributionRequest(attention(2, 2.0), (8, 5, 2))
    whole = problem.solve()
    tiny = problem.solve(max_bytes=1)
    assert set(problem.batches[-10:]) == {1}
    assert torch.allclose(whole.scores, tiny.scores, rtol=1e-10, atol=1e-12)
    assert whole.nodes.tolist() == tiny.nodes.tolist()


def test_what_does_not_converge_says_so() -> None:
    torch.manual_seed(0)
    problem = AttributionRequest(TextCNN(CNNSettings(20, 2, 6, (2,), filters=4)).double(), (9, 9))
    result = problem.solve(tolerance=1e-9)
    assert not result.converged.any() and (result.nodes == 63).all()
    assert (problem.solve(tolerance=1e-9, max_nodes=20).nodes == 15).all()


class Gates:
    """S = Σ a_i tanh(k_i (x_i − c_i)) / 2 + .076 x_last: a text of gates that open at c_i of the path, and a line."""

    def __init__(self, heights: list[float], places: list[float], steepness: list[float]) -> None:
        self.heights, self.places, self.steepness = (torch.tensor(x).double() for x in (heights, places, steepness))

    def run(self, points: Tensor, *_: Tensor) -> Tensor:
        gates = torch.tanh(self.steepness * (points[:, :-1, 0] - self.places)) / 2
        output = (self.heights * gates).sum(1) + 0.076 * points[:, -1, 0]
        return torch.stack((torch.zeros_like(output), output), dim=1)

    def truth(self) -> Tensor:
        """What each token gives: its own gate's change from 0 to 1."""
        first, last = (torch.tanh(self.steepness * (end - self.places)) for end in (0.0, 1.0))
        return torch.cat((self.heights * (last - first) / 2, torch.tensor([0.076])))

    def solve(self, dtype: torch.dtype = torch.float64) -> quadrature.Result:
        text = torch.ones(1, len(self.heights) + 1, 1, dtype=dtype)
        for name in ("heights", "places", "steepness"):
            setattr(self, name, getattr(self, name).to(dtype))
        target, mask = Target("logit", torch.tensor([1])), torch.ones(text.shape[:2], dtype=torch.bool)
        difference = target.of(self.run(text).double() - self.run(0 * text).double())
        return quadrature.integrated_gradients(self.run, text, 0 * text, mask, [target], difference.unsqueeze(0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("steepness", [200.0, 1000.0])
@pytest.mark.parametrize("places", [(0.2, 0.4), (0.4, 0.8), (0.05, 0.95), (0.15, 0.25)])
def test_two_steep_opposite_steps_are_not_overlooked(
    places: tuple[float, float], steepness: float, dtype: torch.dtype
) -> None:
    gates = Gates([1.0, -1.0], list(places), [steepness] * 2)
    point, start = torch.ones(1, 3, 1, dtype=torch.float64), torch.zeros(1, 3, 1, dtype=torch.float64)
    slow = reference.dense_integrated_gradients(gates.run, point, start, lambda logits: logits[:, 1], 2_000)
    assert torch.allclose(slow[0], torch.tensor([1.0, -1.0, 0.076]).double(), atol=1e-6)
    assert torch.allclose(slow[0], gates.truth(), atol=1e-9)
    result = gates.solve(dtype)
    assert result.nodes.item() > 7
    assert quadrature.ALONG_THE_PATH == PATH_TOLERANCE  # the verdict names the limit that was kept to
    assert not result.converged.item()  # no rule here is fine enough for such steps, and it says so


def test_opposite_steps_that_a_finer_rule_resolves_are_resolved() -> None:
    gates = Gates([1.0, -1.0], [0.2, 0.4], [12.0, 12.0])
    result = gates.solve()
    assert result.converged.item() and result.nodes.item() > 7
    assert torch.allclose(result.scores[0, 0], gates.truth(), atol=1e-4)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_steep_steps_are_never_called_converged_where_they_are_missed(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 4))
    places = data.draw(st.lists(st.floats(0.01, 0.99), min_size=count, max_size=count))
    heights = data.draw(st.lists(st.floats(0.05, 1.0), min_size=count, max_size=count))
    for number, place in enumerate(places):  # steps nearer than .06 may pass between all points looked at
        assume(all(abs(place - other) > 0.06 for other in places[:number]))
    heights[0] = -sum(heights[1:])
    gates = Gates(heights, places, [10 ** data.draw(st.floats(0, 5)) for _ in places])
    result, truth = gates.solve(), gates.truth()
    if result.converged.item():
        assert ((result.scores[0, 0] - truth).abs().max() <= 10 * 1e-4 * truth.abs().sum()).item()


def test_an_output_that_never_moves_converges_at_once_in_spite_of_roundings() -> None:
    network = attention(dtype=torch.float32)
    problem = AttributionRequest(network, (9, 5, 2))
    with torch.no_grad():
        for name, parameter in network.rnn.named_parameters():
            if "weight_ih" in name:
                parameter.zero_()
    result = problem.solve()
    assert result.converged.all() and (result.nodes == 7).all() and (result.scores == 0).all()


def test_the_change_between_the_last_two_rules_is_told() -> None:
    torch.manual_seed(0)
    problem = AttributionRequest(TextCNN(CNNSettings(20, 2, 6, (2,), filters=4)).double(), (9, 9))
    last, before = problem.solve(tolerance=1e-9), problem.solve(tolerance=1e-9, max_nodes=31)
    expected = (last.scores - before.scores).abs().amax(2)
    assert torch.equal(last.change, expected) and (last.change > 0).all()
    smooth = AttributionRequest(attention(), (6, 6)).solve()
    assert (smooth.change <= 1e-4 * smooth.scores.abs().sum(2)).all()


def test_a_wrong_difference_is_never_called_converged() -> None:
    problem = AttributionRequest(attention(), (6, 6))
    result = quadrature.integrated_gradients(
        problem.run, problem.embedded, problem.baseline, problem.mask, [problem.target],
        1.01 * problem.difference().unsqueeze(0),
    )  # fmt: skip
    assert not result.converged.any()


def test_several_targets_come_from_one_pass_and_are_judged_apart() -> None:
    problem = AttributionRequest(attention(4), (6, 4))
    targets = [problem.target, Target("probability", torch.tensor([1, 0])), Target("logit", torch.tensor([0, 0]))]
    difference = torch.stack([problem.difference(target) for target in targets])
    difference[2] += 1
    result = quadrature.integrated_gradients(
        problem.run, problem.embedded, problem.baseline, problem.mask, targets, difference
    )
    assert result.converged.tolist() == [[True, True], [True, True], [False, False]]
    assert torch.allclose(
        result.scores[0], problem.solve(max_nodes=63, tolerance=1e-12).scores[0], rtol=1e-4, atol=1e-5
    )


def test_a_text_equal_to_its_baseline_converges_at_once_with_zeros() -> None:
    problem = AttributionRequest(attention(), (5, 5))
    problem.baseline = problem.embedded.clone()
    result = problem.solve()
    assert (result.scores == 0).all() and result.converged.all() and (result.nodes == 7).all()


def test_batches_are_halved_when_memory_runs_out() -> None:
    problem = AttributionRequest(attention(), (8, 8, 8))
    expected = problem.solve()
    seen: list[int] = []

    def limited(points: Tensor, mask: Tensor, texts: Tensor) -> Tensor:
        seen.append(len(points))
        if len(points) > 4:
            raise RuntimeError(
                "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
            )
        return problem.run(points, mask, texts)

    def solve(run: object) -> quadrature.Result:
        return quadrature.integrated_gradients(
            run, problem.embedded, problem.baseline, problem.mask, [problem.target],  # type: ignore[arg-type]
            problem.difference().unsqueeze(0),
        )  # fmt: skip

    result = solve(limited)
    assert torch.allclose(result.scores, expected.scores, rtol=1e-10, atol=1e-12)
    assert seen[:4] == [21, 10, 5, 2] and max(seen[4:]) == 2

    def never(points: Tensor, mask: Tensor, _: Tensor) -> Tensor:
        raise MemoryError

    def broken(points: Tensor, mask: Tensor, _: Tensor) -> Tensor:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(MemoryError):
        solve(never)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        solve(broken)


def test_the_network_is_left_as_it_was() -> None:
    problem = AttributionRequest(attention(), (5, 3))
    problem.solve()
    assert all(parameter.grad is None and parameter.requires_grad for parameter in problem.network.parameters())
    assert not problem.embedded.requires_grad


def test_bad_settings_are_named() -> None:
    problem = AttributionRequest(attention(), (5, 3))
    with pytest.raises(ValueError, match="`tolerance` must be above 0, got 0"):
        problem.solve(tolerance=0)
    with pytest.raises(ValueError, match="`max_nodes` must be at least 7, got 5"):
        problem.solve(max_nodes=5)
    with pytest.raises(ValueError, match=r"for each target and text, shape \(1, 2\), got \(2,\)"):
        quadrature.integrated_gradients(
            problem.run, problem.embedded, problem.baseline, problem.mask, [problem.target], problem.difference()
        )
    with pytest.raises(ValueError, match=r"must be \(B, T, E\) and `mask` \(B, T\), got"):
        quadrature.integrated_gradients(
            problem.run, problem.embedded, problem.baseline[:1], problem.mask, [problem.target], torch.zeros(1, 2)
        )
