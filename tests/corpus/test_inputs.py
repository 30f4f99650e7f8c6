"""Whole runs over every kind of input, and over chosen rows: exactly the rows expected, whatever they come from."""

import bz2
import gzip
import json
import lzma
import shutil
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from commands import run
from corpus.conftest import LABELS, TEXTS

import attribkit as ak
from attribkit.corpus import explain_corpus
from attribkit.corpus.records import read
from attribkit.corpus.sources import Source
from attribkit.data import Dataset, load_dataset
from attribkit.models.classifier import Classifier

Table = Callable[[Path], pa.Table]
COUNT = 24
ODD = {2: 'a "good" film, they say', 7: "a bad\tmovie", 11: "ein schöner film – großartig 電影 🎬"}
ROWS = pd.DataFrame(
    {
        "id": [f"t{number}" for number in range(COUNT)],
        "text": [ODD.get(number, TEXTS[3 * number]) for number in range(COUNT)],
        "label": [LABELS[3 * number] for number in range(COUNT)],
        "rating": [number % 10 for number in range(COUNT)],
    }
)
WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    ".csv": lambda rows, path: path.write_text(rows.to_csv(index=False)),
    ".tsv": lambda rows, path: path.write_text(rows.to_csv(index=False, sep="\t")),
    ".jsonl": lambda rows, path: path.write_text("".join(json.dumps(row) + "\n" for row in rows.to_dict("records"))),
    ".parquet": lambda rows, path: rows.to_parquet(path),
}
PACKED: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def write(rows: pd.DataFrame, path: Path) -> Path:
    """In the format that the name promises."""
    kind, *packed = path.suffixes
    WRITERS[kind](rows, path)
    for one in packed:
        path.write_bytes(PACKED[one](path.read_bytes()))
    return path


@pytest.fixture
def explained(model_folder: Path, tmp_path: Path, table_of: Table) -> Callable[..., pd.DataFrame]:
    """A run's rows."""

    def explain(source: object, **options: object) -> pd.DataFrame:
        out = tmp_path / "explained"
        shutil.rmtree(out, ignore_errors=True)
        settings = {"key": "id", "label": "label", "keep_text": True, "workers": 1, "window": 7, **options}
        explain_corpus(model_folder, source, out, **settings)  # type: ignore[arg-type]  # of many kinds
        return table_of(out).to_pandas()

    return explain


