"""Label errors and duplicates: found where they were put, by models that never saw the row."""

from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import attribkit as ak
from attribkit.cli import app
from attribkit.influence import LabelErrors
from attribkit.influence.duplicates import duplicates
from attribkit.influence.held_out_margins import folds, layer_logits, word_logits
from attribkit.last_layer.features import Features, with_bias
from attribkit.last_layer.softmax_regression import fit
from attribkit.models.classifier import Classifier
from attribkit.progress import silent

NOUNS = ("plot", "acting", "music", "cast", "script", "camera", "ending")
WORDS = {
    "pos": ("great", "excellent", "wonderful", "superb", "perfect", "amazing"),
    "neg": ("awful", "terrible", "boring", "horrible", "worst", "poor"),
}
FLIPPED = [3, 50, 77, 120, 160, 199]


def rows() -> pd.DataFrame:
    """200 generated rows of which six have the wrong label."""
    random = np.random.default_rng(0)
    table = pd.DataFrame({"label": random.permutation(["pos", "neg"] * 100)})
    drawn = [
        (*random.choice(NOUNS, 2, replace=False), *random.choice(WORDS[name], 2, replace=False))
        for name in table["label"]
    ]
    table["text"] = [f"the {noun} was {word} and the {other} {more}" for noun, other, word, more in drawn]
    table.loc[FLIPPED, "label"] = table.loc[FLIPPED, "label"].map({"pos": "neg", "neg": "pos"})
    return table


@cache
def ranked() -> LabelErrors:
    return ak.label_errors(model(), rows(), most=3)


def model() -> Classifier:
    return ak.load("imdb-cnn", "cpu")


def test_wrong_labels_come_first_and_are_explained() -> None:
    table = ranked().to_frame()
    assert len(table) == 200 and table["margin"].is_monotonic_increasing
    assert set(table["row"].head(8)) >= set(FLIPPED)
    wrong = table[table["row"].isin(FLIPPED)]
    assert (wrong["suggested"] != wrong["label"]).all()
    assert len(ranked().explained) == 3
    for why, row in zip(ranked().explained, table.to_dict("records"), strict=False):
        assert why.text == row["text"] and why.provenance["row"] == row["row"]
        assert why.token_scores.target == row["suggested"]
        assert why.prediction is not None and why.prediction.true_label == row["label"]


def test_with_many_labels_a_row_is_a_suspect_only_where_another_label_is_likelier(
    make_classifier: Callable[..., Classifier],
) -> None:
    """The likeliest of nine labels may have less than a half: its log-odds are negative, and it is not doubted."""
    labels = tuple(f"label {place}" for place in range(9))
    random = np.random.default_rng(2)
    chosen = random.permutation(np.repeat(np.arange(9), 12))
    words = [["good", "bad", "dull", "great", "best", "film", "movie", "story", "plot"][place] for place in chosen]
    texts = [f"{word} the a {place}" for place, word in enumerate(words)]
    table = pd.DataFrame({"text": texts, "label": [labels[place] for place in chosen]})
    errors = ak.label_errors(make_classifier("cnn", labels=labels), table, most=0)
    rows, suspects = errors.to_frame(), errors.suspects
    assert (suspects["suggested"] != suspects["label"]).all() and len(suspects) < (rows["margin"] < 0).sum()
    kept = rows.drop(suspects.index)
    assert len(kept) and (kept["suggested"] == kept["label"]).all()
    assert f"{len(suspects):,} of {len(rows):,} rows" in errors.summary()
    read = LabelErrors.from_json(errors.to_json())
    assert set(read.suspects["row"]) == set(suspects["row"]) & set(read.rows["row"])


def test_self_influence_is_what_a_row_loses_of_its_own_label() -> None:
    table = ranked().to_frame()
    assert (table["self_influence"] > 0).all()
    assert table[table["row"].isin(FLIPPED)]["self_influence"].median() > table["self_influence"].median()


