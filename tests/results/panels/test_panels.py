import copy
import json
import pickle
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panel_cases import SCORES

from attribkit.results.panels import (
    KINDS,
    Agreement,
    AttentionHeads,
    Band,
    Bar,
    Chart,
    ConfusionMatrix,
    Convergence,
    Heatmap,
    HeatmapRow,
    Map,
    Mixing,
    Pairs,
    Phrases,
    Prediction,
    ProjectedText,
    Scatter,
    Series,
    Table,
    TokenScores,
    relative_error,
)
from attribkit.results.panels.scatter import EXCERPT

FIELDS: dict[str, Any] = {
    "starts": [0, 3],
    "ends": [2, 6],
    "tokens": ["it", "was"],
    "scores": [1.5, -0.5],
    "known": [True, False],
    "tokens_total": 2,
    **SCORES,
    "converged": True,
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
    assert panel(output_text=0.75 + 1e-5).verdict == "scores sum to the model’s output: relative error 5.0e-06 ≤ 0.0001"
    assert panel().verdict == "scores sum to the model’s output: relative error 0 ≤ 0.0001"
    failed = panel(output_text=1.0, converged=False)
    assert failed.verdict == "did not converge: relative error 1.2e-01 > 0.0001 after 64 steps"
    assert "does not promise that scores sum to the model’s output" in panel(converged=None).verdict
    assert (
        panel(output_text=1.0, converged=False, steps=0).verdict
        == "scores do not sum to the model’s output: relative error 1.2e-01 > 0.0001"
    )


def test_the_verdict_names_the_criterion_that_failed_with_its_number() -> None:
    moving = panel(converged=False, rule_change=4.2e-4)
    assert (moving.relative_error, moving.relative_change) == (0.0, 2.1e-4)
    assert moving.failed == ("stability",)
    assert (
        moving.verdict
        == "did not converge: scores sum to the model’s output, but still move by 2.1e-04 > 0.0001 after 64 steps"
    )
    both = panel(output_text=1.0, converged=False, rule_change=4.2e-4)
    assert both.failed == ("completeness", "stability")
    assert both.verdict == (
        "did not converge: relative error 1.2e-01 > 0.0001, and scores still move by 2.1e-04 > 0.0001 after 64 steps"
    )
    still = panel(output_text=1.0, converged=False, rule_change=1e-9, steps=1)
    assert still.failed == ("completeness",)
    assert still.verdict == "did not converge: relative error 1.2e-01 > 0.0001 after 1 step"
    apart = panel(converged=False, rule_change=1e-9, path_error=4.2e-3)
    assert apart.failed == ("path",) and apart.relative_path_error == 2.1e-3
    assert apart.verdict == (
        "did not converge: scores sum to the model’s output at the end, but not along the path: "
        "2.1e-03 > 0.001 after 64 steps"
    )
    assert panel(converged=False, rule_change=1e-9, path_error=2e-3).failed == ()  # ten times the tolerance is allowed
    # what an older version saved does not tell by how much they moved
    old = panel(output_text=0.75 + 1e-5, converged=False)
    assert old.failed == () and old.verdict == (
        "did not converge after 64 steps, though scores sum to the model’s output: relative error 5.0e-06 ≤ 0.0001"
    )
    assert panel(rule_change=1e-9).failed == ()


def test_drawn_scores_say_how_far_other_draws_would_move_them() -> None:
    drawn = panel(converged=None, draws=1512, spread=[0.16, 0.08])
    assert drawn.relative_spread == pytest.approx(0.12)
    assert drawn.verdict == "sampled: 1,512 draws, spread ± 0.12 (95 %) a token; in all 12 % of Σ|scores|"
    assert panel(converged=None, draws=1, spread=[4, 0.84]).verdict.startswith("sampled: 1 draw, spread ± 2.4 (95 %)")
    assert panel(converged=None, draws=2, spread=[0, 2.42]).verdict.endswith(" 121 % of Σ|scores|")
    zero = panel(scores=[0, 0], output_text=0, output_baseline=0, converged=None, draws=9, spread=[0, 0])
    assert zero.verdict == "sampled: 9 draws, spread ± 0 (95 %) a token"
    assert panel(draws=0, spread=[0, 0]).verdict == "scores sum to the model’s output: relative error 0 ≤ 0.0001"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"draws": 9}, "`draws` and `spread` belong together"),
        ({"spread": [1, 1]}, "`draws` and `spread` belong together"),
        ({"draws": 9, "spread": [1], "converged": None}, "a number ≥ 0 for each of the 2 tokens"),
        ({"draws": 9, "spread": [1, -1], "converged": None}, "a number ≥ 0 for each of the 2 tokens"),
        ({"draws": 9, "spread": [1, 1], "converged": True}, "must be None where scores were drawn"),
    ],
)
def test_draws_that_contradict_themselves_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        panel(**changes)


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


