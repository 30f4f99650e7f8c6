import copy
from typing import Any

import attribution_cases
import numpy as np
import pytest
import reference
import torch
from captum.attr import LayerIntegratedGradients
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from attribkit.attribution.cnn import integrated_gradients
from attribkit.attribution.cnn.integrated_gradients import attribute, has_closed_form
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.attribution.outputs import Target
from attribkit.models import AttentionRNN, AttentionRNNSettings, CNNSettings, TextCNN

VOCABULARY, SIZE = 12, 4
LAWS = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Case(attribution_cases.Case):
    """Texts, and their scores in closed form."""

    def scores(self, *targets: Target, **options: Any) -> Tensor:
        return attribute(self.network, self.ids, self.mask, self.baseline, targets, **options).scores

    def rounding(self) -> Tensor:
        """(B,) what adding up in another order may change of `difference`, whatever the target.

        A log-odds moves by at most the sum of the changes of z_c and of the largest other logit, the other outputs by
        less; and its softmax adds up C exponentials, each rounded when taken, added and divided.
        """
        embedded = self.network.embedding(self.ids).detach() * self.mask.unsqueeze(2)
        parts = [reference.rounding(self.network, one, self.mask) for one in (embedded, self.embedded_baseline)]
        own = (parts[0].shape[1] + 3) * torch.finfo(torch.float64).eps
        return sum((2 * part.amax(1).double() + own for part in parts), torch.zeros(len(self.ids)))


def make(
    seed: int, classes: int = 2, form: str = "zero", size: float = 1.0, dtype: torch.dtype = torch.float64
) -> Case:
    random = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    widths = [(1,), (2, 3), (3, 4, 5)][seed % 3]
    network: Any = TextCNN(CNNSettings(VOCABULARY, classes, SIZE, widths, filters=3)).to(dtype).eval()
    with torch.no_grad():
        for convolution in network.convolutions:
            convolution.bias.sub_(0.3 * (seed % 4 - 1))
        network.output.weight.mul_(size)
    lengths = torch.randint(1, 9, (3,), generator=random)
    mask = torch.arange(int(lengths.max())) < lengths.unsqueeze(1)
    ids = torch.randint(1, VOCABULARY, mask.shape, generator=random) * mask
    vector = torch.randn(SIZE, generator=random, dtype=torch.float64).to(dtype)
    baseline = {
        "zero": None,
        "vector": vector,
        "ids": torch.randint(0, VOCABULARY, mask.shape, generator=random) * mask,
        "dense": torch.randn(*mask.shape, SIZE, generator=random, dtype=torch.float64).to(dtype) * mask.unsqueeze(2),
    }[form]
    return Case(network, ids, mask, baseline)


def targets_of(classes: int, texts: int = 3) -> list[Target]:
    index = torch.arange(texts) % classes
    return [
        Target("log_odds", index),
        Target("logit", index),
        Target("probability", index),
        Target("log_odds", index, (index + 1) % classes),
    ]


SEEDS = st.integers(0, 10_000)
FORMS = st.sampled_from(["zero", "vector", "ids", "dense"])


@LAWS
@given(SEEDS, FORMS, st.sampled_from([2, 3, 7, 50]), st.sampled_from([1.0, 30.0]))
def test_scores_add_up_to_what_the_network_itself_says(seed: int, form: str, classes: int, size: float) -> None:
    case = make(seed, classes, form, size)
    targets = targets_of(classes)
    for target, scores in zip(targets, case.scores(*targets), strict=True):
        error = (scores.sum(1) - case.difference(target)).abs()
        smooth = classes > 2 and target.against is None and target.output != "logit"
        assert scores.isfinite().all()
        assert (error <= (1e-6 if smooth else 1e-10) * scores.abs().sum(1) + case.rounding()).all()


@settings(max_examples=4, deadline=None)
@given(SEEDS, FORMS, st.sampled_from([2, 3]))
def test_scores_are_those_of_a_fine_trapezoid_rule(seed: int, form: str, classes: int) -> None:
    case, steps = make(seed, classes, form), 300
    for target in targets_of(classes):
        rates = reference.path_rates(case.network, case.ids, case.mask, case.embedded_baseline, target.of, steps=steps)
        slow = (rates.sum(0) - (rates[0] + rates[-1]) / 2) / steps
        # a window that wins between two points, or from one of them on, costs up to a step of the largest rate; a score
        # itself may be far smaller, where windows win for a moment only
        assert (case.scores(target)[0] - slow).abs().max() <= 2 / steps * rates.abs().sum(2).max() + 1e-12


