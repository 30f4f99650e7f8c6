"""Two explanations of one text, compared and subtracted; explanations as tables."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attribkit as ak
from attribkit.models.classifier import Classifier
from attribkit.render.preparation.head import head
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.panels import Heatmap, Table, TokenScores
from attribkit.results.panels.difference import align, difference
from attribkit.results.several_panels import Panels
from attribkit.text.word_index import WordIndex
from attribkit.views.agreement import agree

TEXT = "a good film , never dull"


def explained(model: Classifier, text: str = TEXT, **options: Any) -> Explanation:
    return ak.explain(model, text, views="attribution", target="pos", **options)


@pytest.fixture(scope="module")
def model(make_classifier: Callable[..., Classifier]) -> Classifier:
    return make_classifier()


def test_a_minus_b_is_a_minus_b(model: Classifier, make_classifier: Callable[..., Classifier]) -> None:
    a, b = explained(model), explained(make_classifier(seed=1))
    change = (a - b).token_scores
    assert np.array_equal(change.scores, a.token_scores.scores - b.token_scores.scores)
    assert change.output_text == a.token_scores.output_text - b.token_scores.output_text
    assert np.array_equal((b - a).token_scores.scores, -change.scores)
    assert change.converged and change.relative_error <= change.tolerance
    assert not (a - a).token_scores.scores.any() and (a - a).token_scores.converged


def test_what_does_not_add_up_does_not_add_up_in_the_difference(model: Classifier) -> None:
    a = explained(model)
    assert (a - explained(model, method="leave_one_out")).token_scores.converged is None
    broken = replace(a.token_scores, converged=False)
    assert difference(a.token_scores, broken).converged is False


def test_the_difference_of_drawn_scores_has_a_spread_of_its_own(model: Classifier) -> None:
    a = explained(model)
    drawn = replace(a.token_scores, converged=None, draws=30, spread=np.full(len(a.token_scores.tokens), 3.0))
    again = replace(drawn, draws=12, spread=np.full(len(a.token_scores.tokens), 4.0))
    both, one = difference(drawn, again), difference(a.token_scores, drawn)
    assert (both.draws, both.converged, one.draws) == (42, None, 30)
    assert both.spread is not None and one.spread is not None
    assert np.allclose(both.spread, 5.0) and np.allclose(one.spread, 3.0)
    assert one.verdict.startswith("sampled: 30 draws, spread ± 3 (95 %) a token")


def test_the_difference_says_what_failed_in_either(model: Classifier) -> None:
    a = replace(explained(model).token_scores, rule_change=1e-9)
    size = float(np.abs(a.scores).sum())
    change = difference(a, replace(a, converged=False, rule_change=3e-4 * size))
    assert change.rule_change == pytest.approx(3e-4 * size + 1e-9) and change.converged is False
    assert any(
        note.startswith("one of the two did not converge: scores sum to the model’s output, but still move")
        for note in change.notes
    )


def test_a_comparison_draws_both_and_the_difference_and_says_how_far_they_agree(model: Classifier) -> None:
    a, b = explained(model), explained(model, method="leave_one_out")
    found = ak.compare(a, b)
    heatmap, table = found.panels()
    assert isinstance(heatmap, Heatmap) and isinstance(table, Table)
    assert [row.name for row in heatmap.rows] == ["exact", "leave_one_out", "difference"]
    assert np.array_equal(heatmap.rows[2].values, heatmap.rows[0].values - heatmap.rows[1].values)
    assert heatmap.agreements == agree(heatmap.rows[:2]) and heatmap.agreements[0].tau is not None
    sizes = [abs(float(str(row[3]))) for row in table.rows]
    assert sizes == sorted(sizes, reverse=True)
    assert (
        Panels.from_json(found.to_json()) == Panels(found.panels(), found.provenance, TEXT)
        and "leave_one_out" in found.to_html()
    )


def test_the_head_of_a_comparison_names_each_model_once(
    model: Classifier, make_classifier: Callable[..., Classifier]
) -> None:
    model, other = model.copy(share_weights=True), make_classifier(seed=1)
    model.name, other.name = "today", "before <b>"
    same = ak.compare(explained(model), explained(model, method="leave_one_out"))
    assert head([same]).facts[0] == "model today"
    assert head([ak.compare(explained(model), explained(other))]).facts[0] == "models today, before <b>"
    assert "they differ most at “" in same.summary() and " -" not in same.summary()


def test_two_models_are_named_and_two_cuts_of_a_text_are_aligned(model: Classifier) -> None:
    vocabulary = {"<pad>": 0, "<unk>": 1, "a": 2, "good film": 3, "never": 4}
    with_pairs = Classifier(model.network, WordIndex(vocabulary, split_pairs), model.labels, name="pairs")
    found = ak.compare(explained(model), explained(with_pairs))
    heatmap = found.panels()[0]
    assert isinstance(heatmap, Heatmap)
    assert [TEXT[a:b] for a, b in zip(heatmap.starts, heatmap.ends, strict=True)] == [
        "a",
        "good film",
        ",",
        "never",
        "dull",
    ]
    assert heatmap.rows[0].name == "tiny-cnn" and heatmap.rows[1].name == "pairs"
    own = explained(model).token_scores
    assert heatmap.rows[0].values[1] == pytest.approx(own.scores[1] + own.scores[2])
    assert heatmap.rows[0].values.sum() == pytest.approx(own.total)
    assert heatmap.rows[1].values[2] == 0, "the second did not read the comma"
    assert any("cut the text differently" in note for note in heatmap.notes)


def split_pairs(text: str) -> list[str]:
    return [word for word in text.replace("good film", "good_film").split() if word != ","] and [
        "a",
        "good film",
        "never",
        "dull",
    ]


def test_alignment_loses_no_score(token_pair: tuple[TokenScores, TokenScores]) -> None:
    a, b = token_pair
    found = align(a, b)
    assert found.first.sum() == pytest.approx(a.total) and found.second.sum() == pytest.approx(b.total)
    assert (found.starts[1:] >= found.ends[:-1]).all() and not found.whole


@pytest.fixture
def token_pair(model: Classifier) -> tuple[TokenScores, TokenScores]:
    a = explained(model).token_scores
    kept = slice(1, 4)
    values = a.scores[kept]
    cut = replace(
        a,
        starts=a.starts[kept],
        ends=a.ends[kept],
        tokens=a.tokens[kept],
        scores=values,
        known=a.known[kept],
        sentence_starts=np.zeros(0, dtype=np.int64),
        phrases=None,
        output_text=a.output_baseline + float(values.sum()),
    )
    return a, cut


def test_what_cannot_be_compared_is_refused_with_the_cure(model: Classifier) -> None:
    a = explained(model)
    with pytest.raises(ValueError, match="only explanations of the same text can be subtracted"):
        ak.compare(a, explained(model, "another film"))
    with pytest.raises(ValueError, match="scores of one unit can be subtracted, got 'log-odds' and 'logit'"):
        _ = a - explained(model, output="logit")
    with pytest.raises(ValueError, match=r"scores of one target .* explain both with the same `target`"):
        _ = a - ak.explain(model, TEXT, views="attribution", target="neg")
    with pytest.raises(TypeError, match="two explanations were expected, got str"):
        ak.compare(a, "b")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="two different names, got 'x' twice"):
        ak.compare(a, a, ("x", "x"))
    with pytest.raises(TypeError):
        _ = a - 1  # type: ignore[operator]


def test_explanations_are_subset_sorted_and_merged_as_tables(model: Classifier, tmp_path: Path) -> None:
    rows = ak.explain(model, ["good", "bad", "dull film"], views="attribution", true_label=["pos", "pos", "neg"])
    table = rows.to_frame("text")
    assert table["text"].tolist() == ["good", "bad", "dull film"] and table.index.tolist() == [0, 1, 2]
    assert table["converged"].all() and table["total"].tolist() == [row.token_scores.total for row in rows]
    assert table["right"].tolist() == [
        row.prediction is not None and row.prediction.label == row.prediction.true_label for row in rows
    ]
    chosen = rows.take(table.sort_values("probability").index)
    assert isinstance(chosen, Explanations)
    sure = [max(row.prediction.probabilities) for row in chosen if row.prediction]
    assert sure == sorted(sure)
    both = rows[:1] + chosen
    assert isinstance(both, Explanations) and len(both) == 4 and both[0] == rows[0]
    both.save(tmp_path / "both.json")
    assert Explanations.load(tmp_path / "both.json") == both
    assert rows[0].to_frame("text").loc[0, "tokens"] == 1


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("exact", "shapley", "integrated gradients follow one straight path from the baseline to the text, Shapley"),
        ("shapley", "leave_one_out", "in which the words may come in, leave-one-out takes each word from the whole"),
        ("exact", "quadrature", None),
    ],
)
def test_two_methods_say_in_one_sentence_why_they_part(
    make_classifier: Callable[..., Classifier], first: str, second: str, said: str | None
) -> None:
    model = make_classifier()
    whole = ak.compare(explained(model, method=first), explained(model, method=second))
    notes = [note for panel in whole.panels() for note in panel.notes if "they part where words act together" in note]  # type: ignore[union-attr]
    assert len(notes) == (0 if said is None else 1)
    assert said is None or said in notes[0]