def test_sentences_and_phrases_can_be_made_when_they_are_asked_for() -> None:
    calls: list[str] = []

    def cuts() -> list[int]:
        calls.append("cuts")
        return [0, 1]

    def phrases() -> Phrases:
        calls.append("phrases")
        return Phrases([0], [1], [3], [0.5])  # type: ignore[arg-type]

    made = panel(sentence_starts=[0, 1], phrases=phrases())
    calls.clear()
    later = panel(sentence_starts=cuts, phrases=phrases)
    assert later.total == made.total
    assert not calls
    assert later.sentence_starts.tolist() == [0, 1]
    assert not later.sentence_starts.flags.writeable
    assert later.sentence_totals.tolist() == made.sentence_totals.tolist()
    assert calls == ["cuts"]
    assert later == made
    assert calls == ["cuts", "phrases"]
    for same in (copy.copy, copy.deepcopy, lambda given: pickle.loads(pickle.dumps(given))):
        assert same(panel(sentence_starts=cuts, phrases=phrases)) == made
    assert repr(panel(sentence_starts=cuts, phrases=phrases)) == repr(made)
    with pytest.raises(AttributeError, match="no attribute 'sentences'"):
        _ = later.sentences


def test_what_is_made_later_is_checked_as_what_is_given() -> None:
    with pytest.raises(ValueError, match="must begin with 0"):
        _ = panel(sentence_starts=lambda: [1]).sentence_starts
    with pytest.raises(ValueError, match="must lie among the panel's"):
        _ = panel(phrases=lambda: Phrases([0], [99], [3], [0.5])).phrases  # type: ignore[arg-type]


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


def test_a_logarithmic_axis_needs_values_above_zero() -> None:
    series = Series("error", np.array([1.0, 10.0]), np.array([1e-3, 0.0]))
    assert Chart("t", "x", "y", (series,), x_scale="log").x_scale == "log"
    with pytest.raises(ValueError, match=re.escape("`y_scale='log'` needs values above zero, got 0.0; use 'linear'")):
        Chart("t", "x", "y", (series,), y_scale="log")
    with pytest.raises(ValueError, match="`x_scale='log'` needs values above zero, got -1"):
        Chart("t", "x", "y", (series,), (("a mark", -1),), x_scale="log")
    with pytest.raises(ValueError, match="must be 'linear' or 'log', got 'cubic'"):
        Chart("t", "x", "y", (series,), x_scale="cubic")


PHRASES = {"firsts": [0, 0, 1, 0], "lasts": [1, 0, 1, 1], "filters": [3, 5, 5, 7], "scores": [1.0, -2.5, 0.5, 2.0]}


def test_phrases_of_one_window_are_taken_together_and_the_strongest_come_first() -> None:
    made = panel(phrases=Phrases(**PHRASES))  # type: ignore[arg-type]  # lists become arrays
    assert made.strongest_phrases() == [
        (0, 1, 3.0, 0.5, (7, 3)),
        (0, 0, -2.5, -2.5 / 6, (5,)),
        (1, 1, 0.5, 0.5 / 6, (5,)),
    ]
    assert made.strongest_phrases(1) == made.strongest_phrases()[:1]
    assert panel().strongest_phrases() == []
    empty = panel(phrases={name: [] for name in PHRASES})
    assert empty.strongest_phrases(3) == []


