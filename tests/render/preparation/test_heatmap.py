from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from attribkit.render.preparation import heatmap as shared
from attribkit.results.panels import Agreement, Heatmap, HeatmapRow

Build = Callable[..., Heatmap]


def test_weights_begin_at_0_and_signed_rows_are_symmetric_about_it(heatmap: Build) -> None:
    panel = heatmap("good bad film", [0.5, 0.0, 0.25], [-2.0, 1.0, 0.5])
    weights, scores = panel.rows
    assert shared.ends(panel, weights) == (0.0, 0.5) and shared.steps(panel, weights) == [20, 0, 10]
    assert shared.ends(panel, scores) == (-2.0, 2.0) and shared.steps(panel, scores) == [-20, 10, 5]
    assert shared.value(panel, weights, 2) == "0.250" and shared.value(panel, scores, 1) == "+1.00"


def test_rows_in_one_unit_share_a_scale(heatmap: Build) -> None:
    panel = heatmap("good bad")
    rows = tuple(
        HeatmapRow(name, np.array(values), "log-odds") for name, values in (("a", [0.88, 0.0]), ("b", [3.16, -1.0]))
    )
    panel = replace(panel, rows=rows, agreements=())
    assert [shared.ends(panel, row) for row in panel.rows] == [(-3.16, 3.16)] * 2
    assert [shared.steps(panel, row) for row in panel.rows] == [[6, 0], [20, -6]]


@pytest.mark.parametrize(
    ("tau", "said"), [(0.123, "τ = 0.12, "), (-0.456, "τ = −0.46, "), (-0.001, "τ = 0.00, "), (1.0, "τ = 1.00, ")]
)
def test_agreement_is_said_to_two_decimals(tau: float, said: str) -> None:
    assert shared.agreed(Agreement("a", "b", tau, 2, 5)) == f"a ↔ b: {said}2 of the top 5 shared"


def test_what_cannot_be_ranked_is_a_dash_and_names_are_made_visible() -> None:
    assert shared.agreed(Agreement("a\n", "b\x1b", None, None, 1)) == "a␊ ↔ b␛: τ = – (nothing to rank)"


def test_the_leading_tokens_stand_out_in_any_row(heatmap: Build) -> None:
    panel = heatmap("a b c d", [0.9, 0.1, 0.0, 0.0], [0.0, 0.0, 0.1, -5.0])
    assert shared.leading(panel, 2) == [0, 3] and shared.leading(panel, 9) == [0, 1, 2, 3]


def test_a_truncated_text_is_said(heatmap: Build) -> None:
    assert "1 of 1,200 tokens was read" in shared.caveats(heatmap("good", tokens_total=1200))
