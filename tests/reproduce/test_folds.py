from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from attribkit.data import load_dataset
from attribkit.evaluation.sanity.randomised import correlations
from attribkit.reproduce.folds import duplicates, folds
from attribkit.reproduce.tfidf import tfidf_reference


@pytest.mark.data
def test_no_text_straddles_a_fold_and_labels_keep_their_shares(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTRIBKIT_DATA", str(data_folder))
    data = load_dataset("nlu_ru")
    told = duplicates(data)
    assert told["distinct_texts"] < told["rows"]
    parts = folds(data, 5, seed=0)
    tested = [text for part in parts for text in part.test["text"]]
    assert len(tested) == told["rows"]
    for part in parts:
        sides = [set(table["text"]) for table in (part.train, part.validation, part.test)]
        assert not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]
        shares = part.test["label"].value_counts(normalize=True)
        assert shares["2"] == pytest.approx(808 / 1522, abs=0.02)


@pytest.mark.data
def test_no_movie_is_on_both_sides_of_the_validation_split(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTRIBKIT_DATA", str(data_folder))
    data = load_dataset("imdb")
    assert len(data.validation) == 2_500 and not set(data.train["movie"]) & set(data.validation["movie"])


def test_the_reference_learns_the_demo_reviews() -> None:
    demo = load_dataset("demo")
    found = tfidf_reference(demo.train, demo.test, demo.labels)
    assert found.rows == len(demo.test) and found.accuracy > 0.8


def test_rank_correlation_is_taken_text_by_text() -> None:
    some = [np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0]), np.array([1.0, 1.0])]
    others = [np.array([10.0, 20.0, 30.0]), np.array([5.0, 4.0]), np.array([1.0, 2.0])]
    np.testing.assert_allclose(correlations(some, others), [1.0, -1.0, np.nan])


def test_folds_keep_groups_together_and_are_as_many_as_there_can_be() -> None:
    rows = [(f"film {n}", "neg" if n % 2 else "pos", f"group {n // 4}") for n in range(80)]
    data = load_dataset(pd.DataFrame(rows, columns=["text", "label", "movie"]), group="movie", seed=2)
    parts = folds(data, 4, seed=2)
    assert sorted(text for part in parts for text in part.test["text"]) == sorted(text for text, _, _ in rows)
    for part in parts:
        assert not set(part.test["movie"]) & (set(part.train["movie"]) | set(part.validation["movie"]))
    with pytest.raises(ValueError, match=r"from 2 folds to as many as the rarest label, '.*', has rows, 40, got 41"):
        folds(data, 41, seed=0)