def test_equally_strong_phrases_come_in_reading_order() -> None:
    made = panel(phrases=Phrases([1, 0, 0], [1, 1, 0], [0, 1, 2], [1.0, -1.0, 1.0]))  # type: ignore[arg-type]
    assert [(one.first, one.last) for one in made.strongest_phrases()] == [(0, 0), (0, 1), (1, 1)]


@given(st.data())
def test_strongest_phrases_lose_nothing(data: st.DataObject) -> None:
    windows = data.draw(st.lists(st.tuples(st.integers(0, 1), st.integers(-8, 8)), max_size=9))
    firsts, scores = [first for first, _ in windows], [float(score) for _, score in windows]
    made = panel(phrases=Phrases(firsts, [1] * len(windows), range(len(windows)), scores))  # type: ignore[arg-type]
    found = made.strongest_phrases()
    assert sum(one.score for one in found) == sum(scores)
    assert sorted(number for one in found for number in one.filters) == list(range(len(windows)))
    sizes = [abs(one.score) for one in found]
    assert sizes == sorted(sizes, reverse=True)


def test_sentence_totals_share_out_the_sum() -> None:
    assert panel(sentence_starts=[0, 1]).sentence_totals.tolist() == [1.5, -0.5]
    assert panel(sentence_starts=[0]).sentence_totals.tolist() == [1.0]
    assert panel().sentence_totals.tolist() == []


def test_a_band_knows_its_lowest_and_highest_scores() -> None:
    band = Band(["pad", "unk", "mean"], [[1.5, -0.5], [0.5, 0.5], [2.0, 0.0]], [True, None, False])  # type: ignore[arg-type]
    assert (band.low.tolist(), band.high.tolist()) == ([0.5, -0.5], [2.0, 0.5])
    assert panel(band=band) == panel(band=band) != panel()
    assert panel(band=band).band is not None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sentence_starts": [1]}, "`sentence_starts` must begin with 0 and rise"),
        ({"sentence_starts": [0, 0]}, "`sentence_starts` must begin with 0 and rise"),
        ({"sentence_starts": [0, 2]}, "below the number of tokens"),
        ({"phrases": {**PHRASES, "lasts": [1, 0, 2, 1]}}, "must lie among the panel's 2"),
        ({"phrases": {**PHRASES, "firsts": [0, 1, 1, 0]}}, "0 <= first token <= last token"),
        ({"phrases": {**PHRASES, "filters": [1]}}, "one entry per window in every column"),
        ({"band": {"baselines": ["a"], "scores": [[1, 2]], "converged": [None]}}, "at least two baselines, got 1 row"),
        (
            {"band": {"baselines": ["a", "b"], "scores": [[1], [2]], "converged": [None] * 2}},
            "a score for each of the 2 tokens, got 1",
        ),
        (
            {"band": {"baselines": ["a", "b"], "scores": [[1, 2], [1, np.nan]], "converged": [None] * 2}},
            "`scores` must be finite, got nan at position (1, 1)",
        ),
    ],
)
def test_phrases_sentences_and_bands_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        panel(**changes)


def heatmap(**changes: Any) -> Heatmap:
    fields: dict[str, Any] = {
        "title": "where the network looked",
        "starts": [0, 3],
        "ends": [2, 6],
        "tokens": ["it", "was"],
        "known": [True, True],
        "rows": (HeatmapRow("attention", [0.25, 0.75], "weight"),),  # type: ignore[arg-type]
        "agreements": (),
        "tokens_total": 2,
    }
    return Heatmap(**{**fields, **changes})


def test_a_heatmap_is_checked_and_compared() -> None:
    attention, other = HeatmapRow("attention", [0.25, 0.75], "weight"), HeatmapRow("loo", [1, -1], "logit")  # type: ignore[arg-type]
    assert not attention.signed and other.signed
    pair = Agreement("attention", "loo", None, None, 2)
    assert heatmap(rows=[attention, other], agreements=[pair]) != heatmap(rows=[attention, other])
    assert heatmap() == heatmap() and not heatmap().truncated and heatmap(tokens_total=3).truncated
    for changes in ({"rows": ()}, {"tokens": ["it"]}, {"rows": [HeatmapRow("short", [1.0], "weight")]}):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="at least one row and one entry per token in every row and column"):
            heatmap(**changes)
    with pytest.raises(ValueError, match="reading order and must not overlap"):
        heatmap(starts=[0, 1])
    with pytest.raises(ValueError, match="`values` must be finite"):
        HeatmapRow("attention", [np.nan, 1.0], "weight")  # type: ignore[arg-type]


