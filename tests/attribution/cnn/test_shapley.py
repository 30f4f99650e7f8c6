import math
import sys
from typing import Any

import numpy as np
import pytest
import reference
import torch
from attribution_cases import FORMS, SEEDS, VOCABULARY, arguments, make, shapley_by_definition, target_of, values_of
from commands import printed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attribkit.attribution.cnn.interactions import shapley_interactions
from attribkit.attribution.cnn.shapley import banzhaf_values, expected_output, gauss_legendre, nodes, shapley_values
from attribkit.attribution.outputs import Target
from attribkit.errors import InputError, MissingPackageError
from attribkit.models import CNNSettings, TextCNN

LAWS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TARGETS = st.sampled_from(["log_odds", "logit", "pair"])


@settings(LAWS, max_examples=200)
@given(SEEDS, FORMS, TARGETS, st.floats(-1.5, 1.0))
def test_values_are_those_of_all_coalitions(seed: int, form: str, kind: str, bias: float) -> None:
    case = make(seed, 2 if kind == "log_odds" else 3, form, bias)
    target = target_of(case, kind)
    shapley, banzhaf = (method(*arguments(case, target))[0] for method in (shapley_values, banzhaf_values))
    for row in range(len(case.ids)):
        values = values_of(case, target, row)
        for found, slow in ((shapley, shapley_by_definition(values)), (banzhaf, reference.banzhaf_values(values))):
            error = np.abs(found[row, : len(slow)].numpy() - slow).max()
            assert error <= 1e-12 * np.abs(slow).sum() + 1e-15
            assert (found[row, len(slow) :] == 0).all()


@pytest.mark.parametrize("widths", [(1,), (2, 6), (3, 4, 5)])
@pytest.mark.parametrize("form", ["zero", "ids", "dense"])
def test_fourteen_words_are_those_of_all_coalitions(widths: tuple[int, ...], form: str) -> None:
    case = make(11, 2, form, 0.1, lengths=(14,), widths=widths)
    target = target_of(case, "log_odds")
    values = values_of(case, target, 0)
    slow = np.array(shapley_by_definition(values))
    found = shapley_values(*arguments(case, target))[0, 0].numpy()
    assert np.abs(found - slow).max() <= 1e-12 * np.abs(slow).sum()


@LAWS
@given(SEEDS, FORMS, TARGETS, st.lists(st.floats(0, 1), min_size=1, max_size=3))
def test_expected_outputs_are_means_over_all_coalitions(seed: int, form: str, kind: str, chances: list[float]) -> None:
    case = make(seed, 2, form, 0.0)
    target = target_of(case, kind)
    found = expected_output(*arguments(case, target), chances=chances)[0]
    for row in range(len(case.ids)):
        values = values_of(case, target, row)
        slow = [reference.expected_value(values, chance) for chance in chances]
        assert np.abs(found[row].numpy() - slow).max() <= 1e-12 * (1 + np.abs(values).max())


def test_expected_outputs_end_at_the_texts_and_the_baselines_own() -> None:
    case = make(5, 2, "ids", 0.0)
    target = target_of(case, "log_odds")
    low, high = expected_output(*arguments(case, target), chances=[0.0, 1.0])[0].T
    assert (high - low - case.difference(target)).abs().max() <= 1e-12
    with pytest.raises(InputError, match="numbers from 0 to 1"):
        expected_output(*arguments(case, target), chances=[1.5])


@settings(max_examples=6, deadline=None)
@given(SEEDS, FORMS, st.sampled_from([40, 90, 200]))
def test_values_of_long_texts_add_up(seed: int, form: str, length: int) -> None:
    case = make(seed, 2, form, -0.5, lengths=(length, 3))
    target = target_of(case, "log_odds")
    found = shapley_values(*arguments(case, target))[0]
    assert (found.sum(1) - case.difference(target)).abs().max() <= 1e-11 * found.abs().sum()


def test_the_proved_number_of_nodes_leaves_what_it_promises() -> None:
    case = make(8, 2, "dense", -0.3, lengths=(150,))
    target = target_of(case, "logit")
    found = shapley_values(*arguments(case, target))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("attribkit.attribution.cnn.shapley.nodes", lambda words: 75)
        exact = shapley_values(*arguments(case, target))
    assert nodes(150) < 75
    assert (found - exact).abs().max() <= 1e-11 * exact.abs().sum()


