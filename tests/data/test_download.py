"""Fetching data sets for real, from a server on loopback that serves archives of the official layouts."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pandas as pd
import pytest

import attribkit as ak
from attribkit.data import load_dataset
from attribkit.data.download import cache_folder, named_tables
from attribkit.data.registry import SOURCES, read_imdb
from attribkit.data.source import RemoteFile, Source
from attribkit.evaluation.errors import errors

WHOLE, BROKEN, NO_RANGE, UNAVAILABLE = "whole", "broken", "no range", "unavailable"


@dataclass
class Server:
    """A file server on loopback whose behaviour, request by request, is a list; afterwards it is well."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    behaviours: list[str] = field(default_factory=list)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    stop: object = None

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        name, wanted = handler.path.lstrip("/"), handler.headers.get("Range")
        self.requests.append((name, wanted))
        behaviour = self.behaviours.pop(0) if self.behaviours else WHOLE
        if behaviour == UNAVAILABLE or name not in self.files:
            handler.send_error(503 if name in self.files else 404)
            return
        content = self.files[name]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and behaviour != NO_RANGE else 0
        if start >= len(content):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        body = content[start:]
        handler.wfile.write(body[: len(body) // 2] if behaviour == BROKEN else body)


@pytest.fixture
def server(monkeypatch, tmp_path) -> Iterator[Server]:
    """A server, an empty cache, and neither a folder of data nor a proxy in the way."""
    monkeypatch.setenv("ATTRIBKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ATTRIBKIT_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()

    def stop() -> None:
        http.shutdown()
        http.server_close()

    state.stop = stop
    yield state
    stop()
    thread.join()


def md5(content: bytes) -> str:
    return "md5:" + hashlib.md5(content).hexdigest()


def archive(entries: dict[str, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in entries.items():
            content = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def official_imdb() -> dict[str, str | bytes]:
    """The layout of aclImdb_v1.tar.gz with our own sentences; numbers run past 9, where text order would be wrong."""
    entries: dict[str, str | bytes] = {"aclImdb/README": "read me", "aclImdb/imdb.vocab": "the\n"}
    for split in ("test", "train"):
        for label, rating in (("pos", 8), ("neg", 2)):
            for number in range(11, -1, -1):
                text = f"{split} {label} {number}:<br /><br />Zoë said »so«.\u2028 Fine… "
                entries[f"aclImdb/{split}/{label}/{number}_{rating + number % 2}.txt"] = text
            first = f"http://www.imdb.com/title/tt{'1' if split == 'test' else '0'}"
            lines = [f"{first}{number // 2:06d}/usercomments" for number in range(12)]
            entries[f"aclImdb/{split}/urls_{label}.txt"] = "\n".join(lines) + "\n"
        entries[f"aclImdb/{split}/labeledBow.feat"] = Random(split).randbytes(90_000)
    entries["aclImdb/train/unsup/0_0.txt"] = "nobody rated this"
    entries["aclImdb/train/urls_unsup.txt"] = "http://www.imdb.com/title/tt9/usercomments\n"
    return entries


@pytest.fixture
def imdb(server) -> Source:
    content = archive(official_imdb())
    server.files["aclImdb_v1.tar.gz"] = content
    file = RemoteFile("aclImdb_v1.tar.gz", f"{server.address}/aclImdb_v1.tar.gz", md5(content))
    return replace(SOURCES["imdb"], files=(file,))


def part_of(source: Source) -> Path:
    return cache_folder() / "downloads" / source.name / f"{source.files[0].name}.part"


def test_the_official_archive_becomes_tables(imdb, server, capsys):
    tables = named_tables(imdb, progress=True)
    train = tables["train"]
    assert list(train.columns) == ["text", "label", "rating", "movie", "id"]
    assert [len(tables[split]) for split in ("train", "test")] == [24, 24]
    assert train["label"].tolist() == ["neg"] * 12 + ["pos"] * 12
    assert train["id"].tolist()[9:12] == ["train/neg/9_3", "train/neg/10_2", "train/neg/11_3"]
    assert train["text"][10] == "train neg 10:<br /><br />Zoë said »so«.\u2028 Fine… "
    assert train["movie"][10] == "tt0000005" and tables["test"]["movie"][10] == "tt1000005"
    assert train["rating"].tolist()[:2] == [2, 3]
    assert not any("nobody rated" in text for text in train["text"])
    progress = capsys.readouterr().err
    assert "aclImdb_v1.tar.gz" in progress and "100%" in progress


def test_a_second_call_is_served_from_the_cache_without_a_request(imdb, server):
    first = named_tables(imdb)
    assert server.requests == [("aclImdb_v1.tar.gz", None)]
    server.stop()
    again = named_tables(imdb)
    for split, table in first.items():
        pd.testing.assert_frame_equal(table, again[split])
    assert len(server.requests) == 1


def test_the_cache_holds_the_tables_and_nothing_else(imdb):
    named_tables(imdb)
    files = sorted(str(path.relative_to(cache_folder())) for path in cache_folder().rglob("*") if path.is_file())
    assert files == ["imdb/test.parquet", "imdb/train.parquet"]


def test_a_fetched_set_is_split_by_film(imdb):
    data = load_dataset(imdb, validation=1 / 3)
    assert data.source == "imdb" and len(data.test) == 24
    assert len(data.validation) == 8
    assert not set(data.train["movie"]) & set(data.validation["movie"])
    assert any("grouped by 'movie'" in note for note in data.notes)


def test_a_wrong_checksum_deletes_what_came_and_says_so(imdb, server):
    wrong = replace(imdb, files=(replace(imdb.files[0], checksum="md5:" + "0" * 32),))
    message = r"does not have the published checksum md5:0+ and was deleted; try again later, or put aclImdb_v1.tar.gz"
    with pytest.raises(OSError, match=message):
        named_tables(wrong)
    assert not any(path.is_file() for path in cache_folder().rglob("*"))
    assert not (cache_folder() / "imdb").exists()


def test_a_truncated_body_is_completed_by_a_range_request(imdb, server):
    server.behaviours = [BROKEN]
    tables = named_tables(imdb)
    half = len(server.files["aclImdb_v1.tar.gz"]) // 2
    assert server.requests == [("aclImdb_v1.tar.gz", None), ("aclImdb_v1.tar.gz", f"bytes={half}-")]
    assert len(tables["train"]) == 24


def test_a_download_that_broke_off_is_resumed_by_the_next_call(imdb, server):
    server.behaviours = [BROKEN, UNAVAILABLE]
    half = len(server.files["aclImdb_v1.tar.gz"]) // 2
    with pytest.raises(ConnectionError, match=rf"the server answered 503.*the {half:,} bytes that came are kept"):
        named_tables(imdb)
    assert part_of(imdb).read_bytes() == server.files["aclImdb_v1.tar.gz"][:half]
    assert not (cache_folder() / "imdb").exists()
    assert len(named_tables(imdb)["test"]) == 24
    assert server.requests[-1] == ("aclImdb_v1.tar.gz", f"bytes={half}-")


def test_a_server_without_ranges_is_asked_for_the_whole_again(imdb, server):
    server.behaviours = [BROKEN, NO_RANGE]
    assert len(named_tables(imdb)["train"]) == 24


@pytest.mark.parametrize("content", [b"x" * 50, b"x" * 100_000], ids=["short", "longer than the file"])
def test_a_stale_beginning_is_thrown_away_and_the_file_fetched_anew(imdb, server, content):
    part_of(imdb).parent.mkdir(parents=True)
    part_of(imdb).write_bytes(content)
    assert len(named_tables(imdb)["train"]) == 24
    assert [wanted for _, wanted in server.requests] == [f"bytes={len(content)}-", None]


def test_a_part_that_is_already_whole_is_recognised(imdb, server):
    part_of(imdb).parent.mkdir(parents=True)
    part_of(imdb).write_bytes(server.files["aclImdb_v1.tar.gz"])
    assert len(named_tables(imdb)["train"]) == 24
    assert len(server.requests) == 1


def test_a_server_that_always_breaks_off_is_given_up(imdb, server):
    server.behaviours = [BROKEN] * 20
    with pytest.raises(
        ConnectionError, match=r"broke off 5 times; try again later \(the [\d,]+ bytes that came are kept"
    ):
        named_tables(imdb)
    assert len(server.requests) == 5


def test_a_server_that_is_gone_is_one_sentence_with_the_cure(imdb, server):
    server.stop()
    with pytest.raises(ConnectionError) as caught:
        named_tables(imdb)
    message = str(caught.value)
    assert "'imdb' cannot be fetched from http://127.0.0.1" in message and "the connection failed" in message
    assert "put aclImdb_v1.tar.gz into the folder 'imdb' of a folder that ATTRIBKIT_DATA names" in message
    assert "kept" not in message and "\n" not in message


def test_a_file_that_is_not_there_says_what_the_server_answered(imdb, server):
    server.files.clear()
    with pytest.raises(ConnectionError, match="the server answered 404"):
        named_tables(imdb)


def test_without_download_the_message_says_where_to_put_the_files(imdb, server):
    with pytest.raises(
        FileNotFoundError, match=r"may not be downloaded \(`download=False`\); put aclImdb_v1.tar.gz into"
    ):
        load_dataset(imdb, download=False)
    assert server.requests == []


def test_a_set_that_nobody_publishes_says_where_to_put_the_file(server):
    with pytest.raises(FileNotFoundError, match=r"is published nowhere; put NLU_data_2.txt into the folder 'nlu_ru'"):
        load_dataset("nlu_ru")


def test_a_cache_that_cannot_be_written_is_named(imdb, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ATTRIBKIT_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OSError, match=r"cannot be written .* name another by ATTRIBKIT_CACHE"):
        named_tables(imdb)


def test_an_archive_of_another_layout_is_refused_and_nothing_cached(imdb, server):
    content = archive({"other/readme.txt": "nothing here"})
    server.files["aclImdb_v1.tar.gz"] = content
    other = replace(imdb, files=(replace(imdb.files[0], checksum=md5(content)),))
    with pytest.raises(FileNotFoundError, match="reviews of the train and the test split are expected"):
        named_tables(other)
    assert not (cache_folder() / "imdb").exists()


def test_members_that_point_outside_write_nothing(imdb, server, tmp_path):
    hostile = official_imdb() | {"../../escaped.txt": "out", "/tmp/escaped-attribkit.txt": "out"}
    content = archive(hostile)
    server.files["aclImdb_v1.tar.gz"] = content
    before = {path for path in tmp_path.rglob("*") if "cache" not in path.parts}
    tables = named_tables(replace(imdb, files=(replace(imdb.files[0], checksum=md5(content)),)))
    assert len(tables["train"]) == 24
    assert not Path("/tmp/escaped-attribkit.txt").exists()
    assert {path for path in tmp_path.rglob("*") if "cache" not in path.parts} == before


def test_the_official_ag_news_files_have_no_header_and_numbered_labels(server):
    rows = '"3","Oil, again","Prices rose."\n"1","null","Talks."\n"2","He said ""go""","Match."\n"4","Chips","New."\n'
    contents = {"train.csv": (rows * 3).encode(), "test.csv": rows.encode()}
    server.files |= contents
    files = tuple(RemoteFile(name, f"{server.address}/{name}", md5(body)) for name, body in contents.items())
    data = load_dataset(replace(SOURCES["ag_news"], files=files), validation=0)
    assert data.labels == ("Business", "Sci/Tech", "Sports", "World")
    assert data.test["text"].tolist() == ["Oil, again", "null", 'He said "go"', "Chips"]
    assert data.test["label"].tolist() == ["Business", "World", "Sports", "Sci/Tech"]
    assert list(data.test.columns) == ["text", "label", "description"]
    assert [name for name, _ in server.requests] == ["train.csv", "test.csv"]


def test_the_second_file_failing_keeps_the_first_and_publishes_nothing(server):
    rows = b'"3","Oil","Prices."\n"1","Talks","Peace."\n'
    server.files["train.csv"] = rows
    files = tuple(RemoteFile(name, f"{server.address}/{name}", md5(rows)) for name in ("train.csv", "test.csv"))
    source = replace(SOURCES["ag_news"], files=files)
    with pytest.raises(ConnectionError, match="404"):
        named_tables(source)
    assert not (cache_folder() / "ag_news").exists()
    server.files["test.csv"] = rows
    assert len(named_tables(source)["test"]) == 2
    assert [name for name, _ in server.requests] == ["train.csv", "test.csv", "test.csv"]


def test_an_archive_put_there_by_hand_is_read(imdb, server, tmp_path, monkeypatch):
    (tmp_path / "data" / "imdb").mkdir(parents=True)
    (tmp_path / "data" / "imdb" / "aclImdb_v1.tar.gz").write_bytes(server.files["aclImdb_v1.tar.gz"])
    monkeypatch.setenv("ATTRIBKIT_DATA", str(tmp_path / "data"))
    assert len(load_dataset("imdb").test) == 24
    assert server.requests == []


def test_an_unpacked_archive_gives_the_same_tables_as_the_packed_one(imdb, server, tmp_path):
    with tarfile.open(fileobj=io.BytesIO(server.files["aclImdb_v1.tar.gz"])) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    packed, unpacked = named_tables(imdb), read_imdb(tmp_path / "unpacked")
    for split, table in packed.items():
        pd.testing.assert_frame_equal(table, unpacked[split])
    data = load_dataset(tmp_path / "unpacked" / "aclImdb", validation=0.25)
    assert data.source == "aclImdb" and not set(data.train["movie"]) & set(data.validation["movie"])


def test_a_broken_archive_put_there_by_hand_is_one_sentence(server, imdb, tmp_path, monkeypatch):
    (tmp_path / "data" / "imdb").mkdir(parents=True)
    content = server.files["aclImdb_v1.tar.gz"]
    monkeypatch.setenv("ATTRIBKIT_DATA", str(tmp_path / "data"))
    for broken in (content[: len(content) // 2], b"no archive at all", content[:200] + b"\0" * 99 + content[299:]):
        (tmp_path / "data" / "imdb" / "aclImdb_v1.tar.gz").write_bytes(broken)
        with pytest.raises(ValueError, match=r"'aclImdb_v1.tar.gz' is not a readable archive \(.*\); fetch it again"):
            load_dataset("imdb")


def test_a_folder_of_data_without_the_files_says_what_it_holds_and_lacks(tmp_path, monkeypatch):
    (tmp_path / "ag_news").mkdir()
    (tmp_path / "ag_news" / "notes.md").write_text("nothing")
    monkeypatch.setenv("ATTRIBKIT_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"lacks files .* holds 'notes.md'; put train.csv and test.csv into it"):
        load_dataset("ag_news")


def test_a_folder_of_data_that_does_not_exist_is_an_error_not_a_download(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTRIBKIT_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"ATTRIBKIT_DATA names .*nowhere.* not a folder; correct or unset it"):
        load_dataset("imdb")


def test_the_published_sources_carry_the_published_checksums():
    checksums = {file.name: file.checksum for source in SOURCES.values() for file in source.files}
    assert checksums == {
        "aclImdb_v1.tar.gz": "md5:7c2ac02c03563afcf9b574c7e56c153a",
        "train.csv": "md5:b1a00f826fdfbd249f79597b59e1dc12",
        "test.csv": "md5:d52ea96a97a2d943681189a97654912d",
    }
    assert all(file.url.startswith("https://") for source in SOURCES.values() for file in source.files)


def test_the_real_reviews_in_the_official_layout_come_back_as_they_were(server, data_folder):
    """Written as the archive has them and fetched over loopback, the tables equal those made from the real archive."""
    entries: dict[str, str | bytes] = {}
    expected = {}
    for split in ("train", "test"):
        table = pd.read_parquet(data_folder / "imdb" / f"{split}.parquet")
        number = table["id"].str.extract(r"/(\d+)_")[0].astype(int)
        expected[split] = table[number < 150].reset_index(drop=True)
        for row in expected[split].itertuples():
            entries[f"aclImdb/{row.id}.txt"] = str(row.text)
        for label, rows in expected[split].groupby("label"):
            lines = [f"http://www.imdb.com/title/{movie}/usercomments" for movie in rows["movie"]]
            entries[f"aclImdb/{split}/urls_{label}.txt"] = "\n".join(lines)
    content = archive(entries)
    server.files["aclImdb_v1.tar.gz"] = content
    file = RemoteFile("aclImdb_v1.tar.gz", f"{server.address}/aclImdb_v1.tar.gz", md5(content))
    tables = named_tables(replace(SOURCES["imdb"], files=(file,)))
    for split, table in expected.items():
        assert tables[split].to_dict("list") == table.to_dict("list")


@pytest.mark.parametrize("function", [ak.evaluate, ak.check, errors, ak.report, ak.faithfulness, ak.project])
def test_whoever_takes_a_sets_name_is_told_of_its_download(function, imdb, server, monkeypatch, capfd):
    monkeypatch.setattr("attribkit.data.tables.SOURCES", {"imdb": imdb})
    model, calls = ak.load("imdb-cnn", "cpu"), []
    function(model, "imdb", progress=lambda done, total, what: calls.append((done, total, what)))
    size = len(server.files["aclImdb_v1.tar.gz"])
    assert calls[0][1:] == (size, "fetching aclImdb_v1.tar.gz") and (size, *calls[0][1:]) in calls
    assert calls[-1][2] != "fetching aclImdb_v1.tar.gz" and capfd.readouterr().err == ""