def test_the_margin_of_a_row_knows_nothing_of_its_label() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(60, 3)).astype(np.float32)
    labels = (values[:, 0] + random.normal(size=60) > 0).astype(np.int64)
    texts = [f"text {number}" for number in range(60)]
    features = Features(values, np.zeros((60, 2)))
    fold = folds(texts, labels, 5, 0)
    margins = layer_logits(features, fit(features, labels, 2, 0.1), fold)
    held = fold == 2
    alone = fit(Features(values[~held], np.zeros((48, 2))), labels[~held], 2, 0.1)
    assert np.allclose(margins[held], alone.logits(with_bias(values[held])), atol=1e-9)


@given(seed=st.integers(0, 999), count=st.integers(2, 5))
def test_folds_are_even_within_a_label_and_copies_share_theirs(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    texts = [f"text {number}" for number in random.integers(0, 30, 60)]
    labels = np.array([int(text[5:]) % 2 for text in texts])
    fold = folds(texts, labels, count, seed)
    by_text = pd.DataFrame({"text": texts, "fold": fold, "label": labels}).drop_duplicates()
    assert by_text["text"].is_unique
    for _, own in by_text.groupby("label"):
        sizes = np.bincount(own["fold"], minlength=count)
        assert sizes.max() - sizes.min() <= 1


def words_of(text: str) -> set[tuple[str, ...]]:
    parts = text.lower().split()
    size = min(5, len(parts))
    return {tuple(parts[place : place + size]) for place in range(len(parts) - size + 1)}


def test_duplicates_are_those_that_comparing_all_pairs_finds() -> None:
    random = np.random.default_rng(1)
    texts = [" ".join(f"w{number}" for number in random.integers(0, 300, 60)) for _ in range(40)]
    texts += [texts[0], texts[1].upper(), " ".join(texts[2].split()[:-3]), " ".join(["new", *texts[3].split()]), "one"]
    pairs = {(pair.first, pair.second): pair.jaccard for pair in duplicates(texts)}
    slow = {}
    for first, second in combinations(range(len(texts)), 2):
        a, b = words_of(texts[first]), words_of(texts[second])
        if len(a & b) / len(a | b) >= 0.8:
            slow[first, second] = len(a & b) / len(a | b)
    assert pairs == pytest.approx(slow) and set(pairs) == {(0, 40), (1, 41), (2, 42), (3, 43)}


def test_each_further_copy_is_paired_with_the_first_and_empty_texts_with_none() -> None:
    pairs = duplicates(["a b", "", "A  b!", "...", "a, b", ""])
    assert [(pair.first, pair.second, pair.jaccard) for pair in pairs] == [(0, 2, 1.0), (0, 4, 1.0)]


@settings(max_examples=20)
@given(st.lists(st.text("ab ", max_size=12), max_size=12), st.randoms(use_true_random=False))
def test_duplicates_do_not_depend_on_the_order(texts: list[str], random: "np.random.Generator") -> None:
    shuffled = texts.copy()
    random.shuffle(shuffled)
    assert len(duplicates(texts)) == len(duplicates(shuffled))


def test_texts_in_two_splits_are_named() -> None:
    data = ak.load_dataset("demo").sample(60)
    test = pd.concat([data.test, data.train.head(2)], ignore_index=True)
    tables = {"train": data.train, "test": test}
    result = ak.label_errors(model(), tables, most=0)
    across = result.copies[result.copies["first_split"] != result.copies["second_split"]]
    assert set(data.train["text"].head(2)) <= set(across["text"])
    assert "across splits" in result.summary()


def test_the_suspects_are_saved_as_csv_and_the_tables_read_again(tmp_path: Path) -> None:
    table = pd.read_csv(ranked().save(tmp_path / "suspects.csv"))
    assert table["row"].tolist() == ranked().suspects["row"].tolist()
    again = LabelErrors.load(ranked().save(tmp_path / "rows.json"))
    assert again == ranked() and again.rows["row"].tolist() == ranked().rows["row"].head(50).tolist()


def test_the_command_writes_the_suspects_and_a_page(tmp_path: Path) -> None:
    rows().to_csv(tmp_path / "rows.csv", index=False)
    out = [str(tmp_path / "suspects.csv"), str(tmp_path / "page.html")]
    command = ["clean", str(tmp_path / "rows.csv"), "--model", "imdb-cnn", "--most", "2", "--no-words"]
    result = CliRunner().invoke(app, [*command, "--out", out[0], "--out", out[1], "--device", "cpu"])
    assert result.exit_code == 0, result.output
    assert "have a label that models without them doubt" in result.output
    assert set(FLIPPED) <= set(pd.read_csv(out[0])["row"]) and "Rows to look at" in Path(out[1]).read_text()


def test_suspects_have_the_files_row_numbers_and_all_its_columns(tmp_path: Path) -> None:
    given = rows().assign(ticket_id=[f"T-{number}" for number in range(200)], margin="mine")
    given.loc[10, "text"] = ""  # a row that is left out does not move the numbers of the others
    given.rename(columns={"text": "message", "label": "category"}).to_csv(tmp_path / "rows.csv", index=False)
    command = ["clean", str(tmp_path / "rows.csv"), "--model", "imdb-cnn", "--most", "0", "--no-words"]
    out = tmp_path / "suspects.csv"
    result = CliRunner().invoke(app, [*command, "--out", str(out), "--device", "cpu"])
    assert result.exit_code == 0, result.output
    suspects = pd.read_csv(out)
    assert set(FLIPPED) <= set(suspects["row"])
    own = given.loc[suspects["row"]]
    assert suspects["text"].tolist() == own["text"].tolist() and suspects["label"].tolist() == own["label"].tolist()
    assert suspects["ticket_id"].tolist() == own["ticket_id"].tolist()
    assert set(suspects["other_margin"]) == {"mine"} and suspects["margin"].dtype == float


def test_what_cannot_be_ranked_is_refused() -> None:
    table = rows()
    with pytest.raises(ValueError, match="rows with labels were expected, got only text"):
        ak.label_errors(model(), table[["text"]])
    with pytest.raises(ValueError, match="each label needs two rows or more, got 0 of 'neg'"):
        ak.label_errors(model(), table[table["label"] == "pos"])
    numbered = table.assign(label=(table["label"] == "pos").astype(int))
    with pytest.raises(ValueError, match="no row has a label that the model knows: it knows 'neg', 'pos', the rows ha"):
        ak.label_errors(model(), numbered)
    with pytest.raises(ValueError, match="rows with labels were expected, got an empty table"):
        ak.label_errors(model(), table.head(0))
    with pytest.raises(ValueError, match="`parts` must be at least 2, got 1"):
        ak.label_errors(model(), table, parts=1)
    with pytest.raises(ValueError, match="at least 10 rows are needed for 5 parts, got 8"):
        ak.label_errors(model(), table.head(8))
    with pytest.raises(ValueError, match="`near` must be a share above 0 and at most 1, got 0"):
        ak.label_errors(model(), table, near=0)
    with pytest.raises(TypeError, match="a Classifier was expected, got str"):
        ak.label_errors("imdb-cnn", table)  # type: ignore[arg-type]  # on purpose


def test_the_labels_of_a_column_that_only_the_model_knows_are_read_for_copies_too(tmp_path: Path) -> None:
    rows = ak.load_dataset("demo").sample(20).train
    rows = pd.concat([rows, rows.head(1)])
    file = tmp_path / "tickets.csv"
    table = pd.DataFrame({"message": rows["text"], "team": rows["label"], "id": range(len(rows))})
    table.to_csv(file, index=False)
    trained = ak.load("imdb-cnn").copy()
    trained.provenance = {**trained.provenance, "split": {"text": "message", "label": "team"}}
    doubts = ak.label_errors(trained, file, most=0, parts=2)
    assert doubts.copies["first_label"].tolist() == [rows["label"].iloc[0]] and len(doubts.rows) == len(rows)


def test_where_a_part_leaves_one_class_the_model_of_words_says_nothing() -> None:
    texts = ["good film", "great film", "dull film", "bad film"]
    logits = word_logits(texts, np.array([0, 0, 1, 1]), 2, np.array([0, 0, 1, 1]), silent)
    assert np.allclose(logits, -np.log(2))
