"""Data sets from every kind of source: what is kept, what is dropped and said, what is refused and why."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import printed
from hypothesis import given, settings
from hypothesis import strategies as st

from attribkit.data import NAMED_SETS, Dataset, load_dataset
from attribkit.data.split import connected_rows


def reviews(rows=40, **columns):
    """A balanced table of distinct texts."""
    texts = [f"sentence number {number}" for number in range(rows)]
    return pd.DataFrame({"text": texts, "label": ["neg", "pos"] * (rows // 2), **columns})


def whole(data):
    return pd.concat([data.train, data.validation, data.test], ignore_index=True)


def test_a_table_is_split_by_label_and_nothing_is_lost():
    data = load_dataset(reviews(200), validation=0.15, test=0.15)
    assert [len(table) for table in (data.train, data.validation, data.test)] == [140, 30, 30]
    assert sorted(whole(data)["text"]) == sorted(reviews(200)["text"])
    summary = data.counts()
    assert summary.columns.tolist() == ["split", "label", "rows", "share"]
    assert summary["rows"].tolist() == [70, 70, 15, 15, 15, 15]
    assert (summary["share"] == 0.5).all()
    assert data.notes == (
        "From the 200 training rows validation (30 rows) and test (30 rows) were cut: stratified by label, seed 0.",
    )


def test_the_tables_have_text_and_label_first_and_a_fresh_index():
    table = reviews(40, rating=range(40)).iloc[::-1][["rating", "label", "text"]]
    data = load_dataset(table)
    for part in (data.train, data.validation, data.test):
        assert list(part.columns) == ["text", "label", "rating"]
        assert part.index.equals(pd.RangeIndex(len(part)))
        assert all(row.text == f"sentence number {row.rating}" for row in part.itertuples())


def test_the_table_given_is_left_as_it_was():
    table = reviews()
    before = table.copy(deep=True)
    load_dataset(table, text="text")
    pd.testing.assert_frame_equal(table, before)


def test_the_same_seed_gives_the_same_split_and_fingerprint():
    first, again, other = (load_dataset(reviews(), seed=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first.test, again.test)
    assert first.fingerprint == again.fingerprint != other.fingerprint


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=60, max_size=120), st.integers(0, 99))
def test_a_groups_rows_and_equal_texts_stay_on_one_side(films, seed):
    rows = len(films)
    table = pd.DataFrame({"text": [f"text {n // 2}" for n in range(rows)], "film": films})
    table["label"] = [("a", "b", "b", "a")[n % 4] for n in range(rows)]
    try:
        data = load_dataset(table, group="film", seed=seed, test=0)
    except ValueError as error:
        assert "must stay together" in str(error)
        assert len(set(connected_rows(table["text"].tolist(), films))) < 4
        return
    for column in ("film", "text"):
        assert not set(data.train[column]) & set(data.validation[column])
    assert len(whole(data)) == rows


def test_equal_texts_never_straddle_a_split_even_without_a_group():
    table = pd.concat([reviews(40), reviews(40), reviews(40)], ignore_index=True)
    data = load_dataset(table)
    sides = [set(part["text"]) for part in (data.train, data.validation, data.test)]
    assert sum(map(len, sides)) == 40


def test_rows_without_a_group_bind_nothing():
    table = reviews(40, film=[None] * 20 + [1.0] * 20)
    data = load_dataset(table, group="film", test=0, validation=0.2)
    assert len(data.validation) == 8


def test_a_text_with_two_labels_is_reported():
    table = pd.concat([reviews(), pd.DataFrame({"text": ["sentence number 0"], "label": ["pos"]})])
    assert "1 text to train on or cut from carried more than one label." in load_dataset(table).notes


def test_splits_that_the_source_brings_are_kept_in_their_order():
    given = {name: reviews(10).replace("sentence", name, regex=True) for name in ("test", "dev", "train")}
    data = load_dataset(given)
    assert data.train["text"].tolist() == given["train"]["text"].tolist()
    assert data.validation["text"].tolist() == given["dev"]["text"].tolist()
    assert data.notes == ()


def test_only_the_split_that_is_lacking_is_cut():
    data = load_dataset({"train": reviews(100), "test": reviews(10)}, validation=0.2, test=0.5)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [80, 20, 10]
    assert data.notes[0] == "The source's own train and test splits share 10 texts; they were left so."
    assert data.notes[1].startswith("From the 100 training rows validation (20 rows) was cut")


def test_shares_of_nothing_leave_empty_tables_with_the_same_columns():
    data = load_dataset(reviews(), validation=0, test=0)
    assert len(data.train) == 40 and len(data.validation) == len(data.test) == 0
    assert list(data.test.columns) == ["text", "label"]
    assert data.fingerprint and len(data.counts()) == 6


def test_unusable_rows_are_dropped_counted_and_reported():
    table = reviews(46)
    table["text"] = table["text"].astype(object)
    table.loc[[0, 1, 2, 3], "text"] = ["", " \n\t\u00a0", None, np.nan]
    table["label"] = table["label"].astype(object)
    table.loc[[4, 5], "label"] = [None, "  "]
    data = load_dataset(table)
    assert len(whole(data)) == 40
    assert data.notes[:2] == ("Dropped 4 rows whose text is empty.", "Dropped 2 rows without a label.")


def test_dropped_rows_are_counted_by_split():
    tables = {"train": pd.concat([reviews(10), reviews(10).assign(text="")]), "test": reviews(4)}
    tables["test"].loc[0, "text"] = " "
    assert "Dropped 11 rows whose text is empty (train 10, test 1)." in load_dataset(tables).notes


def test_the_word_null_is_a_text(tmp_path):
    table = pd.concat([reviews(40), pd.DataFrame({"text": ["null", "NA"], "label": ["neg", "pos"]})])
    table.to_csv(tmp_path / "a.csv", index=False)
    assert {"null", "NA"} <= set(whole(load_dataset(tmp_path / "a.csv"))["text"])


def test_texts_are_kept_to_the_character():
    odd = [
        " leading and trailing ",
        "<br />",
        "NUL \0 byte",
        "emoji 🎬",
        "שלום",
        "$x_1$",
        "[PAD]",
        "two\r\nlines",
        "\ufeff.",
    ]
    table = pd.concat([reviews(), pd.DataFrame({"text": odd, "label": ["neg"] * len(odd)})])
    assert set(odd) <= set(whole(load_dataset(table))["text"])


def test_half_a_surrogate_pair_in_a_label_is_refused_and_in_a_data_set_of_ones_own_is_no_fault():
    table = reviews().astype(object)
    table.loc[3, "label"] = "pos\ud800"
    refusal = r"labels must be text, but row 3 of column 'label' in .* holds a lone surrogate"
    with pytest.raises(ValueError, match=refusal):
        load_dataset(table)
    with pytest.raises(ValueError, match=refusal):
        load_dataset(table, label_separator="|")
    rows = reviews().astype(object)
    rows.loc[3, "text"] = "a \ud800"
    own = Dataset("own", rows, rows[:0], rows[:0], "memory")
    assert own.fingerprint != Dataset("own", reviews(), rows[:0], rows[:0], "memory").fingerprint


def test_lone_surrogates_are_replaced_and_reported(tmp_path):
    lines = [f'{{"text": "number {n}", "label": {n % 2}}}\n' for n in range(40)]
    (tmp_path / "a.jsonl").write_text('{"text": "half \\ud83d an emoji", "label": 1}\n' + "".join(lines))
    data = load_dataset(tmp_path / "a.jsonl")
    assert "half \ufffd an emoji" in set(whole(data)["text"])
    assert data.notes[0] == "Replaced lone surrogates, which are no characters, by U+FFFD in 1 row."
    assert len(data.fingerprint) == 64


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([1, 10, 2], ("1", "2", "10")),
        ([1.0, np.nan, 2.0], ("1", "2")),
        ([True, False, None], ("False", "True")),
        ([-1, 1, 0], ("-1", "0", "1")),
        ([0.5, 1.0, 0.5], ("0.5", "1")),
        (["b", "a", "10"], ("10", "a", "b")),
        (["²", "1", "2"], ("1", "2", "²")),
        ([" pos", "pos", "neg "], ("neg", "pos")),
        (pd.array([3, None, 1], dtype="Int64"), ("1", "3")),
        (pd.Categorical(["x", "y", None]), ("x", "y")),
    ],
)
def test_labels_become_strings_sorted_by_value_where_all_are_integers(labels, expected):
    table = pd.DataFrame({"text": [f"text {n}" for n in range(3)], "label": labels})
    table = pd.concat([table] * 20, ignore_index=True)
    table["text"] = [f"text {n}" for n in range(60)]
    data = load_dataset(table)
    assert data.labels == expected
    assert all(isinstance(label, str) for label in data.train["label"])


def test_spaces_around_labels_are_removed_and_reported():
    data = load_dataset(reviews().replace({"label": {"pos": "pos "}}))
    assert data.labels == ("neg", "pos")
    assert data.notes[0] == "Removed spaces around the label of 20 rows."


@pytest.mark.parametrize(
    ("columns", "text", "label"),
    [
        (["Review", "Sentiment"], "Review", "Sentiment"),
        (["id", "sentence", "class"], "sentence", "class"),
        (["text", "emotion"], "text", "emotion"),
        (["intent", "was_gesagt_wurde"], "was_gesagt_wurde", "intent"),
        (["Unnamed: 0", "text", "mood"], "text", "mood"),
    ],
)
def test_columns_are_guessed_by_their_names_and_the_guess_is_said(columns, text, label):
    values = {text: reviews()["text"], label: reviews()["label"]}
    table = pd.DataFrame({name: values.get(name, range(40)) for name in columns})
    data = load_dataset(table)
    assert data.labels == ("neg", "pos") and data.train["text"].str.startswith("sentence").all()
    assert data.notes[0] == f"Column {text!r} was read as the text and column {label!r} as the label."


def test_columns_can_be_chosen_and_a_namesake_keeps_its_values_under_another_name():
    table = reviews(40, title=[f"title {n}" for n in range(40)], mood=["x", "y"] * 20)
    data = load_dataset(table, text="title", label="mood")
    assert data.labels == ("x", "y") and data.train["text"].str.startswith("title").all()
    assert list(data.train.columns) == ["text", "label", "other_text", "other_label"]
    assert data.train["other_text"].str.startswith("sentence").all()
    assert not any("was read as" in note for note in data.notes)


def test_the_fingerprint_sees_texts_labels_and_order_but_no_other_column():
    def fingerprint(table):
        return load_dataset({"train": table, "dev": reviews(4), "test": reviews(4)}).fingerprint

    table = reviews(10)
    same = fingerprint(table)
    assert fingerprint(table.assign(rating=1)) == same == fingerprint(table[["label", "text"]])
    assert fingerprint(table.iloc[::-1]) != same
    assert fingerprint(table.assign(label=table["label"].iloc[::-1].tolist())) != same
    joined = table.copy()
    joined.loc[0, ["text", "label"]] = ["sentence number 0n", "eg"]
    assert fingerprint(pd.concat([joined, joined.head(1)])) != fingerprint(pd.concat([table, table.head(1)]))


def test_a_data_set_shows_itself_in_one_line_and_never_an_absolute_path(tmp_path):
    reviews().to_csv(tmp_path / "my reviews.csv", index=False)
    data = load_dataset(tmp_path / "my reviews.csv")
    assert repr(data) == "Dataset('my reviews', train=28, validation=4, test=8, labels='neg', 'pos')"
    assert (data.name, data.source) == ("my reviews", "my reviews.csv")
    assert str(tmp_path) not in " ".join((data.source, *data.notes))


def test_folders_are_read_and_named(tmp_path, monkeypatch):
    for split, rows in (("train", 20), ("val", 4), ("test", 6)):
        reviews(rows).to_csv(tmp_path / f"{split}.csv", index=False)
    monkeypatch.chdir(tmp_path)
    data = load_dataset(".")
    assert data.name == tmp_path.name
    assert [len(part) for part in (data.train, data.validation, data.test)] == [20, 4, 6]


def test_a_folder_of_label_folders_is_split(tmp_path):
    for number in range(40):
        path = tmp_path / "set" / ("good", "bad")[number % 2] / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"review {number}")
    data = load_dataset(str(tmp_path / "set"))
    assert data.labels == ("bad", "good") and len(data.test) == 8


def test_the_demo_needs_nothing_and_says_that_it_is_synthetic(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTRIBKIT_CACHE", str(tmp_path))
    data = load_dataset("demo", seed=1)
    assert data.fingerprint == load_dataset("demo", seed=2).fingerprint
    assert list(data.train.columns) == ["text", "label", "rationale", "construction"]
    assert any("synthetic" in note for note in data.notes)
    assert not list(tmp_path.iterdir())
    row = data.test.iloc[0]
    assert all(row["text"][start:end].strip() for start, end in row["rationale"])


@pytest.fixture
def named_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTRIBKIT_DATA", str(tmp_path))
    for name in ("imdb", "ag_news", "nlu_ru"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_imdb_is_grouped_by_film_unless_another_column_is_named(named_folder):
    table = reviews(80, movie=[f"tt{n // 4}" for n in range(80)], rating=[n // 20 for n in range(80)])
    for split in ("train", "test"):
        table.to_parquet(named_folder / "imdb" / f"{split}.parquet")
    data = load_dataset("imdb")
    assert len(data.test) == 80 and len(data.validation) == 8
    assert not set(data.train["movie"]) & set(data.validation["movie"])
    assert "The source's own train and test splits share 20 values of 'movie'; they were left so." in data.notes
    other = load_dataset("imdb", group="rating", validation=0.25)
    assert set(other.validation["rating"]).isdisjoint(other.train["rating"])


def test_nlu_ru_is_read_whole_with_its_windows_line_ends(named_folder):
    lines = [f"{1 + n % 3}\tответ {n // 2}\r\n" for n in range(60)]
    (named_folder / "nlu_ru" / "NLU_data_2.txt").write_bytes("".join(lines).encode())
    data = load_dataset("nlu_ru")
    assert data.labels == ("1", "2", "3") and len(whole(data)) == 60
    assert not whole(data)["text"].str.contains("\r").any()
    (named_folder / "nlu_ru" / "NLU_data_2.txt").write_bytes("1\tда\r\nнет\r\n".encode())
    with pytest.raises(ValueError, match=r"line 2 of 'NLU_data_2.txt' should read label TAB text"):
        load_dataset("nlu_ru")


def test_a_broken_file_of_a_named_set_is_named(named_folder):
    (named_folder / "imdb" / "train.parquet").write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"'train.parquet' is not a readable Parquet file; write it anew or fetch it"):
        load_dataset("imdb")


def test_an_unknown_name_lists_the_known_and_suggests_the_near(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = r"'imbd' is neither a known data set \('imdb', 'ag_news', 'nlu_ru', 'demo'\) .*; did you mean 'imdb'\?"
    with pytest.raises(ValueError, match=message):
        load_dataset("imbd")
    with pytest.raises(ValueError, match="choose one of them or give a path"):
        load_dataset("zzz")
    assert NAMED_SETS == ("imdb", "ag_news", "nlu_ru", "demo")


def test_a_folder_bearing_a_sets_name_is_reached_by_its_path(tmp_path, monkeypatch):
    (tmp_path / "demo").mkdir()
    reviews().to_csv(tmp_path / "demo" / "train.csv", index=False)
    monkeypatch.chdir(tmp_path)
    assert len(whole(load_dataset("./demo"))) == len(whole(load_dataset(Path("demo")))) == 40
    assert len(load_dataset("demo").train) == 2000


def test_a_missing_file_names_those_there(tmp_path):
    reviews().to_csv(tmp_path / "reviews.csv", index=False)
    with pytest.raises(
        FileNotFoundError, match=r"no 'review.csv' .* holds 'reviews.csv'; did you mean 'reviews.csv'\?"
    ):
        load_dataset(tmp_path / "review.csv")


@pytest.mark.parametrize("text", ["a whole text instead of a path " * 200, "nul\0byte", "dir/" + "x" * 300 + ".csv"])
def test_what_no_path_can_be_is_refused_in_one_short_sentence(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        load_dataset(text)
    assert len(str(caught.value)) < 400 and ("neither a known" in str(caught.value) or "no '" in str(caught.value))


def test_columns_that_cannot_be_told_by_their_names_are_proposed_by_their_content():
    table = pd.DataFrame(
        {
            "id": [f"T-{number}" for number in range(40)],
            "what": [f"film number {number} was seen" for number in range(40)],
            "kind": ["good", "bad"] * 20,
        }
    )
    proposal = re.escape("cannot be told from 'id', 'what', 'kind'; did you mean `text='what'`, `label='kind'`?")
    with pytest.raises(ValueError, match=proposal):
        load_dataset(table)
    with pytest.raises(ValueError, match=re.escape("did you mean `text='id'`, `label='kind'`?")):
        load_dataset(table, text="id")
    with pytest.raises(ValueError, match="name it with `label`"):  # neither names of rows nor texts are labels
        load_dataset(table[["id", "what"]].assign(other=table["what"]), text="what")
    with pytest.raises(ValueError, match="name it with `text`"):  # the first line of a file may be a row
        load_dataset(table.set_axis(["1", "a film that I have seen three times", "good"], axis=1))


def labelled(*labels):
    return pd.DataFrame({"text": [f"text {n}" for n in range(len(labels))], "label": labels})


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (reviews(), {"text": "txt"}, r"has no column 'txt', only 'text', 'label'; did you mean 'text'\?"),
        (reviews(), {"label": "stars"}, "has no column 'stars', only 'text', 'label'; choose one of them with `label`"),
        (
            reviews().set_axis(["a", "b"], axis=1),
            {},
            r"holds the texts cannot be told from 'a', 'b'; did you mean `text='a'`, `label='b'`\?",
        ),
        (reviews(mood=1)[["text", "mood"]].assign(z=1), {}, "holds the labels cannot be told .* name it with `label`"),
        (reviews(), {"text": "label", "label": "label"}, "`text` and `label` both name the column 'label'"),
        (reviews().set_axis(["text", "text"], axis=1), {"label": "text"}, "cannot be told|columns named 'text'"),
        (reviews().set_axis(["text"] * 2, axis=1).assign(label="a"), {}, "has 2 columns named 'text'; rename all but"),
        (labelled("a", "a", "a"), {}, "needs two classes, but every row .* is labelled 'a'"),
        (labelled("a", "a", "a", "b", "c"), {}, "each class needs 2 rows, but .* has only one of 'b', 'c'; add rows"),
        (reviews().assign(text=" "), {}, "no usable row is left of the 40 in .*: 40 have an empty text and 0 no label"),
        (reviews().head(0), {}, "no usable row is left of the 0"),
        (reviews(), {"group": "film"}, "has no column 'film' to group by, only 'text', 'label'; choose one"),
        (reviews(), {"validation": 0.5, "test": 0.5}, r"must leave rows to train on, but 0.5 \+ 0.5 is not below 1"),
        (reviews(), {"validation": -0.1}, "`validation` must be a share of the rows, at least 0 and below 1, got -0.1"),
        (reviews(), {"test": 15}, "`test` must be a share of the rows, at least 0 and below 1, got 15"),
        (reviews(), {"test": float("nan")}, "`test` must be a share of the rows"),
        (reviews(film=1), {"group": "film"}, "40 rows in 1 group that must stay together are too few"),
        (
            {"train": reviews(), "test": labelled("a", "pos")},
            {},
            "test table .* never sees: 'a'; training has 'neg', 'pos'",
        ),
        ({"train": reviews(), "dev": labelled("7", "pos")}, {}, "the validation table of .* never sees: '7'"),
        ({"train": reviews(), "tset": reviews()}, {}, "named 'train', 'validation' and 'test', .* got 'train', 'tset'"),
        ({"dev": reviews(), "val": reviews()}, {}, "each once, got 'dev', 'val'"),
        ({"test": reviews()}, {}, "has 'test' but nothing to train on; add a train table"),
        ({}, {}, "nothing to train on"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_cure(table, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        load_dataset(table, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (reviews().assign(text=range(40)), {}, "texts must be strings, but row 0 of column 'text' .* holds a int"),
        (reviews().assign(text=[b"x"] * 40), {}, "holds a bytes; choose another column with `text` or convert it"),
        (reviews().assign(label=[[1]] * 40), {}, "labels must be strings or numbers, but row 0 .* holds a list"),
        (reviews(tags=[[1]] * 40), {"group": "tags"}, "column 'tags' .* cannot group rows .*; choose one of strings"),
        (["a text"], {}, "a data set is a name, a path, a pandas table or a dict of tables by split, got list"),
        ({"train": ["a"]}, {}, "the train table must be a pandas DataFrame, got list"),
        (reviews(), {"seed": "0"}, "`seed` must be an integer, got '0'"),
        (reviews(), {"test": "0.2"}, "`test` must be a share between 0 and 1, got '0.2'"),
        (reviews(), {"validation": True}, "`validation` must be a share between 0 and 1, got True"),
    ],
)
def test_what_is_of_the_wrong_kind_is_a_type_error_that_says_so(source, options, message):
    with pytest.raises(TypeError, match=message):
        load_dataset(source, **options)


def test_a_class_too_rare_for_every_split_is_reported():
    data = load_dataset(labelled(*["a"] * 30, *["b"] * 30, "c", "c"))
    assert "c" in data.labels
    assert any(note.startswith("No row of 'c' fell to") for note in data.notes)


def test_importing_the_data_modules_loads_neither_torch_nor_matplotlib():
    code = "import sys, attribkit.data; print({'torch', 'matplotlib', 'lightning'} & set(sys.modules))"
    assert printed(code) == "set()"


@pytest.mark.parametrize(
    ("name", "labels", "sizes"),
    [
        ("imdb", ("neg", "pos"), (22_500, 2_500, 25_000)),
        ("ag_news", ("Business", "Sci/Tech", "Sports", "World"), (32_026, 3_558, 7_600)),
        ("nlu_ru", ("1", "2", "3"), (1_065, 152, 305)),
    ],
)
def test_the_real_sets_are_loaded_whole_and_leak_nothing_into_validation(name, labels, sizes, data_folder, monkeypatch):
    monkeypatch.setenv("ATTRIBKIT_DATA", str(data_folder))
    data = load_dataset(name)
    assert data.labels == labels
    assert tuple(len(part) for part in (data.train, data.validation, data.test)) == sizes
    assert not set(data.train["text"]) & set(data.validation["text"])
    if name == "imdb":
        assert not set(data.train["movie"]) & set(data.validation["movie"])
        assert data.validation["label"].value_counts().tolist() == [1_250, 1_250]


def test_a_data_set_can_be_built_by_hand():
    data = Dataset("own", reviews(4), reviews(2), reviews(2), "by hand")
    assert data.labels == ("neg", "pos") and data.notes == ()


def test_a_data_set_says_how_it_was_cut_and_what_is_to_be_measured() -> None:
    table = pd.DataFrame({"body": [f"film {n}" for n in range(20)], "mark": ["neg", "pos"] * 10})
    data = load_dataset(table, text="body", label="mark", test=0.3, seed=4)
    assert data.settings == {
        "text": "body", "label": "mark", "validation": 0.1, "test": 0.3, "seed": 4, "group": None,
    }  # fmt: skip
    assert data.to_measure()[0] == "test" and data.to_measure()[1] is data.test
    assert load_dataset(table, text="body", test=0).to_measure()[0] == "validation"
    assert load_dataset(table, text="body", test=0, validation=0).to_measure()[0] == "train"


def test_a_sample_keeps_the_labels_shares_the_order_and_the_seed() -> None:
    whole_set = load_dataset("demo")
    some = whole_set.sample(100, seed=1)
    for split in ("train", "validation", "test"):
        table, drawn = getattr(whole_set, split), getattr(some, split)
        assert len(drawn) == 100
        counts, all_counts = drawn["label"].value_counts(), table["label"].value_counts()
        assert all(abs(counts[label] - 100 * n / len(table)) < 1 for label, n in all_counts.items())
        places = [table.index[table["text"] == text][0] for text in drawn["text"]]
        assert places == sorted(places)
    assert some.train.equals(whole_set.sample(100, seed=1).train)
    assert not some.train.equals(whole_set.sample(100, seed=2).train)
    assert len(whole_set.sample(10**6).train) == len(whole_set.train)
    assert "at most 100 rows of each split were drawn with seed 1" in some.notes
    with pytest.raises(ValueError, match="at least 1 row"):
        whole_set.sample(0)