@pytest.mark.parametrize("words", [1, 2, 7, 14, 60])
def test_the_rule_is_exact_for_polynomials_of_its_degree(words: int) -> None:
    points, weights = gauss_legendre(-(-words // 2))
    for power in range(words):
        assert weights @ points**power == pytest.approx(1 / (power + 1), rel=1e-13)


def test_nodes_are_few_where_a_bound_proves_that_few_suffice() -> None:
    assert [nodes(words) for words in (1, 2, 3, 14, 15)] == [1, 1, 2, 7, 8]
    assert nodes(250) <= 60
    assert nodes(1_000) <= 122


@LAWS
@given(SEEDS, FORMS)
def test_a_word_equal_to_its_baseline_gets_exactly_zero_and_changes_nothing(seed: int, form: str) -> None:
    case = make(seed, 2, form, 0.0)
    dense = case.embedded_baseline
    dense[:, 0] = case.network.embedding.weight.detach()[case.ids[:, 0]]
    target = target_of(case, "log_odds")
    found = shapley_values(case.network, case.ids, case.mask, dense, [target])[0]
    assert (found[:, 0] == 0).all()
    assert (banzhaf_values(case.network, case.ids, case.mask, dense, [target])[0, :, 0] == 0).all()


@LAWS
@given(SEEDS, FORMS)
def test_padding_and_company_never_matter(seed: int, form: str) -> None:
    case = make(seed, 3, form, 0.0)
    target = target_of(case, "logit")
    together = shapley_values(*arguments(case, target))[0]
    for row in range(len(case.ids)):
        length = int(case.mask[row].sum())
        baseline = case.baseline
        if baseline is not None and baseline.ndim > 1:
            baseline = baseline[row : row + 1, :length]
        alone = shapley_values(
            case.network, case.ids[row : row + 1, :length], case.mask[row : row + 1, :length], baseline,
            [target.rows([row])],
        )  # fmt: skip
        assert (alone[0, 0] - together[row, :length]).abs().max() <= 1e-14 * alone.abs().sum() + 1e-16


@LAWS
@given(SEEDS, FORMS)
def test_values_are_linear_in_the_output_weights(seed: int, form: str) -> None:
    case = make(seed, 3, form, 0.0)
    index = torch.zeros(len(case.ids), dtype=torch.int64)
    first, second, pair = shapley_values(
        *arguments(case, Target("logit", index), Target("logit", index + 1), Target("log_odds", index, index + 1))
    )
    assert (first - second - pair).abs().max() <= 1e-13 * (first.abs() + second.abs()).sum()


@LAWS
@given(SEEDS, FORMS)
def test_the_order_of_the_filters_does_not_matter(seed: int, form: str) -> None:
    case = make(seed, 2, form, 0.0)
    target = target_of(case, "log_odds")
    before = shapley_values(*arguments(case, target))
    order = torch.tensor([2, 0, 1])
    with torch.no_grad():
        for number, convolution in enumerate(case.network.convolutions):
            convolution.weight.copy_(convolution.weight[order])
            convolution.bias.copy_(convolution.bias[order])
            columns = slice(3 * number, 3 * number + 3)
            case.network.output.weight[:, columns] = case.network.output.weight[:, columns][:, order]
    assert (shapley_values(*arguments(case, target)) - before).abs().max() <= 1e-13 * before.abs().sum()


def test_words_that_play_the_same_part_get_the_same() -> None:
    case = make(1, 2, "zero", 0.0, lengths=(1,), widths=(1,))
    ids = torch.tensor([[3, 5, 3, 7, 3]])
    found = shapley_values(case.network, ids, ids > 0, None, [Target("logit", torch.tensor([1]))])[0, 0]
    assert (found[[0, 0]] - found[[2, 4]]).abs().max() <= 1e-14 * found.abs().sum()
    assert float(found.abs().min()) > 0


@pytest.mark.parametrize(("bias", "shapley"), [(0.0, [1.0, 2.0, 0.0]), (-1.0, [0.5, 1.5, 0.0])])
def test_the_example_in_the_docstring_comes_out_as_by_pencil(bias: float, shapley: list[float]) -> None:
    network: Any = TextCNN(CNNSettings(4, 2, 1, (2,), filters=1)).double().eval()
    with torch.no_grad():
        network.embedding.weight.copy_(torch.tensor([[0.0], [1.0], [2.0], [-3.0]]))
        network.convolutions[0].weight.fill_(1.0)
        network.convolutions[0].bias.fill_(bias)
        network.output.weight.fill_(1.0)
    ids = torch.tensor([[1, 2, 3]])
    target = [Target("logit", torch.tensor([0]))]
    for method in (shapley_values, banzhaf_values):
        assert method(network, ids, ids > 0, None, target)[0, 0].tolist() == pytest.approx(shapley, abs=1e-15)
    together = shapley_interactions(network, ids, ids > 0, None, target)[0, 0]
    synergy = torch.zeros(3, 3, dtype=torch.float64)
    synergy[0, 1] = synergy[1, 0] = 1.0 if bias else 0.0
    torch.testing.assert_close(together, synergy, rtol=0, atol=1e-14)


def test_widths_may_have_different_numbers_of_filters_and_no_bias() -> None:
    case = make(2, 2, "ids", 0.0, widths=(2, 3))
    network = case.network
    network.convolutions[0] = torch.nn.Conv1d(4, 5, 2, padding=1, bias=False).double()
    network.output = torch.nn.Linear(8, 2, bias=False).double()
    target = target_of(case, "log_odds")
    found = shapley_values(*arguments(case, target))[0]
    for row in range(len(case.ids)):
        slow = np.array(shapley_by_definition(values_of(case, target, row)))
        assert np.abs(found[row, : len(slow)].numpy() - slow).max() <= 1e-12 * np.abs(slow).sum()


def test_several_threads_give_what_one_gives() -> None:
    case = make(3, 2, "dense", 0.0, lengths=(30, 5), filters=24)
    target = target_of(case, "log_odds")
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = shapley_values(*arguments(case, target))
        torch.set_num_threads(2)
        two = shapley_values(*arguments(case, target))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(one, two)


def test_filters_that_are_never_active_give_nothing() -> None:
    case = make(4, 2, "zero", -1_000.0)
    found = shapley_values(*arguments(case, target_of(case, "log_odds")))
    assert (found == 0).all()


def test_the_network_is_left_as_it_was() -> None:
    case = make(6, 2, "dense", 0.0)
    case.network.train()
    before = {name: value.clone() for name, value in case.network.state_dict().items()}
    shapley_values(*arguments(case, target_of(case, "log_odds")))
    assert case.network.training
    assert all(torch.equal(value, before[name]) for name, value in case.network.state_dict().items())


@pytest.mark.parametrize("output", ["probability", "log_odds"])
def test_what_is_not_linear_in_the_logits_is_refused_with_the_cure(output: str) -> None:
    case = make(0, 3, "zero", 0.0)
    target = Target(output, torch.zeros(len(case.ids), dtype=torch.int64))
    with pytest.raises(InputError, match=r"logit or the difference of two.*shapley_sampling"):
        shapley_values(*arguments(case, target))


def test_what_takes_too_much_memory_is_refused_before_it_is_taken() -> None:
    network: Any = TextCNN(CNNSettings(VOCABULARY, 2, 4, (20,), filters=1))
    ids = torch.ones(1, 500, dtype=torch.int64)
    with pytest.raises(InputError, match=r"500 words under kernels of width 20 take .* bytes"):
        shapley_values(network, ids, ids > 0, None, [Target("logit", torch.tensor([0]))])


def test_a_text_without_words_scores_nothing() -> None:
    case = make(1, 2, "zero", 0.0)
    found = shapley_values(
        case.network, case.ids[:1], torch.zeros_like(case.mask[:1]), None, [Target("logit", torch.tensor([0]))]
    )
    assert (found == 0).all()
    assert math.prod(found.shape) == case.ids.shape[1]


def test_numba_is_loaded_only_when_it_is_needed() -> None:
    code = (
        "import sys; import attribkit.attribution.cnn.shapley, attribkit.attribution.cnn.interactions; "
        "import attribkit.attribution.cnn.hessians, attribkit.attribution.cnn.bounds; print('numba' in sys.modules)"
    )
    assert printed(code) == "False"


def test_without_numba_the_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    case = make(0, 2, "zero", 0.0)
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(MissingPackageError, match=r"attribkit\[fast\]"):
        shapley_values(*arguments(case, target_of(case, "logit")))
