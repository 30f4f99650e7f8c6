"""Files and folders are read as they are, or refused with a sentence that says the cure."""

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pandas as pd
import pytest

from attribkit.data import load_dataset
from attribkit.data.intake import Rows
from attribkit.data.readers import SUFFIXES, listed, read_file, read_folder, unclosed_quote
from attribkit.errors import InputError

ROWS = [("Zoë said »so«, twice", "pos"), ("null", "neg"), ('a "quoted" word', "pos"), ("two\nlines\tand a tab", "neg")]


def written(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".csv.gz", ".tsv.bz2", ".jsonl.xz", ".CSV"])
def test_every_format_gives_back_the_texts_as_they_were(tmp_path, suffix):
    table = pd.DataFrame(ROWS, columns=["text", "label"])
    path = tmp_path / f"reviews{suffix}"
    kind = suffix.lower().split(".")[1]
    if kind == "parquet":
        table.to_parquet(path)
    else:
        content = {
            "csv": lambda: table.to_csv(index=False),
            "tsv": lambda: table.to_csv(index=False, sep="\t"),
            "jsonl": lambda: table.to_json(orient="records", lines=True, force_ascii=False),
        }[kind]().encode()
        if suffix.endswith(".gz"):
            content = gzip.compress(content)
        elif suffix.endswith(".bz2"):
            content = bz2.compress(content)
        elif suffix.endswith(".xz"):
            content = lzma.compress(content)
        path.write_bytes(content)
    read = read_file(path)
    assert list(read[["text", "label"]].itertuples(index=False, name=None)) == ROWS


def test_words_that_pandas_takes_for_missing_values_stay_texts_and_labels_keep_their_zeros(tmp_path):
    words = ["NA", "null", "NaN", "None", "n/a", ""]
    content = "text,label\n" + "".join(f"{word},01\n" for word in words)
    table = read_file(written(tmp_path, "a.csv", content))
    assert table["text"].tolist() == words
    assert set(table["label"]) == {"01"}


def test_a_spreadsheets_semicolons_and_byte_order_mark_are_understood(tmp_path):
    table = read_file(written(tmp_path, "a.csv", "\ufefftext;label\r\nGood, really;pos\r\n"))
    assert table.to_dict("list") == {"text": ["Good, really"], "label": ["pos"]}


def test_a_lone_quote_in_an_unquoted_tsv_swallows_no_rows(tmp_path):
    content = 'text\tlabel\n" I began it\tneg\nnothing odd\tpos\nthe end "\tneg\n'
    table = read_file(written(tmp_path, "a.tsv", content))
    assert table["text"].tolist() == ['" I began it', "nothing odd", 'the end "']


def test_a_quoted_tsv_is_unquoted(tmp_path):
    table = read_file(written(tmp_path, "a.tsv", 'text\tlabel\n"say ""no"""\tneg\n"one\ttab"\tpos\n'))
    assert table["text"].tolist() == ['say "no"', "one\ttab"]


def test_a_line_separator_within_a_json_text_does_not_end_its_line(tmp_path):
    path = written(tmp_path, "a.jsonl", '{"text": "one\u2028two", "label": 1}\n\n{"text": "three", "label": 2}\n')
    assert read_file(path)["text"].tolist() == ["one\u2028two", "three"]