def test_tables_and_named_sets_yield_the_rows_that_a_file_of_them_does(
    explained: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    wanted = explained(write(ROWS, tmp_path / "a.csv"))
    for given in (ROWS, {"test": ROWS}, Dataset("own", ROWS.head(2), ROWS.head(0), ROWS, "by hand")):
        pd.testing.assert_frame_equal(explained(given).drop(columns="file"), wanted.drop(columns="file"))
    for given in (ROWS["text"], ROWS["text"].to_numpy()):
        assert (
            explained(given, key=None, label=None)["scores"].map(list).tolist() == wanted["scores"].map(list).tolist()
        )
    demo = explained("demo", key=None, limit=5)
    assert demo["text"].tolist() == load_dataset("demo").test["text"].head(5).tolist() and set(demo["file"]) == {"demo"}
    odd = explained(ROWS.assign(text=["good", None, pd.NA, float("nan"), 3, " "] * 4))
    assert odd["status"].tolist() == ["ok", "null", "null", "null", "not text", "empty"] * 4
    with pytest.raises(TypeError, match="a list of a corpus names files, folders and URLs, got int; give texts as a"):
        explained([3])


def assert_rows(found: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Those rows, in that order, each explained."""
    assert found["status"].tolist() == ["ok"] * len(rows)
    for column, ours in (("key", "id"), ("text", "text"), ("true_label", "label")):
        assert found[column].tolist() == rows[ours].tolist()


@pytest.mark.parametrize(
    "name", ["a.csv", "a.tsv", "a.jsonl", "a.parquet", "a.csv.gz", "a.csv.bz2", "a.tsv.bz2", "a.jsonl.xz"]
)
def test_every_format_yields_the_same_rows(
    name: str, explained: Callable[..., pd.DataFrame], classifier: Classifier, tmp_path: Path
) -> None:
    found = explained(write(ROWS, tmp_path / name))
    assert_rows(found, ROWS)
    assert found["row"].tolist() == list(range(COUNT)) and set(found["file"]) == {name}
    for row, encoded in zip(found.itertuples(), classifier.tokenizer.encode(ROWS["text"].tolist()), strict=True):
        assert list(row.tokens) == list(encoded.tokens) and row.starts.tolist() == encoded.starts.tolist()
    reference = explained(write(ROWS, tmp_path / "reference.csv"))
    pd.testing.assert_frame_equal(found.drop(columns="file"), reference.drop(columns="file"))


def test_a_column_that_no_row_of_a_jsonl_file_has_is_refused_before_a_folder_is_made(
    explained: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    path = write(ROWS, tmp_path / "a.jsonl")
    with pytest.raises(ValueError, match="must have a column 'boddy', its first 24 rows have"):
        explained(path, text="boddy")
    assert not (tmp_path / "explained").exists()
    late = tmp_path / "late.jsonl"
    late.write_text('{"id": 1}\n{"id": 2, "text": "a good film"}\n')
    assert explained(late, text="text", label=None)["status"].tolist() == ["null", "ok"]


def folder_of_three(folder: Path) -> Path:
    """Rows in three files of three formats, with things beside them that are no part of the corpus."""
    (folder / "below").mkdir(parents=True)
    write(ROWS[:9], folder / "1.csv")
    write(ROWS[9:16], folder / "2.jsonl.gz")
    write(ROWS[16:], folder / "below" / "3.parquet")
    write(ROWS[:3], folder / "_aside.csv")
    write(ROWS[:3], folder / ".hidden.csv")
    (folder / "notes.txt").write_text("no table")
    return folder


def test_a_folder_is_read_by_name_and_its_rows_are_numbered_through(
    explained: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    found = explained(folder_of_three(tmp_path / "in"))
    assert_rows(found, ROWS)
    assert found["row"].tolist() == list(range(COUNT))
    assert found["file"].tolist() == ["1.csv"] * 9 + ["2.jsonl.gz"] * 7 + ["3.parquet"] * 8


def test_globs_and_several_inputs_are_read_in_the_order_given_each_file_once(
    explained: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    folder = folder_of_three(tmp_path / "in")
    assert_rows(explained(str(folder / "*.csv")), ROWS[:9])
    assert_rows(explained([folder / "2.jsonl.gz", folder / "1.csv"]), pd.concat([ROWS[9:16], ROWS[:9]]))
    assert_rows(
        explained([folder / "2.jsonl.gz", folder, str(folder / "*.csv")]),
        ROWS.iloc[[*range(9, 16), *range(9), *range(16, COUNT)]],
    )


def test_addresses_of_other_file_systems_are_read(explained: Callable[..., pd.DataFrame], tmp_path: Path) -> None:
    path = write(ROWS, tmp_path / "a.csv.gz")
    assert_rows(explained(f"file://{path}"), ROWS)
    memory = fsspec.filesystem("memory")
    memory.pipe("/corpus/a.csv.gz", path.read_bytes())
    try:
        assert_rows(explained("memory://corpus/a.csv.gz"), ROWS)
        assert_rows(explained("memory://corpus"), ROWS)
    finally:
        memory.rm("/corpus", recursive=True)


def expected(
    seed: int, share: float, where: Callable[[pd.Series], bool] = lambda row: True, limit: int | None = None
) -> list[int]:
    """The rows that README and docstrings promise, by their number."""
    drawn = [int(blake2b(f"{seed}:{n}".encode(), digest_size=8).hexdigest(), 16) / 2**64 < share for n in range(COUNT)]
    return [n for n in range(COUNT) if drawn[n] and where(ROWS.iloc[n])][:limit]


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({"where": "rating>=7"}, [7, 8, 9, 17, 18, 19]),
        ({"where": ["rating>=7", "label=neg"]}, expected(0, 1, lambda row: row.rating >= 7 and row.label == "neg")),
        ({"where": "label != 'neg'"}, expected(0, 1, lambda row: row.label != "neg")),
        ({"limit": 10}, list(range(10))),
        ({"where": "rating<5", "limit": 7}, [0, 1, 2, 3, 4, 10, 11]),
        ({"sample": 0.5}, expected(0, 0.5)),
        ({"sample": 0.5, "seed": 3}, expected(3, 0.5)),
        (
            {"sample": 0.6, "seed": 3, "where": "rating>2", "limit": 4},
            expected(3, 0.6, lambda row: row.rating > 2, 4),
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [".csv", ".parquet"])
def test_only_the_chosen_rows_are_explained_under_their_own_numbers(
    kind: str, options: dict[str, object], rows: list[int], explained: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    assert 0 < len(rows) < COUNT
    found = explained(write(ROWS, tmp_path / f"a{kind}"), **options)
    assert found["row"].tolist() == rows
    assert_rows(found, ROWS.iloc[rows])


def test_another_seed_draws_other_rows_and_a_larger_sample_keeps_those_of_a_smaller() -> None:
    assert expected(0, 0.5) != expected(3, 0.5)
    assert set(expected(3, 0.3)) < set(expected(3, 0.6))


def test_a_quote_that_is_never_closed_costs_its_own_row_only(tmp_path: Path) -> None:
    lines = ['"' * (number in (40, 120)) + f"sample {number},{number % 2}\n" for number in range(200)]
    path = tmp_path / "lone.csv"
    path.write_text("text,label\n" + "".join(lines) + '"two\nlines",1\n')
    with read(Source(str(path), path.as_uri(), ".csv", path.stat().st_size)) as file:
        records = list(file.records)
    assert len(records) == 201
    lost = {number: record.reason for number, record in enumerate(records) if record.cells is None}
    assert list(lost) == [40, 120]
    assert lost[40].startswith("line 42 of 'lone.csv' opens a quote that is never closed")
    assert lost[120].startswith("line 122 of")
    texts = [record.cells["text"] for record in records if record.cells is not None]
    assert texts == [f"sample {number}" for number in range(200) if number not in lost] + ["two\nlines"]


@pytest.mark.parametrize(
    ("encoding", "given"), [("cp1252", "cp1252"), ("utf-16", None), ("utf-8-sig", None), ("utf-16-le", "utf-16-le")]
)
def test_a_corpus_is_read_in_its_encoding(tmp_path: Path, encoding: str, given: str | None) -> None:
    texts = ["Ein großartiger Film", "a dull café movie", "plain words"]
    file = tmp_path / "a.csv"
    file.write_text("text,label\n" + "".join(f"{text},pos\n" for text in texts), encoding=encoding)
    run = ak.explain_corpus("imdb-cnn", file, tmp_path / "out", workers=1, encoding=given, keep_text=True)
    assert dict(run.statuses) == {"ok": 3}
    assert pd.read_parquet(run.folder)["text"].tolist() == texts


def test_rows_of_another_encoding_say_the_cure(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text\nEin großartiger Film\nplain words\n", encoding="cp1252")
    run = ak.explain_corpus("imdb-cnn", file, tmp_path / "out", workers=1)
    assert dict(run.statuses) == {"undecodable": 1, "ok": 1}
    assert "give `encoding`" in pd.read_parquet(run.folder)["reason"][0]
    with pytest.raises(ValueError, match="input"):  # not continued in another encoding
        ak.explain_corpus("imdb-cnn", file, tmp_path / "out", workers=1, encoding="cp1252")
    with pytest.raises(ValueError, match="`encoding` must be one that Python knows"):
        ak.explain_corpus("imdb-cnn", file, tmp_path / "other", workers=1, encoding="klingon")


@pytest.mark.parametrize("target", [np.int64(1), (np.int64(1), np.int64(0)), ak.Index(1)])
def test_a_target_may_be_one_of_numpys_integers(tmp_path: Path, target: Any) -> None:
    table = pd.DataFrame({"text": ["A great film"]})
    run = ak.explain_corpus("imdb-cnn", table, tmp_path / "out", workers=1, target=target, max_steps=50)
    again = ak.explain_corpus("imdb-cnn", table, tmp_path / "out", workers=1, target=target, max_steps=50)
    assert dict(run.statuses) == {"ok": 1} and again.fresh == 0
    assert pd.read_parquet(run.folder)["target"][0].startswith("pos")


def test_a_label_with_a_comma_is_a_label_and_no_pair(tmp_path: Path) -> None:
    table = pd.DataFrame({"text": ["a good film", "a bad film"] * 20, "label": ["warm, kind", "cold"] * 20})
    table["text"] += [f" {number}" for number in range(40)]
    folder = tmp_path / "model"
    ak.train("cnn", table, epochs=1, filters=2, embedding_size=4, out=folder)
    table.head(3).to_csv(tmp_path / "texts.csv", index=False)
    for target, written in (("warm, kind", "warm, kind"), ("cold,'x", None)):
        out = tmp_path / f"out {written}"
        code = run("corpus", folder, tmp_path / "texts.csv", out, "--target", target, "--workers", 1)
        assert (code == 0) == (written is not None)
        if written:
            assert pd.read_parquet(out)["target"].unique().tolist() == [written]
