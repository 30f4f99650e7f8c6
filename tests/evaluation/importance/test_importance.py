"""Global word importance against an obvious count of the very same explanations."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import bootstrap_mean, run_means
from reviews import REVIEWS

import attribkit as ak
from attribkit.cli import main
from attribkit.evaluation.importance import WordImportance, word_importance
from attribkit.evaluation.importance.groups import Groups
from attribkit.models.classifier import Classifier
from attribkit.results.explanation import Explanation

TEXTS = [*REVIEWS, "zzz a good qqq"]


@pytest.fixture(scope="module")
def model(make_classifier: Callable[..., Classifier]) -> Classifier:
    return make_classifier()


@pytest.fixture(scope="module")
def found(model: Classifier) -> WordImportance:
    return word_importance(model, TEXTS, least=1, replicates=50)


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn"])
@pytest.mark.parametrize("labels", [("neg", "pos"), ("low", "middle", "high")])
def test_every_mean_and_count_is_the_obvious_one(
    make_classifier: Callable[..., Classifier], architecture: str, labels: tuple[str, ...]
) -> None:
    model = make_classifier(architecture, labels)
    found = word_importance(model, TEXTS, least=1, replicates=10)
    assert found.convergence.share == 1.0 and found.labels == labels
    for label in labels:
        rows: list[Explanation] = ak.explain(model, TEXTS, views="attribution", target=label)
        if len(labels) > 2:  # a word counts for a class in the texts that are given that class
            rows = [row for row in rows if row.prediction is not None and row.prediction.label == label]
        assert found.counted[label] == len(rows)
        # an unknown token is counted in no row, and no phrase reaches over it
        tokens = [
            [
                token if known else "¤"
                for token, known in zip(row.token_scores.tokens, row.token_scores.known, strict=True)
            ]
            for row in rows
        ]
        scores = [row.token_scores.scores.tolist() for row in rows]
        for table, column, lengths in ((found.words, "word", (1,)), (found.phrases, "phrase", (2, 3))):
            expected = {run: value for length in lengths for run, value in run_means(tokens, scores, length).items()}
            own = table[table["label"] == label].set_index(column)
            assert set(own.index) == set(expected)
            for run, (mean, occurrences, texts) in expected.items():
                assert own.loc[run, "score"] == pytest.approx(mean, abs=1e-5)
                assert (own.loc[run, "occurrences"], own.loc[run, "texts"]) == (occurrences, texts)


def test_of_two_classes_one_is_the_mirror_of_the_other(found: WordImportance) -> None:
    neg, pos = (found.words[found.words["label"] == label].set_index("word").sort_index() for label in ("neg", "pos"))
    assert np.allclose(neg["score"], -pos["score"]) and np.allclose(neg["low"], -pos["high"])
    assert np.allclose(neg["share_for"], pos["share_against"]) and np.allclose(neg["when_for"], -pos["when_against"])
    assert (neg["example_for"] == pos["example_against"]).all()


def test_the_words_that_speak_most_surely_for_a_class_come_first(found: WordImportance) -> None:
    own = found.words[found.words["label"] == "pos"]
    sure = (own["low"].clip(lower=0) + own["high"].clip(upper=0)).tolist()
    assert sure == sorted(sure, reverse=True)
    assert ((own["low"] <= own["score"]) & (own["score"] <= own["high"])).all()
    assert found.unknown == pytest.approx(2 / found.tokens)


def test_the_parts_of_a_mean_add_up_to_it(found: WordImportance) -> None:
    rows = found.words
    assert np.allclose(
        rows["share_for"] * rows["when_for"] + rows["share_against"] * rows["when_against"], rows["score"]
    )


def test_an_example_holds_the_word(found: WordImportance) -> None:
    for row in found.words.itertuples():
        assert row.word in str(row.example).lower() and row.word in str(row.example_for).lower()
    for row in found.phrases.itertuples():
        assert str(row.phrase) in " ".join(str(row.example).split())


def test_a_phrase_tells_more_than_its_parts(found: WordImportance) -> None:
    means = found.words[found.words["label"] == "pos"].set_index("word")["score"]
    for row in found.phrases[found.phrases["label"] == "pos"].itertuples():
        parts = str(row.phrase).split()
        assert row.alone == pytest.approx(sum(means[part] for part in parts))
        if len(parts) == 2:
            assert row.tells == (abs(float(str(row.score))) >= 1.25 * max(abs(means[part]) for part in parts))


def test_rare_words_are_left_out(model: Classifier) -> None:
    found = word_importance(model, TEXTS, least=3, replicates=5)
    assert set(found.words["word"]) == {"a", "good", "film"} and (found.words["texts"] >= 3).all()
    assert set(found.phrases["phrase"]) == {"a good", "good film", "a good film"}


@given(st.lists(st.lists(st.floats(-5, 5), max_size=3), min_size=1, max_size=6), st.integers(0, 5))
def test_the_interval_is_that_of_the_drawings(values: list[list[float]], seed: int) -> None:
    values[0] = [1.5, *values[0]]
    text = np.repeat(np.arange(len(values)), [len(some) for some in values])
    scores = np.array([score for some in values for score in some])
    groups = Groups(np.zeros(len(text), dtype=np.int64), text, scores, 1, len(values))
    low, high = groups.intervals(40, seed)
    counts = np.random.default_rng(seed).multinomial(len(values), np.full(len(values), 1 / len(values)), 40)
    draws = [np.repeat(np.arange(len(values)), row).tolist() for row in counts]
    means = bootstrap_mean(values, draws)
    means += [groups.means[0]] * (40 - len(means))
    ends = np.quantile(means, (0.025, 0.975))
    assert low[0] == pytest.approx(min(ends[0], groups.means[0]), abs=1e-4)
    assert high[0] == pytest.approx(max(ends[1], groups.means[0]), abs=1e-4)


def test_one_sided_words_are_counted_in_the_training_texts(model: Classifier) -> None:
    train = pd.DataFrame(
        {
            "text": ["good film", "good great", "a film", "bad film", "dull bad film", "a bad film", None],
            "label": ["pos", "pos", "pos", "neg", "neg", "neg", "neg"],
        }
    )
    found = word_importance(model, TEXTS, least=1, replicates=20, train=train)
    table = found.to_frame("one_sided")
    counts = {(row.label, row.word): (row.inside, row.outside) for row in table.itertuples()}
    assert counts.get(("pos", "good"), (2, 0)) == (2, 0) and ("pos", "film") not in counts
    assert set(table["word"]) <= {"good", "great", "bad", "dull"} and len(table)
    sure = found.words[found.words["low"].gt(0) | found.words["high"].lt(0)]
    assert set(zip(table["label"], table["word"], strict=True)) <= set(zip(sure["label"], sure["word"], strict=True))
    assert any("One-sided words" in panel.title for panel in found.panels() if table["score"].gt(0).any())


def test_the_result_is_saved_shown_and_the_same_every_time(
    model: Classifier, found: WordImportance, tmp_path: Path
) -> None:
    assert word_importance(model, TEXTS, least=1, replicates=50).words.equals(found.words)
    found.save(tmp_path / "words.html")
    found.save(tmp_path / "words.png")
    found.save(tmp_path / "words.csv")
    assert "Words that speak for “neg”" in (tmp_path / "words.html").read_text(encoding="utf-8")
    rows = pd.read_csv(tmp_path / "words.csv", keep_default_na=False)
    assert len(rows) == len(found.words) + len(found.phrases)
    assert "words and" in repr(found) and "Words that speak" in found._repr_html_()


def test_too_many_texts_are_sampled_and_said_so(model: Classifier) -> None:
    found = word_importance(model, TEXTS, least=1, most=3, replicates=5)
    assert found.texts == 3 and "3 of 7 texts were explained, drawn with seed 0" in found.notes


def test_what_cannot_be_counted_is_refused(model: Classifier, found: WordImportance) -> None:
    with pytest.raises(ValueError, match="`least` must be at least 1, got 0"):
        word_importance(model, TEXTS, least=0)
    with pytest.raises(ValueError, match="give them as `train`"):
        found.to_frame("one_sided")
    with pytest.raises(ValueError, match="`what` must be 'words', 'phrases' or 'one_sided', got 'letters'"):
        found.to_frame("letters")
    with pytest.raises(ValueError, match="`most` must be at least 1 row"):
        found.panels(0)
    with pytest.raises(ValueError, match="no label of `train` is one of the model's 'neg', 'pos'"):
        word_importance(model, TEXTS, train=pd.DataFrame({"text": ["a"], "label": ["meh"]}))


def test_the_command_writes_a_page_and_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "texts.csv").write_text("text,label\n" + "\n".join(f"{text.replace(',', '')},pos" for text in TEXTS))
    page, table = tmp_path / "words.html", tmp_path / "words.csv"
    with pytest.raises(SystemExit) as exit:
        main(
            ["words", "imdb-cnn", str(tmp_path / "texts.csv"), "--least", "2", "--out", str(page), "--out", str(table)]
        )
    assert not exit.value.code and "7 texts (all rows)" in capsys.readouterr().out
    assert page.is_file() and len(pd.read_csv(table)) > 4