def test_scores_are_those_of_a_trapezoid_rule_with_100_000_steps() -> None:
    case = make(4, 2)
    one = Case(case.network, case.ids[:1, :2], case.mask[:1, :2], None)
    target = Target("log_odds", torch.tensor([1]))
    weight = case.network.embedding.weight.detach()[one.ids[0]]
    total, steps = torch.zeros_like(weight), 100_000
    for alphas in torch.linspace(0, 1, steps + 1, dtype=torch.float64).split(5_000):
        point = (alphas.view(-1, 1, 1) * weight).requires_grad_()
        logits = reference.from_embeddings(case.network, point, torch.ones(len(alphas), 2, dtype=torch.bool))
        (gradient,) = torch.autograd.grad(target.rows([0] * len(alphas)).of(logits).sum(), point)
        ends = torch.where((alphas == 0) | (alphas == 1), 0.5, 1.0).double()
        total += torch.einsum("n,nte->te", ends, gradient) / steps
    slow = (weight * total).sum(1)
    assert (one.scores(target)[0, 0] - slow).abs().max() <= 1e-4 * slow.abs().sum()


def test_scores_are_those_of_captum_at_5_000_steps() -> None:
    case = make(7, 2)
    target = Target("log_odds", torch.tensor([1, 0, 1]))
    captum = LayerIntegratedGradients(
        lambda ids, mask: target.rows(torch.arange(len(ids)) % 3).of(case.network(ids, mask)), case.network.embedding
    )
    found = captum.attribute(
        case.ids, baselines=torch.zeros_like(case.ids), additional_forward_args=(case.mask,), n_steps=5_000,
        internal_batch_size=3_000, method="riemann_middle",
    )  # fmt: skip
    assert isinstance(found, Tensor)
    scores = case.scores(target)[0]
    assert ((scores - found.sum(2)).abs().sum(1) <= 1e-3 * scores.abs().sum(1)).all()


def test_the_example_in_the_docstring_comes_out_as_by_pencil() -> None:
    network: Any = TextCNN(CNNSettings(3, 2, 1, (1,), filters=1)).double()
    with torch.no_grad():
        network.embedding.weight.copy_(torch.tensor([[0.0], [3.0], [2.0]]))
        network.convolutions[0].weight.fill_(1.0)
        network.convolutions[0].bias.fill_(-1.0)
        network.output.weight.copy_(torch.tensor([[0.0], [1.0]]))
    ids = torch.tensor([[1, 2]])
    scores = attribute(network, ids, ids > 0, None, [Target("logit", torch.tensor([1]))]).scores
    assert scores.tolist() == [[[2.0, 0.0]]]


@LAWS
@given(SEEDS)
def test_a_baseline_gives_the_same_in_each_of_its_forms(seed: int) -> None:
    case = make(seed)
    targets = targets_of(2)
    weight = case.network.embedding.weight.detach()
    word = torch.full_like(case.ids, 3)
    for forms in (
        [None, torch.zeros(SIZE).double(), torch.zeros_like(case.ids), torch.zeros(*case.ids.shape, SIZE).double()],
        [weight[3], word, word * case.mask, weight[3].expand(*case.ids.shape, SIZE) * case.mask.unsqueeze(2)],
    ):
        first, *others = [Case(case.network, case.ids, case.mask, form).scores(*targets) for form in forms]
        for other in others:
            assert torch.allclose(first, other, rtol=1e-12, atol=1e-12)


@LAWS
@given(SEEDS, FORMS)
def test_the_order_of_the_filters_does_not_matter(seed: int, form: str) -> None:
    case = make(seed, 3, form)
    other = Case(copy.deepcopy(case.network), case.ids, case.mask, case.baseline)
    order = torch.tensor([2, 0, 1])
    with torch.no_grad():
        for convolution in other.network.convolutions:
            convolution.weight.copy_(convolution.weight[order])
            convolution.bias.copy_(convolution.bias[order])
        grid = other.network.output.weight.view(3, -1, 3)
        other.network.output.weight.copy_(grid[:, :, order].flatten(1))
    targets = targets_of(3)
    assert torch.allclose(case.scores(*targets), other.scores(*targets), rtol=1e-10, atol=1e-12)


@LAWS
@given(SEEDS, FORMS)
def test_a_token_equal_to_the_baseline_gets_exactly_zero(seed: int, form: str) -> None:
    case = make(seed, 2, form, dtype=torch.float32)
    weight = case.network.embedding.weight.data
    if form == "ids":
        case.baseline[:, 0] = case.ids[:, 0]  # type: ignore[index]  # this case's baseline is a tensor
    else:
        weight[case.ids[0, 0]] = case.embedded_baseline[0, 0]
    scores = case.scores(*targets_of(2))
    assert (scores[:, 0, 0] == 0).all()