def test_json_lines_with_differing_keys_leave_gaps(tmp_path):
    table = read_file(written(tmp_path, "a.jsonl", '{"text": "one"}\n{"label": "x", "text": "two"}\n'))
    assert table["label"].tolist() == [None, "x"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "a"}\n{"text": \n', "line 2 of 'a.jsonl' is not JSON .*; correct or remove it"),
        ("a.jsonl", '{"text": "a"}\n\n["b"]\n', "line 3 of 'a.jsonl' must be a JSON object, got a list"),
        ("a.parquet", b"PAR1 no table", "'a.parquet' is not a readable Parquet file; write it anew"),
        ("a.parquet", b"", "'a.parquet' is not a readable Parquet file"),
        ("a.csv", "text,label\none,pos\ntwo,pos,neg\n", "'a.csv' is not a regular table .*line 3.*; quote cells"),
        ("a.csv", "text,label\none,x,pos\ntwo,y,neg\n", "'a.csv' is not a regular table"),
        ("a.csv", 'text,label\n"one,pos\ntwo,neg\n', "line 2 of 'a.csv' opens a quote that is never closed"),
        ("a.csv", "", "'a.csv' is empty; it needs a first line of column names"),
        (
            "a.csv",
            b"text,label\n\xc3\xa9,pos\n\xe4h,neg\n",
            "line 3 of 'a.csv' is not UTF-8, .*; save the file with that",
        ),
        ("a.csv.gz", b"no gzip", r"'a.csv.gz' is a broken compressed file \(.*\); fetch or pack it again"),
        ("a.csv.gz", gzip.compress(b"text,label\n" * 99, mtime=0)[:-9], "'a.csv.gz' is a broken compressed file"),
        ("a.tsv.bz2", bz2.compress(b"text\tlabel\n" * 99)[:-9], "'a.tsv.bz2' is a broken compressed file"),
        ("a.jsonl.xz", b"no xz", "'a.jsonl.xz' is a broken compressed file"),
        ("a.xlsx", b"", r"must end in .csv, .tsv, .jsonl, .parquet .*, got 'a.xlsx'; save the sheet as CSV"),
        ("a.parquet.gz", b"", "got 'a.parquet.gz'; convert it"),
        ("a", b"", "got 'a'; convert it"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_cure(tmp_path, name, content, message):
    with pytest.raises(ValueError, match=message):
        read_file(written(tmp_path, name, content))


def test_a_missing_file_names_those_there_and_the_near_one(tmp_path):
    for name in ("reviews.csv", "notes.md", ".hidden"):
        written(tmp_path, name, "text,label\n")
    with pytest.raises(FileNotFoundError) as caught:
        read_file(tmp_path / "review.csv")
    message = str(caught.value)
    assert message.startswith("there is no 'review.csv' in the folder")
    assert "which holds 'notes.md', 'reviews.csv'; did you mean 'reviews.csv'?" in message
    with pytest.raises(FileNotFoundError, match=r"its folder '.*nowhere' does not exist; check the path"):
        read_file(tmp_path / "nowhere" / "a.csv")


def test_split_files_are_found_under_their_usual_names(tmp_path):
    for name in ("Train.csv", "dev.tsv", "test.jsonl.gz"):
        content = {"c": "text,label\na,x\n", "v": "text\tlabel\nb,x\n", "t": json.dumps({"text": "c", "label": "x"})}
        body = content[name[0] if name[0] in "ct" else ("c" if name == "Train.csv" else "v")].encode()
        written(tmp_path, name, gzip.compress(body) if name.endswith(".gz") else body)
    written(tmp_path, "train.md", "no table")
    assert {split: len(table) for split, table in read_folder(tmp_path).items()} == {
        "train": 1,
        "validation": 1,
        "test": 1,
    }


def test_two_files_for_one_split_are_refused(tmp_path):
    for name in ("dev.csv", "valid.csv", "train.csv"):
        written(tmp_path, name, "text,label\na,x\n")
    with pytest.raises(ValueError, match=r"'dev.csv' and 'valid.csv' both claim to be the validation split; keep one"):
        read_folder(tmp_path)


def test_a_folder_per_label_is_one_table_of_its_texts(tmp_path):
    written(tmp_path, "pos/b.txt", "Good\r\nfilm ")
    written(tmp_path, "pos/a.txt", "\ufeffFine")
    written(tmp_path, "neg/c.txt", "Poor")
    written(tmp_path, "neg/._c.txt", b"\xff\xfe left by another system")
    written(tmp_path, "neg/readme.md", "no text")
    written(tmp_path, "unsup/d.txt", "unknown")
    written(tmp_path, ".cache/e.txt", "hidden")
    tables = read_folder(tmp_path)
    assert list(tables) == ["train"]
    assert tables["train"].to_dict("list") == {
        "text": ["Poor", "Fine", "Good\r\nfilm "],
        "label": ["neg", "pos", "pos"],
        "id": ["neg/c.txt", "pos/a.txt", "pos/b.txt"],
    }


def test_folders_of_labels_within_split_folders_are_splits(tmp_path):
    for split in ("train", "val", "test"):
        for label in ("x", "y"):
            written(tmp_path, f"{split}/{label}/1.txt", f"{split} {label}")
    tables = read_folder(tmp_path)
    assert list(tables) == ["test", "train", "validation"]
    assert tables["validation"]["text"].tolist() == ["val x", "val y"]


def test_a_folder_of_no_known_layout_says_what_it_should_hold_and_what_it_holds(tmp_path):
    written(tmp_path, "reviews.csv", "text,label\n")
    with pytest.raises(FileNotFoundError, match=r"should hold train.\* .* it holds 'reviews.csv'; arrange it so"):
        read_folder(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="holds nothing; arrange it so"):
        read_folder(tmp_path / "empty")


def test_a_text_file_that_is_not_utf8_is_named(tmp_path):
    written(tmp_path, "pos/a.txt", "café ".encode() + b"caf\xe9")
    with pytest.raises(ValueError, match=r"line 1 of 'a.txt' is not UTF-8"):
        read_folder(tmp_path)


TABLE = "text,label\n" + "“Café” film,pos\nso naïve – no,neg\n" * 5


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", "'a.csv' was read as UTF-16, as its byte order mark says."),
        ("cp1252", "'a.csv' was read as Windows-1252, for its line 2 is not UTF-8; else give `encoding`."),
    ],
)
def test_an_encoding_is_guessed_and_the_guess_is_said(tmp_path, encoding, note):
    path = written(tmp_path, "a.csv", TABLE.encode(encoding))
    data = load_dataset(path, validation=0, test=0)
    assert set(data.train["text"]) == {"“Café” film", "so naïve – no"}
    assert [text for text in data.notes if "read as" in text] == ([note] if note else [])
    rows = Rows.of(None, path, held_out=False)
    assert rows.texts[0] == "“Café” film"
    assert any("read as" in text for text in rows.notes) == bool(note)


