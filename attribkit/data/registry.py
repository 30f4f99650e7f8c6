"""The named data sets: where they are published, and how the official files become tables."""

import gzip
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from attribkit.data.readers import listed, read_file, read_text
from attribkit.data.source import RemoteFile, Source
from attribkit.errors import InputError, InputNotFoundError

_REVIEW = re.compile(r"(?:.*/)?(train|test)/(neg|pos)/(\d+)_(\d+)\.txt")
_ADDRESSES = re.compile(r"(?:.*/)?(train|test)/urls_(neg|pos)\.txt")
_AG_NEWS_LABELS = {"1": "World", "2": "Sports", "3": "Business", "4": "Sci/Tech"}


def read_imdb(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the Large Movie Review Dataset from its archive or from the unpacked folder.

    Rows are ordered neg, pos, then by number; the columns are `text`, `label` (neg or pos), `rating` (1–10), `movie`
    (the film's id, where the lists of addresses are there) and `id` (the file's path without suffix). The archive's
    members are read, never unpacked, so that none can be written outside its place.
    """
    archive = folder / "aclImdb_v1.tar.gz"
    members = _archive_members(archive) if archive.is_file() else _folder_members(folder)
    rows, movies = [], {}
    for name, content in members:
        text = _decoded(content, name)
        if review := _REVIEW.fullmatch(name):
            split, label, number, rating = review.groups()
            rows.append((split, label, int(number), text, int(rating), f"{split}/{label}/{number}_{rating}"))
        elif addresses := _ADDRESSES.fullmatch(name):
            # Line n of the list belongs to review number n.
            matches = (re.search(r"tt\d+", line) for line in text.splitlines())
            movies[addresses.groups()] = [film.group() if film else None for film in matches]
    if {row[0] for row in rows} != {"train", "test"}:
        raise InputNotFoundError(f"reviews of the train and the test split are expected in {folder.name!r}")
    rows.sort()
    table = pd.DataFrame(rows, columns=["split", "label", "number", "text", "rating", "id"])
    if movies:
        films = (movies.get((split, label), ()) for split, label, *_ in rows)
        table["movie"] = [film[row[2]] if row[2] < len(film) else None for row, film in zip(rows, films, strict=True)]
    columns = [name for name in ("text", "label", "rating", "movie", "id") if name in table]
    return {split: table.loc[table["split"] == split, columns].reset_index(drop=True) for split in ("train", "test")}


def _archive_members(archive: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with gzip.open(archive) as stream:
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for member in tar:
                    content = tar.extractfile(member) if _is_wanted(member.name) else None
                    if content is not None:
                        yield member.name, content.read()
            # tarfile takes damage for the end; the checksum at the end of the gzip stream tells them apart.
            while stream.read(1 << 20):
                pass
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise InputError(f"{archive.name!r} is not a readable archive ({error}); fetch it again") from error


def _is_wanted(name: str) -> bool:
    return bool(_REVIEW.fullmatch(name) or _ADDRESSES.fullmatch(name))


def _folder_members(folder: Path) -> Iterator[tuple[str, bytes]]:
    root = folder / "aclImdb" if (folder / "aclImdb").is_dir() else folder
    for pattern in ("*/*/*.txt", "*/urls_*.txt"):
        for path in root.glob(pattern):
            name = path.relative_to(root).as_posix()
            if _is_wanted(name):
                yield name, path.read_bytes()


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{name!r} is not UTF-8; fetch the data set again") from error


def read_ag_news(folder: Path) -> dict[str, pd.DataFrame]:
    """Read AG News titles from `train.csv` and `test.csv`.

    They are the official ones (label 1–4, title, description, no header) or have a header with `text` and `label`.
    """
    return {split: _ag_news_table(folder / f"{split}.csv") for split in ("train", "test")}


def _ag_news_table(path: Path) -> pd.DataFrame:
    if not path.is_file() or not re.match(r'"?[1-4]"?,', read_text(path, "utf-8")[0]):
        return read_file(path, "utf-8")
    columns = ["label", "text", "description"]
    try:
        table = pd.read_csv(path, header=None, names=columns, dtype=str, keep_default_na=False)
    except pd.errors.ParserError as error:
        raise InputError(f"{path.name!r} should hold label, title, description in every row; fetch it again") from error
    unknown = sorted(set(table["label"]) - set(_AG_NEWS_LABELS))
    if unknown:
        raise InputError(
            f"{path.name!r} should begin each row with a label from 1 to 4, got {listed(unknown)}; fetch it again"
        )
    return table.assign(label=table["label"].map(_AG_NEWS_LABELS))[["text", "label", "description"]]


def read_nlu_ru(folder: Path) -> dict[str, pd.DataFrame]:
    """Read Russian answers to a bank's telephone operator: one `label TAB text` a line, no header, no split."""
    path = folder / "NLU_data_2.txt"
    rows = []
    for number, line in enumerate(read_text(path, "utf-8")[0].replace("\r\n", "\n").split("\n"), 1):
        label, tab, text = line.partition("\t")
        if not tab and line.strip():
            raise InputError(f"line {number:,} of {path.name!r} should read label TAB text; correct or remove it")
        if tab:
            rows.append((text, label))
    return {"train": pd.DataFrame(rows, columns=["text", "label"], dtype="str")}


_AG_NEWS_ADDRESS = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv"

# The checksums are those that torchtext's sources publish.
SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        source.name: source
        for source in (
            Source(
                name="imdb",
                read=read_imdb,
                by_hand="aclImdb_v1.tar.gz",
                files=(
                    RemoteFile(
                        "aclImdb_v1.tar.gz",
                        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
                        "md5:7c2ac02c03563afcf9b574c7e56c153a",
                    ),
                ),
                group="movie",
                citation="Maas et al. 2011, Learning Word Vectors for Sentiment Analysis",
            ),
            Source(
                name="ag_news",
                read=read_ag_news,
                by_hand="train.csv and test.csv",
                files=(
                    RemoteFile("train.csv", f"{_AG_NEWS_ADDRESS}/train.csv", "md5:b1a00f826fdfbd249f79597b59e1dc12"),
                    RemoteFile("test.csv", f"{_AG_NEWS_ADDRESS}/test.csv", "md5:d52ea96a97a2d943681189a97654912d"),
                ),
                citation="Zhang, Zhao and LeCun 2015, Character-level Convolutional Networks for Text Classification",
                licence="non-commercial research",
            ),
            Source(name="nlu_ru", read=read_nlu_ru, by_hand="NLU_data_2.txt"),
        )
    }
)
