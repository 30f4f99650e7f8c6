"""Passages are the best stretches that brute force finds, they add up, and clauses begin where a reader sees it."""

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

import attribkit as ak
from attribkit.results.panels.passages import INSIDE, OF_PASSAGE, passages
from attribkit.text.clauses import clause_starts, sentence_starts


@st.composite
def scored_texts(draw: st.DrawFn) -> tuple[list[float], list[int], list[int]]:
    """Scores, the first tokens of sentences, and of clauses."""
    lengths = draw(st.lists(st.integers(1, 30), min_size=1, max_size=7))
    clauses = np.cumsum([0, *lengths[:-1]]).tolist()
    sentences = [place for place in clauses if place == 0 or draw(st.booleans())]
    loud = draw(st.lists(st.sampled_from([0.0, 0.2, -0.3, 6.0, -9.0]), min_size=len(lengths), max_size=len(lengths)))
    scores = [value / length for value, length in zip(loud, lengths, strict=True) for _ in range(length)]
    return scores, sentences, clauses


@given(scored_texts())
def test_no_other_choice_of_passages_is_worth_more(case: tuple[list[float], list[int], list[int]]) -> None:
    scores, sentences, clauses = case
    chosen = passages(np.array(scores), np.array(sentences), np.array(clauses))
    signs = [int(chosen.signs[np.searchsorted(chosen.firsts, first, side="right") - 1]) for first in clauses]
    worth = reference.passages_worth(scores, sentences, clauses, signs, OF_PASSAGE, INSIDE)
    best = reference.best_passages_worth(scores, sentences, clauses, OF_PASSAGE, INSIDE)
    assert worth == pytest.approx(best, abs=1e-9)


@given(scored_texts(), st.floats(0.01, 100))
def test_passages_are_a_partition_that_adds_up_whatever_the_unit(
    case: tuple[list[float], list[int], list[int]], unit: float
) -> None:
    scores, sentences, clauses = (np.array(part) for part in case)
    chosen = passages(scores, sentences, clauses)
    assert chosen.firsts[0] == 0 and chosen.lasts[-1] == len(scores) - 1
    assert np.array_equal(chosen.firsts[1:], chosen.lasts[:-1] + 1)
    assert chosen.scores.sum() == pytest.approx(scores.sum(), abs=1e-9)
    assert chosen.means.sum() == pytest.approx(scores.sum(), abs=1e-9)
    assert np.all(chosen.signs * chosen.scores >= 0)
    swapped = passages(-scores, sentences, clauses)
    assert np.abs(swapped.scores).sum() == pytest.approx(np.abs(chosen.scores).sum(), abs=1e-9)
    other = passages(scores * unit, sentences, clauses)
    assert other.scores.sum() == pytest.approx(unit * scores.sum(), abs=1e-9 * max(1, unit))


def test_scores_of_nothing_have_no_passages() -> None:
    chosen = passages(np.zeros(6), np.array([0, 3]), np.array([0, 3]))
    assert chosen.signs.tolist() == [0, 0] and chosen.firsts.tolist() == [0, 3]
    empty = np.zeros(0, dtype=np.int64)
    assert len(passages(np.zeros(0), empty, empty).firsts) == 0


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("The plot is thin, but I laughed", "the but"),
        ("Thin (and slow) throughout. Still: fun", "thin ( throughout still fun"),
        ("Seen at 10:30 on http://a.b and 1,000 times", "seen"),
        ("Slow—dull -- long – sad - end; over, well-made", "slow dull long sad end over well"),
    ],
)
def test_clauses_begin_where_a_reader_sees_it(text: str, begun: str) -> None:
    encoded = ak.load("imdb-cnn").tokenizer.encode([text])[0]
    sentences = sentence_starts(text, encoded.starts, encoded.ends)
    firsts = clause_starts(text, encoded.starts, sentences)
    assert [encoded.tokens[place] for place in firsts] == begun.split()
    assert set(sentences.tolist()) <= set(firsts.tolist())


def test_the_table_of_passages_adds_up_and_names_what_each_speaks_for() -> None:
    review = (
        "The film begins in a small town in the north. A man arrives by train and looks for a room. It is a boring, "
        "awful mess from the first scene to the last, the worst I have seen. He meets a woman who owns a hotel there."
    )
    why = ak.explain(ak.load("imdb-cnn"), review, views="attribution", target="neg")
    table = why.to_frame("passage")
    assert table["score"].sum() == pytest.approx(why.token_scores.total, abs=1e-12)
    assert table["tokens"].sum() == len(why.scores)
    (passage,) = table.loc[table["speaks"] == "for", "passage"]
    assert passage.startswith("It is a boring") or passage.startswith("awful mess")
    assert [review[a:b] for a, b in zip(table["start"], table["end"], strict=True)] == table["passage"].tolist()