@LAWS
@given(SEEDS, FORMS)
def test_logit_scores_are_linear_in_the_output_weights(seed: int, form: str) -> None:
    a = make(seed, 3, form)
    b, both = copy.deepcopy(a), copy.deepcopy(a)
    with torch.no_grad():
        b.network.output.weight.normal_()
        both.network.output.weight.copy_(2 * a.network.output.weight - 3 * b.network.output.weight)
    target = Target("logit", torch.tensor([0, 1, 2]))
    assert torch.allclose(both.scores(target), 2 * a.scores(target) - 3 * b.scores(target), rtol=1e-9, atol=1e-10)


@LAWS
@given(SEEDS, FORMS, st.sampled_from([torch.float32, torch.float64]))
def test_padding_never_matters(seed: int, form: str, dtype: torch.dtype) -> None:
    case = make(seed, 3, form, dtype=dtype)
    together = case.scores(*targets_of(3))
    assert (together[:, ~case.mask] == 0).all()
    for row, length in enumerate(case.mask.sum(1).tolist()):
        part = (slice(row, row + 1), slice(0, length))
        baseline = case.baseline if case.baseline is None or case.baseline.ndim == 1 else case.baseline[part]
        alone = Case(case.network, case.ids[part], case.mask[part], baseline)
        scores = alone.scores(*(target.rows([row]) for target in targets_of(3)))
        allowed = 1e-6 * scores.abs().sum() + 1e-12
        assert (together[:, row : row + 1, :length] - scores).abs().max() <= allowed