def test_a_table_has_as_many_cells_as_columns_and_no_nan() -> None:
    assert Table("t", ["a", "b"], [[1, None], ["x", 0.5]]).rows == ((1, None), ("x", 0.5))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="each row needs 2 cells, got 1"):
        Table("t", ("a", "b"), ((1,),))
    with pytest.raises(ValueError, match=r"numbers must be finite, .* write None for a missing one"):
        Table("t", ("a",), ((float("nan"),),))


MIXING = Mixing(2, 3, 0.5, 0.75, 0.7, 0.1, None, 0.9)


def scatter(**changes: Any) -> Scatter:
    fields: dict[str, Any] = {
        "title": "where a layer puts its texts",
        "method": "pca",
        "axes": ("PC 1", "PC 2"),
        "maps": (Map("rnn", 0, [[0, 1], [2, 3], [4, 5]], MIXING),),  # type: ignore[arg-type]
        "colour": "label",
        "groups": ("neg", "pos"),
        "group": [0, 1, -1],
        "values": None,
        "excerpts": ("a", "b", "c"),
        "labels": (),
        "predictions": (),
        "total": 30,
        "placed": (ProjectedText("new", "pos", [[1, 1]], [2, 0]),),  # type: ignore[arg-type]
    }
    return Scatter(**{**fields, **changes})


def test_a_scatter_is_checked_and_compared() -> None:
    assert scatter() == scatter() != scatter(total=31)
    assert scatter().dimensions == 2 and scatter().maps[0].name == "rnn, before training"
    assert Map("rnn", 3, [[0, 1]]).name == "rnn, epoch 3" and Map("rnn", None, [[0, 1]]).name == "rnn"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"maps": ()}, "at least one map, all of one shape"),
        ({"axes": ("PC 1",)}, "`axes` must name 2 axes, got 1"),
        ({"labels": ("neg",)}, "one entry for each of the 3 points"),
        ({"group": [0, 1, 2]}, "must lie among the 2 groups or be −1"),
        ({"excerpts": ("a", "b", "x" * (EXCERPT + 1))}, f"at most {EXCERPT} characters"),
        ({"placed": (ProjectedText("new", "pos", [[1, 1, 1]], []),)}, "one point of 2 numbers on each of 1 maps"),  # type: ignore[arg-type]
        ({"placed": (ProjectedText("new", "pos", [[1, 1]], [3]),)}, "must be among the 3 points"),  # type: ignore[arg-type]
    ],
)
def test_a_scatter_that_cannot_be_drawn_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        scatter(**changes)


def test_a_map_has_two_or_three_dimensions_and_finite_points() -> None:
    with pytest.raises(ValueError, match="a map has 2 or 3 dimensions, got 4"):
        Map("rnn", None, [[0, 1, 2, 3]])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`points` must be finite"):
        Map("rnn", None, [[0, np.inf]])  # type: ignore[arg-type]


def test_every_panel_is_known_by_its_kind() -> None:
    assert {
        "token_scores": TokenScores,
        "heatmap": Heatmap,
        "attention_heads": AttentionHeads,
        "pairs": Pairs,
        "scatter": Scatter,
        "chart": Chart,
        "confusion_matrix": ConfusionMatrix,
        "table": Table,
    } == KINDS


