import re
from typing import Any

import numpy as np
import pytest
from panel_cases import PAIRS

from attribkit.results.explanation import Explanation
from attribkit.results.panels import Pairs

FIELDS: dict[str, Any] = {
    "title": "Which words act together",
    "starts": [0, 4, 7],
    "ends": [3, 6, 10],
    "tokens": ["not", "so", "bad"],
    "known": [True, True, False],
    "firsts": [0, 0],
    "seconds": [1, 2],
    "values": [0.5, -2.0],
    "own": [1.0, 0.0, 3.0],
    "expected": [-0.5, 0.5, 1.0],
    **PAIRS,
    "tokens_total": 3,
}
TEXT = "Not so bad."


def pairs(**changes: Any) -> Pairs:
    return Pairs(**{**FIELDS, **changes})


def test_the_matrix_is_symmetric_with_what_each_word_gives_alone_on_its_diagonal() -> None:
    np.testing.assert_array_equal(pairs().matrix, [[1, 0.5, -2], [0.5, 0, 0], [-2, 0, 3]])
    assert pairs().strongest(1) == [1]
    assert pairs().strongest(9) == [1, 0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"own": [1.0]}, "one entry per token in every column, got lengths"),
        ({"starts": [0, 2, 8]}, "must be in reading order and must not overlap"),
        ({"index": "banzhaf"}, "`index` must be one of shapley, integrated_hessians, got 'banzhaf'"),
        ({"values": [1.0]}, "must be as long as each other, got 2, 2 and 1"),
        ({"seconds": [0, 2]}, "two of the 3 tokens, the earlier first"),
        ({"seconds": [1, 3]}, "two of the 3 tokens, the earlier first"),
        ({"seconds": [2, 1]}, "the pairs must stand in reading order, each once"),
        ({"seconds": [1, 1]}, "the pairs must stand in reading order, each once"),
        ({"values": [1.0, float("nan")]}, "`values` must be finite, got nan at position 1"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_sentence(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        pairs(**changes)


def test_every_word_must_add_up_and_of_integrated_hessians_the_whole_too() -> None:
    assert (
        pairs().converged
        and pairs().verdict == "values sum to the model’s output for every word: relative error 0 ≤ 0.0001"
    )
    lacking = pairs(expected=[-0.5, 0.5, 2.0])
    assert lacking.relative_error == pytest.approx(1.0 / 9.0)
    assert lacking.verdict == "values do not sum to the model’s output: relative error 1.1e-01 > 0.0001"
    assert pairs(index="integrated_hessians").converged
    assert not pairs(index="integrated_hessians", output_text=1.5).converged
    nothing = {"firsts": [], "seconds": [], "values": [], "own": [0, 0, 0]}
    assert pairs(**nothing, expected=[0, 0, 0]).relative_error == 0
    assert pairs(**nothing).relative_error == float("inf")
    assert pairs(values=[1e308, -1e308], own=[1e308] * 3).relative_error == float("inf")


def test_a_saved_panel_is_read_back_equal_and_tabulated_by_pair() -> None:
    why = Explanation(TEXT, None, (pairs(),))
    assert Explanation.from_json(why.to_json()) == why
    table = why.to_frame("pair")
    assert table.to_dict("records") == [
        {"word_a": "Not", "start_a": 0, "end_a": 3, "word_b": "bad", "start_b": 7, "end_b": 10, "value": -2.0}
        | {"index": "shapley", "unit": "log-odds", "target": "neg"},
        {"word_a": "Not", "start_a": 0, "end_a": 3, "word_b": "so", "start_b": 4, "end_b": 6, "value": 0.5}
        | {"index": "shapley", "unit": "log-odds", "target": "neg"},
    ]
    with pytest.raises(ValueError, match=re.escape("holds no interactions; explain with views=['interactions']")):
        Explanation(TEXT, None, ()).to_frame("pair")
    with pytest.raises(ValueError, match="must lie in the text of 5 characters"):
        Explanation("Not s", None, (pairs(),))