@LAWS
@given(SEEDS, FORMS)
def test_cutting_texts_and_batches_into_parts_changes_nothing(seed: int, form: str) -> None:
    case = make(seed, 2, form)
    ids = case.ids.repeat(1, 12)[:, :50]
    baseline = (
        case.baseline if case.baseline is None or case.baseline.ndim == 1 else case.baseline.repeat_interleave(12, 1)
    )
    mask = torch.ones(3, ids.shape[1], dtype=torch.bool)
    baseline = baseline if baseline is None or baseline.ndim == 1 else baseline[:, : ids.shape[1]]
    whole = Case(case.network, ids, mask, baseline).scores(*targets_of(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(integrated_gradients, "_NUMBERS_AT_ONCE", 1)  # texts one by one
        patch.setattr("attribkit.attribution.cnn.active_windows._BLOCK_BYTES", 700)  # and a few windows at a time
        patch.setattr("attribkit.attribution.cnn.active_windows._LINES_AT_ONCE", 7)
        parts = Case(case.network, ids, mask, baseline).scores(*targets_of(2))
    assert torch.allclose(whole, parts, rtol=1e-10, atol=1e-12)


def test_windows_that_tie_share_equally() -> None:
    case = make(3)  # one tap
    case.network.convolutions[0].bias.data.fill_(0.1)
    case.network.embedding.weight.data[7] = 0  # so that the tied word wins every filter that rises
    ids = torch.tensor([[5, 7, 5, 5]])
    scores = Case(case.network, ids, ids > 0, None).scores(Target("logit", torch.tensor([1])))[0, 0]
    assert scores[0] == scores[2] == scores[3] != 0
    slow = reference.integrated_gradients(
        reference.path_rates(
            case.network, ids, ids > 0, torch.zeros(1, 4, SIZE).double(), Target("logit", torch.tensor([1])).of, 2_000
        )
    )
    assert (scores - slow).abs().max() <= 1e-3 * slow.abs().sum()


@pytest.mark.parametrize("output", ["logit", "probability"])
def test_a_repeated_phrase_shares_in_all_its_places(output: str) -> None:
    case = make(5)
    ids = torch.tensor([[4, 9, 2, 6, 8, 4, 9]]).repeat(1, 300)  # far more ties than lines are taken at once
    target = Target(output, torch.tensor([1]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("attribkit.attribution.cnn.active_windows._LINES_AT_ONCE", 500)
        repeated = Case(case.network, ids, ids > 0, None)
        scores = repeated.scores(target)[0, 0]
    inner = scores[70:-70].view(-1, 7)
    assert torch.allclose(inner, inner[:1].expand_as(inner), rtol=1e-9)
    assert abs(float(scores.sum() - repeated.difference(target))) <= 1e-9 * float(scores.abs().sum())


def test_filters_that_are_never_active_give_nothing() -> None:
    case = make(2)
    for convolution in case.network.convolutions:
        convolution.bias.data.fill_(-1e3)
    assert (case.scores(*targets_of(2)) == 0).all()


@pytest.mark.parametrize("form", ["zero", "vector", "ids", "dense"])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_text_equal_to_its_baseline_gets_zeros_and_no_nan(form: str, classes: int) -> None:
    case = make(8, classes, form)
    if form == "ids":
        case.baseline = case.ids.clone()
    elif form == "dense":
        case.baseline = case.network.embedding(case.ids).detach() * case.mask.unsqueeze(2)
    else:
        case.network.embedding.weight.data[:] = case.embedded_baseline[0, 0]
    assert (case.scores(*targets_of(classes)) == 0).all()


@pytest.mark.parametrize("classes", [2, 5])
def test_outputs_that_do_not_move_give_no_nan(classes: int) -> None:
    case = make(6, classes)
    with torch.no_grad():
        case.network.output.weight.copy_(case.network.output.weight[:1].expand_as(case.network.output.weight))
    scores = case.scores(Target("probability", torch.tensor([0, 1, 1])), Target("log_odds", torch.tensor([0, 1, 1])))
    assert scores.isfinite().all() and scores.abs().max() < 1e-12


@pytest.mark.parametrize("classes", [2, 3, 50])
def test_saturated_outputs_add_up(classes: int) -> None:
    case = make(10, classes)
    with torch.no_grad():
        size = case.network(case.ids, case.mask).abs().max()
        case.network.output.weight.mul_(40 / size)
        case.network.output.bias.mul_(40 / size)
    for target in targets_of(classes):
        scores = case.scores(target)[0]
        assert ((scores.sum(1) - case.difference(target)).abs() <= 1e-6 * scores.abs().sum(1) + case.rounding()).all()


@pytest.mark.parametrize("form", ["zero", "vector", "ids", "dense"])
def test_in_float32_scores_add_up_to_1e_5(form: str) -> None:
    for seed in range(20):
        case = make(seed, 3, form, dtype=torch.float32)
        for target in targets_of(3):
            scores = case.scores(target)[0]
            assert ((scores.sum(1) - case.difference(target)).abs() <= 1e-5 * scores.abs().sum(1) + 1e-7).all()


def test_widths_may_have_different_numbers_of_filters_and_no_bias() -> None:
    case = make(1)
    case.network.convolutions[0] = torch.nn.Conv1d(SIZE, 5, 2, padding=1, bias=False, dtype=torch.float64)
    case.network.output = torch.nn.Linear(8, 2, dtype=torch.float64)
    for target in targets_of(2):
        scores = case.scores(target)[0]
        assert ((scores.sum(1) - case.difference(target)).abs() <= 1e-10 * scores.abs().sum(1) + case.rounding()).all()
    found = attribute(case.network, case.ids, case.mask, None, targets_of(2), phrases=True).phrases
    assert found is not None and int(found.feature.max()) < 8


def test_a_text_without_a_real_token_scores_nothing() -> None:
    case = make(9)
    case.mask[1] = False
    scores = case.scores(*targets_of(2))
    assert (scores[:, 1] == 0).all() and scores.isfinite().all()


@LAWS
@given(SEEDS, FORMS)
def test_phrases_hold_the_whole_score_and_lie_in_their_text(seed: int, form: str) -> None:
    case = make(seed, 3, form)
    targets = targets_of(3)
    found = attribute(case.network, case.ids, case.mask, case.baseline, targets, phrases=True)
    phrases = found.phrases
    assert phrases is not None
    for scores, total in zip(phrases.scores, found.scores.sum(2), strict=True):
        assert np.allclose(np.bincount(phrases.text, scores, 3), total, rtol=1e-10, atol=1e-12)
    lengths = case.mask.sum(1).numpy()[phrases.text]
    assert ((phrases.first >= 0) & (phrases.first <= phrases.last) & (phrases.last < lengths)).all()
    assert ((phrases.start >= 0) & (phrases.start < phrases.end) & (phrases.end <= 1)).all()


def test_tables_of_a_run_give_what_no_tables_give() -> None:
    case = make(11, dtype=torch.float32)
    target = Target("log_odds", torch.tensor([0, 1, 0]))
    for tables in (Tables.build(case.network), Tables.build(case.network, case.ids)):
        assert torch.allclose(case.scores(target), case.scores(target, tables=tables), rtol=1e-5, atol=1e-7)
        assert tables.nbytes == tables.rows.nbytes + (0 if tables.slots is None else tables.slots.nbytes)


@pytest.mark.parametrize("edit", ["data", "in place", "replaced"])
def test_changed_weights_never_yield_a_stale_score(edit: str) -> None:
    case = make(12)
    target = Target("log_odds", torch.tensor([0, 1, 0]))
    before = case.scores(target)
    convolution = case.network.convolutions[0]
    if edit == "data":
        case.network.embedding.weight.data.mul_(2)
        convolution.weight.data[0] += 1
    elif edit == "in place":
        torch.nn.init.normal_(convolution.weight)
    else:
        convolution.weight = torch.nn.Parameter(torch.randn_like(convolution.weight))
    after = case.scores(target)
    assert not torch.allclose(before, after)
    assert ((after[0].sum(1) - case.difference(target)).abs() <= 1e-9 * after[0].abs().sum(1) + case.rounding()).all()


@pytest.mark.parametrize("edit", ["in place", "replaced", "loaded"])
def test_tables_kept_beyond_a_change_of_weights_are_refused(edit: str) -> None:
    case = make(12)
    tables = Tables.build(case.network)
    if edit == "in place":
        with torch.no_grad():
            case.network.embedding.weight.mul_(2)
    elif edit == "replaced":
        case.network.embedding.weight = torch.nn.Parameter(case.network.embedding.weight.detach().clone())
    else:
        case.network.load_state_dict(make(15).network.state_dict())
    with pytest.raises(RuntimeError, match="weights have changed since its tables were built; build them anew"):
        case.scores(*targets_of(2), tables=tables)


def test_the_completeness_check_catches_a_broken_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    case = make(13)
    target = Target("log_odds", torch.tensor([0, 1, 0]))
    tables = Tables.build(case.network)
    tables.rows[30:] *= 1.01
    scores = case.scores(target, tables=tables)[0]
    assert ((scores.sum(1) - case.difference(target)).abs() > 1e-4 * scores.abs().sum(1)).any()
    tables = Tables.build(case.network)
    case.network.embedding.weight.data.mul_(1.01)  # leaves no trace: kept tables are stale, and the check says so
    scores = case.scores(target, tables=tables)[0]
    assert ((scores.sum(1) - case.difference(target)).abs() > 1e-4 * scores.abs().sum(1)).any()


def test_the_network_is_left_as_it_was() -> None:
    case = make(14)
    case.network.train()
    weights = copy.deepcopy(case.network.state_dict())
    state = torch.random.get_rng_state()
    attributes = set(vars(case.network))
    scores = case.scores(*targets_of(2))
    assert case.network.training and not scores.requires_grad and set(vars(case.network)) == attributes
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(weights[name], value) for name, value in case.network.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in case.network.parameters())


def test_a_closed_form_is_declared_by_three_parts() -> None:
    assert has_closed_form(make(0).network)
    assert not has_closed_form(AttentionRNN(AttentionRNNSettings(5, 2, 4, hidden=3)))
    assert not has_closed_form(object())


def test_what_has_no_closed_form_here_is_refused_with_the_cure() -> None:
    case = make(1)
    case.network.convolutions[0] = torch.nn.Conv1d(SIZE, 3, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"padded with K − 1 zeros, got Conv1d.*; use method='quadrature'"):
        case.scores(*targets_of(2))
    case = make(1)
    case.network.output = torch.nn.Linear(4, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match="one feature per filter, 6, got 4; use method='quadrature'"):
        case.scores(*targets_of(2))


def test_shapes_that_do_not_fit_and_words_without_a_row_are_named() -> None:
    case = make(1)
    with pytest.raises(ValueError, match=r"one shape \(B, T\), got"):
        attribute(case.network, case.ids, case.mask[:1], None, targets_of(2))
    with pytest.raises(ValueError, match=r"`baseline` must be None, a vector \(4,\), ids .* got shape \(3,\)"):
        attribute(case.network, case.ids, case.mask, torch.zeros(3).double(), targets_of(2))
    with pytest.raises(ValueError, match="`targets` must be at least one"):
        case.scores()
    with pytest.raises(ValueError, match="one class for each of the 3 texts"):
        case.scores(Target("logit", torch.tensor([0])))
    ids = torch.full_like(case.ids, 2)
    with pytest.raises(ValueError, match="no row for token id 2; build them from all texts of the run"):
        attribute(case.network, ids, case.mask, None, targets_of(2), Tables.build(case.network, torch.tensor([3])))
    with pytest.raises(ValueError, match=r"take [0-9,]+ bytes, more than max_bytes=100; pass the `vocabulary_ids`"):
        Tables.build(case.network, max_bytes=100)
