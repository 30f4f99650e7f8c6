import re
from typing import Any

import numpy as np
import pytest

from attribkit.panels import KINDS, Chart, Prediction, Series, TokenScores, relative_error

FIELDS: dict[str, Any] = {
    "starts": [0, 3],
    "ends": [2, 6],
    "tokens": ["it", "was"],
    "scores": [1.5, -0.5],
    "known": [True, False],
    "unit": "log-odds",
    "target": "negative",
    "method": "integrated-gradients",
    "baseline": "pad",
    "steps": 64,
    "output_text": 0.75,
    "output_baseline": -0.25,
    "tolerance": 1e-4,
    "converged": True,
    "tokens_total": 2,
}


def panel(**changes: Any) -> TokenScores:
    fields = {**FIELDS, **changes}
    if "converged" not in changes and np.ndim(fields["scores"]) == 1:
        change = fields["output_text"] - fields["output_baseline"]
        fields["converged"] = relative_error(np.array(fields["scores"], dtype=float), change) <= fields["tolerance"]
    return TokenScores(**fields)


def test_columns_become_arrays_that_nobody_can_change_and_are_copies() -> None:
    scores = np.array([1.0, 2.0])
    made = panel(scores=scores)
    scores[0] = 9
    assert made.scores.tolist() == [1.0, 2.0] and made.tokens == ("it", "was")
    for name in ("starts", "ends", "scores", "known"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(made, name)[0] = 1
    with pytest.raises(AttributeError):
        made.unit = "logit"  # type: ignore[misc]  # frozen


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": [1.0, float("nan")]}, "`scores` must be finite, got nan at position 1"),
        ({"scores": [float("inf"), 1.0]}, "`scores` must be finite, got inf at position 0"),
        ({"scores": [[1.0, 2.0]]}, "`scores` must be one-dimensional, got shape (1, 2)"),
        ({"tokens": ["it"]}, "one entry per token in every column, got lengths"),
        ({"starts": [0, 1]}, "must be in reading order and must not overlap"),
        ({"starts": [-1, 3]}, "0 <= start <= end"),
        ({"ends": [2, 2]}, "0 <= start <= end"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_sentence(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        panel(**changes)


def test_the_sum_and_the_completeness_error_are_what_their_names_say() -> None:
    made = panel(output_text=0.75, output_baseline=-0.35)
    assert made.total == 1.0
    assert made.completeness_error == pytest.approx(1.0 - 1.1)
    assert made.relative_error == pytest.approx(0.1 / 2.0)


def test_nothing_over_nothing_is_no_error_and_something_over_nothing_is_infinite() -> None:
    assert panel(scores=[0, 0], output_text=0.5, output_baseline=0.5).relative_error == 0
    assert panel(scores=[0, 0]).relative_error == float("inf")


def test_sums_too_large_for_a_float_are_never_taken_to_add_up() -> None:
    assert relative_error(np.array([1e308, 1e308]), 2.0) == float("inf")
    with pytest.raises(ValueError, match="`converged` must be False"):
        panel(scores=[1e308, 1e308], converged=True)


def test_the_verdict_says_whether_the_scores_add_up() -> None:
    assert panel(output_text=0.75 + 1e-5).verdict == "adds up: relative error 5.0e-06 ≤ 0.0001"
    assert panel().verdict == "adds up: relative error 0 ≤ 0.0001"
    failed = panel(output_text=1.0, converged=False)
    assert failed.verdict == "did not converge: relative error 1.2e-01 > 0.0001 after 64 steps"
    assert "does not promise that the scores add up to the change in log-odds" in panel(converged=None).verdict


def test_a_panel_cannot_claim_a_convergence_that_its_own_numbers_deny() -> None:
    with pytest.raises(ValueError, match=r"must be False where the relative error 1\.2e-01 exceeds the tol"):
        panel(output_text=1.0, converged=True)
    assert panel(converged=False).converged is False


def test_truncation_is_known() -> None:
    assert not panel().truncated and panel(tokens_total=3).truncated


def test_equality_looks_at_every_element_and_type() -> None:
    assert panel() == panel()
    assert panel() != panel(scores=[1.5, -0.5000000000000001])
    assert panel() != panel(notes=("a",)) and panel() != "panel"
    with pytest.raises(TypeError):
        hash(panel())


def test_an_empty_text_has_an_empty_panel() -> None:
    empty = panel(starts=[], ends=[], tokens=[], scores=[], known=[], tokens_total=0)
    assert empty.total == 0 and len(empty.scores) == 0


def test_a_prediction_knows_its_probability_and_refuses_nonsense() -> None:
    made = Prediction("b", ("a", "b"), (0.25, 0.75))
    assert made.probability == 0.75 and made.true_label is None
    with pytest.raises(ValueError, match="one number per label, got 1 for 2 labels"):
        Prediction("a", ("a", "b"), (1.0,))
    with pytest.raises(ValueError, match="`label` must be one of a, b, got 'c'"):
        Prediction("c", ("a", "b"), (0.5, 0.5))
    with pytest.raises(ValueError, match="must be finite"):
        Prediction("a", ("a", "b"), (float("nan"), 0.5))


def test_a_chart_is_checked_and_compared() -> None:
    series = Series("loss", np.arange(3.0), np.ones(3))
    made = Chart("t", "x", "y", (series,), (("best", 1),))
    assert made == Chart("t", "x", "y", (series,), (("best", 1.0),))
    with pytest.raises(ValueError, match="needs as many x as y, got 3 and 2"):
        Series("loss", np.arange(3.0), np.ones(2))
    with pytest.raises(ValueError, match="at least one series"):
        Chart("t", "x", "y", ())


def test_every_panel_is_known_by_its_kind() -> None:
    assert {"token_scores": TokenScores, "chart": Chart} == KINDS