def test_the_encoding_given_is_the_one_read(tmp_path):
    content = "text,label\n" + "хорошо,pos\nплохо,neg\n" * 5
    path = written(tmp_path, "a.csv", content.encode("cp1251"))
    data = load_dataset(path, validation=0, test=0, encoding="cp1251")
    assert set(data.train["text"]) == {"хорошо", "плохо"}
    assert not [note for note in data.notes if "read as" in note]
    for encoding, message in (
        ("utf-8", "line 2 of 'a.csv' is not utf-8; give the encoding that the file was saved with"),
        ("klingon", "`encoding` must be one that Python knows, .*got 'klingon'"),
        ("hex", "`encoding` must be one that Python knows, .*got 'hex'"),
    ):
        with pytest.raises(InputError, match=message):
            load_dataset(path, encoding=encoding)
    with pytest.raises(InputError, match="`encoding` says how a file of texts is read"):
        load_dataset("demo", encoding="cp1251")


def test_a_byte_that_windows_lacks_is_latin_1_and_many_texts_are_one_note(tmp_path):
    for label in ("pos", "neg"):
        for number in range(3):
            written(tmp_path, f"{label}/{number}.txt", f"{label} café {number}\x81".encode("latin-1"))
    table = read_folder(tmp_path)["train"]
    assert table["text"][0] == "neg café 0\x81"
    (note,) = table.attrs["notes"]
    assert note.startswith("6 texts are not in UTF-8; '0.txt' was read as Latin-1")


def test_long_lists_of_names_are_cut():
    assert listed("abc") == "'a', 'b', 'c'"
    assert listed(range(12), most=10).endswith("'9' and 2 more")
    assert listed([]) == "nothing"


def test_json_nested_without_end_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "deep.jsonl").write_text("[" * 100_000 + "\n")
    with pytest.raises(InputError, match=r"line 1 of 'deep\.jsonl' is not JSON"):
        read_file(tmp_path / "deep.jsonl")


LONE_QUOTES = "text,label\n" + "".join(
    '"' * (number in (40, 120)) + f"sample {number} is {('bad', 'good')[number % 2]},{number % 2}\n"
    for number in range(200)
)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_quote_that_is_never_closed_is_refused_with_its_line_and_loses_no_rows(tmp_path, end):
    path = written(tmp_path, "lone.csv", LONE_QUOTES.replace("\n", end))
    for read in (read_file, load_dataset):
        with pytest.raises(InputError, match=r"line 42 of 'lone\.csv' opens a quote that is never closed .*; close it"):
            read(path)
    closed = written(tmp_path, "closed.csv", LONE_QUOTES.replace('"', "'"))
    assert len(read_file(closed)) == 200


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('text,label\n"one\ntwo",0\n"three,1\nfour,0\n', 4),
        ('text,label\none,0\n"two,1', 3),
        ('text,label\n"one,0\n"two, three",1\n', 2),
        ('text,label\n"say ""hi""\n",0\n"it is ""so"", \nhe says",1\n"say ""a\n"",b",0\n', None),
        ('text,label\n"a "quoted" word",0\ntwo "of\nthree" them,1\n', None),
        ('text,label\n"one,"0"\ntwo,1\n', None),
    ],
)
def test_only_a_cell_that_swallows_rows_counts_as_unclosed(content, line):
    assert unclosed_quote(content, ",") == line