def test_a_table_may_have_bars_and_shades() -> None:
    columns, rows = ("a", "b"), (("x", 1), ("y", -2))
    whole = Table("t", columns, rows, bars=(Bar(1, 0, 2), None), shades=((None, 0.5), (0, 1)))
    stored: Any = {"bars": [{"value": 1, "low": 0, "high": 2}, None], "shades": [[None, 0.5], [0, 1]]}
    assert Table("t", columns, rows, **stored) == whole
    unfit: list[tuple[dict[str, Any], str]] = [
        ({"bars": [None]}, "`bars` must hold one entry per row, got 1 for 2 rows"),
        ({"shades": [[None, 0.5]]}, "`shades` must hold one entry per cell"),
        ({"shades": [[None, 0.5], [0, 1.5]]}, "every shade must lie between 0 and 1"),
    ]
    for changes, message in unfit:
        with pytest.raises(ValueError, match=re.escape(message)):
            Table("t", columns, rows, **changes)
    for ends in ((1, 2, 3), (1, 0, 0.5), (1, None, 2), (float("nan"), None, None)):
        with pytest.raises(ValueError, match="a bar"):
            Bar(*ends)


verdicts = st.lists(st.tuples(st.sampled_from([True, False, None]), st.floats(0, allow_nan=False)), max_size=6)


@given(verdicts, verdicts)
def test_verdicts_are_counted_alike_together_and_in_parts(
    some: list[tuple[bool | None, float]], others: list[tuple[bool | None, float]]
) -> None:
    whole = Convergence.counted(some + others)
    assert Convergence.counted(some) + Convergence.counted(others) == whole
    assert whole.total == len(some) + len(others)
    told = [error for verdict, error in some + others if verdict is not None]
    assert whole.checked == len(told) and whole.worst_relative_error == (max(told) if told else None)
    assert Convergence.from_json(json.loads(json.dumps(whole.to_json(), allow_nan=False))) == whole


def test_counted_verdicts_read_as_a_sentence() -> None:
    assert Convergence(5, 0, 0, 0.0).sentence == "all 5 explanations converged (largest relative error 0.0e+00)"
    failed = "2 of 1,002 explanations did not converge (largest relative error inf)"
    assert Convergence(1_000, 2, 0, float("inf")).sentence == failed
    rest = "of 3 more explanations adding up proves nothing: their method is sampled or promises no sum"
    assert Convergence(1_000, 2, 3, float("inf")).sentence == f"{failed}; {rest}"
    assert Convergence(0, 0, 3).sentence == rest.replace("more ", "")
    assert Convergence().sentence == "nothing was explained" and Convergence().share is None
    assert Convergence(1, 3, 9, 0.5).share == 0.25


def test_a_spread_too_large_to_add_up_is_said_without_a_warning() -> None:
    largest = float(np.finfo(float).max)
    made = panel(scores=[1.0, 0.0], draws=9, spread=[largest, largest], converged=None)
    assert made.verdict.startswith("sampled: 9 draws, spread ± inf (95 %) a token")


def attention_heads(**changes: Any) -> AttentionHeads:
    rows = np.random.default_rng(0).dirichlet([1, 1, 1], (2, 2, 3))
    fields: dict[str, Any] = {
        "title": "heads",
        "tokens": ("[CLS]", "good", "[SEP]"),
        "special": [True, False, True],
        "looking": ("[CLS]", "good", "[SEP]"),
        "layers": ("layer 1", "layer 2"),
        "weights": rows,
        "pooled": [1.0, 0.0, 0.0],
    }
    return AttentionHeads(**{**fields, **changes})


def test_attention_heads_are_checked_compared_and_packed_in_json() -> None:
    panel = attention_heads()
    assert panel == attention_heads() and panel != attention_heads(title="others") and panel.reader == "[CLS]"
    assert panel.weights.dtype == np.float32 and not panel.weights.flags.writeable
    assert attention_heads(weights=panel.packed()) == panel
    np.testing.assert_allclose(panel.read, panel.weights[:, :, 0], atol=1e-7)
    assert attention_heads(pooled=[1 / 3] * 3).reader == "all places"
    for changes, message in (
        ({"layers": ("layer 1",)}, "a name for each layer and place"),
        ({"tokens": ("good",)}, "a name for each layer and place"),
        ({"weights": np.ones((3, 3))}, r"must be \(layers, heads, places, places\)"),
        ({"weights": np.full((2, 2, 3, 3), np.nan)}, "finite and at least 0"),
        ({"weights": {**panel.packed(), "shape": [2, 2, 3, 4]}}, "got 36 numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            attention_heads(**changes)
