"""Labelled texts in three tables: named sets, files, folders and tables in memory, cleaned and split."""

import hashlib
import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from numbers import Real
from pathlib import Path
from typing import Any

import pandas as pd

from attribkit.data.cleaning import choose_columns, clean_tables
from attribkit.data.download import Source, named_tables
from attribkit.data.eraser import is_eraser, read_eraser_folder
from attribkit.data.readers import SPLIT_OF_NAME, SPLITS, listed, missing, read_file, read_folder, shortened
from attribkit.data.registry import SOURCES, read_imdb
from attribkit.data.split import connected_rows, split_rows
from attribkit.data.split_record import SplitRecord
from attribkit.data.synthetic import demo_reviews
from attribkit.errors import InputError, InputNotFoundError, InputTypeError

NAMED_SETS = (*SOURCES, "demo")


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Texts and labels to train on, to stop by, and to test on.

    Each table has a RangeIndex, the columns `text` and `label` (both strings) first, then whatever else the source
    holds (`rating`, `movie`, `rationale` …). `source` says where they came from: a set's or a file's name. `notes` are
    whole sentences on what was guessed, dropped, cut or found odd. `settings` say how the splits were made: the columns
    `text` and `label`, the shares `validation` and `test`, the `seed` and the `group`.
    """

    name: str
    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    source: str
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the training table, sorted; by value if all are integers."""
        return _sorted_labels(set(self.train["label"]))

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) over the texts and labels of the three tables, in order; no other column counts."""
        digest = hashlib.sha256()
        for table in (self.train, self.validation, self.test):
            digest.update(len(table).to_bytes(8, "big"))
            for cell in (value for row in zip(table["text"], table["label"], strict=True) for value in row):
                content = cell.encode()
                digest.update(len(content).to_bytes(8, "big") + content)
        return digest.hexdigest()

    def to_measure(self) -> tuple[str, pd.DataFrame]:
        """The split that a model is measured on, and its name: test, where that is empty validation, else train."""
        split = next((name for name in ("test", "validation") if len(getattr(self, name))), "train")
        return split, getattr(self, split)

    def record(self) -> SplitRecord:
        """What a model keeps of the splits, to know their rows again."""
        return SplitRecord.of({split: getattr(self, split)["text"] for split in SPLITS})

    def summary(self) -> pd.DataFrame:
        """Rows per split and label: the columns `split`, `label`, `rows` and `share` (of the split's rows)."""
        rows = []
        for split in SPLITS:
            counts = getattr(self, split)["label"].value_counts()
            for label in self.labels:
                count = int(counts.get(label, 0))
                rows.append((split, label, count, count / max(int(counts.sum()), 1)))
        return pd.DataFrame(rows, columns=["split", "label", "rows", "share"])

    def sample(self, most: int, seed: int = 0) -> "Dataset":
        """At most so many rows of each split, drawn by the seed, with the labels' shares kept and the rows in order.

        Raises: ValueError for fewer than one row.
        """
        if most < 1:
            raise InputError(f"`most` must be at least 1 row of each split, got {most}")
        notes = [f"at most {most:,} rows of each split were drawn with seed {seed}"]
        return replace(self, notes=(*self.notes, *notes), **{s: _drawn(getattr(self, s), most, seed) for s in SPLITS})

    def __repr__(self) -> str:
        """Name, sizes and labels: the tables themselves would flood a screen."""
        sizes = ", ".join(f"{split}={len(getattr(self, split)):,}" for split in SPLITS)
        return f"Dataset({self.name!r}, {sizes}, labels={listed(self.labels)})"


def _drawn(table: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    shuffled = table.sample(frac=1, random_state=seed)
    rows = shuffled.groupby("label")["label"]
    # the first of every label come first, then the second ones, each label at the pace of its size
    place = ((rows.cumcount() + 0.5) / rows.transform("size")).sort_values(kind="stable")
    return table.loc[sorted(place.index[:most])].reset_index(drop=True)


@dataclass(frozen=True)
class _Found:
    """Tables as they came, before any cleaning."""

    name: str
    source: str
    tables: Mapping[str, pd.DataFrame]
    group: str | None = None
    notes: tuple[str, ...] = ()


def load_dataset(
    name_or_path: str | Path | pd.DataFrame | Mapping[str, pd.DataFrame] | Source,
    *,
    text: str | None = None,
    label: str | None = None,
    validation: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
    group: str | None = None,
    download: bool = True,
) -> Dataset:
    """Load labelled texts and split them into train, validation and test.

    Splits that the source brings are kept, in its order. Those it lacks are cut from its training rows: seeded,
    stratified by label, shuffled, and so that rows with the same text, or with the same value in the `group` column,
    never fall on two sides.

    Args:
        name_or_path: a named set (`imdb`, `ag_news`, `nlu_ru`, `demo`); a .csv, .tsv, .jsonl or .parquet file; a folder
            of `train.*`, `validation.*`, `test.*` files, of `label/*.txt`, or in the ERASER format; a table, or a dict
            of them by split. A string that is a set's name means that set: write `./imdb` for a folder of that name. A
            `Source` is a named set from elsewhere.
        text: the column of the texts; guessed from usual names if not given.
        label: the column of the labels; likewise.
        validation: share of the rows the split is cut from, if the source has no validation split. 0 leaves it empty.
        test: likewise for the test split.
        seed: decides which rows are cut; the same seed gives the same split.
        group: a column whose values may not fall on two sides (`movie` for `imdb` unless another is given).
        download: whether a named set that is not on this machine may be fetched.

    Raises:
        FileNotFoundError: if there is no such file, or a named set is nowhere to be had.
        ConnectionError: if a download broke off.
        TypeError: if an argument, a text or a label is of the wrong kind.
        ValueError: if the name is unknown, a column is missing, or the rows cannot be used or split.
    """
    _check_shares(validation, test)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise InputTypeError(f"`seed` must be an integer, got {seed!r}")
    found = _find(name_or_path, download)
    tables, notes = clean_tables(found.tables, text, label, found.source)
    notes = [*found.notes, *notes]
    _check_labels(tables, found.source)
    if group is None and found.group in tables["train"]:
        group = found.group
    notes += _leaks(tables, group)
    columns = choose_columns(found.tables["train"], text, label, found.source)
    tables, cut = _cut(tables, {"validation": validation, "test": test}, seed, group, found.source)
    notes += cut
    settings = {
        "text": columns.text,
        "label": columns.label,
        "validation": float(validation),
        "test": float(test),
        "seed": seed,
        "group": group,
    }
    parts = (tables["train"], tables["validation"], tables["test"])
    return Dataset(found.name, *parts, found.source, tuple(notes), settings)


def load_tables(
    name_or_path: str | Path | pd.DataFrame | Mapping[str, pd.DataFrame] | Source,
    *,
    text: str | None = None,
    label: str | None = None,
    usual: tuple[str, str] | None = None,
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The cleaned tables that a source brings, by split; one without splits is "train". Nothing is cut.

    Unlike `load_dataset` it asks for nothing that only training needs: one class is enough.

    Args:
        name_or_path, text, label: as `load_dataset` takes them.
        usual: the columns of texts and labels that are read if none is named and every table has both.

    Returns: the tables, and whole sentences on what was guessed, dropped or mended.
    Raises: as `load_dataset`, for what cannot be found or read.
    """
    found = _find(name_or_path, download=True)
    if usual and text is None and label is None and all(set(usual) <= set(one) for one in found.tables.values()):
        text, label = usual
    tables, notes = clean_tables(found.tables, text, label, found.source)
    return tables, [*found.notes, *notes]


def _check_shares(validation: float, test: float) -> None:
    for option, share in (("validation", validation), ("test", test)):
        if isinstance(share, bool) or not isinstance(share, Real):
            raise InputTypeError(f"`{option}` must be a share between 0 and 1, got {share!r}")
        if not 0 <= share < 1:
            raise InputError(f"`{option}` must be a share of the rows, at least 0 and below 1, got {share}")
    if validation + test >= 1:
        raise InputError(
            f"`validation` and `test` must leave rows to train on, but {validation} + {test} is not below 1; lower one"
        )


def _find(given: object, download: bool) -> _Found:
    """Tables from wherever the argument points."""
    if isinstance(given, pd.DataFrame):
        return _Found("table", "a table in memory", {"train": given})
    if isinstance(given, Source):
        return _Found(given.name, given.name, named_tables(given, download), given.group)
    if isinstance(given, Mapping):
        return _Found("tables", "tables in memory", _by_split(given))
    if not isinstance(given, (str, Path)):
        raise InputTypeError(
            f"a data set is a name, a path, a pandas table or a dict of tables by split, got {type(given).__name__}"
        )
    if given == "demo":
        return _Found("demo", "demo", demo_reviews(), notes=("The demo reviews are synthetic: drawn from a grammar.",))
    if isinstance(given, str) and given in SOURCES:
        return _find(SOURCES[given], download)
    path = Path(given).expanduser()
    if not os.path.exists(path):  # unlike Path.exists, False also for what no path can be, such as a whole text
        if isinstance(given, str) and path.name == given and not path.suffix:
            near = get_close_matches(given.lower(), NAMED_SETS, 1)
            hint = f"did you mean {near[0]!r}?" if near else "choose one of them or give a path"
            raise InputError(
                f"{shortened(given)} is neither a known data set ({listed(NAMED_SETS)}) nor a file or folder here; "
                f"{hint}"
            )
        raise InputNotFoundError(missing(path))
    name = path.resolve().name
    if path.is_file():
        return _Found(name.split(".")[0], name, {"train": read_file(path)})
    if (path / "train" / "urls_pos.txt").is_file():
        return _Found(name, name, read_imdb(path), SOURCES["imdb"].group)
    if is_eraser(path):
        tables, notes = read_eraser_folder(path)
        return _Found(name, name, tables, notes=notes)
    return _Found(name, name, read_folder(path))


def _by_split(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    named: dict[str, pd.DataFrame] = {}
    for name, table in tables.items():
        split = SPLIT_OF_NAME.get(str(name).lower())
        if split is None or split in named:
            raise InputError(f"tables must be named 'train', 'validation' and 'test', each once, got {listed(tables)}")
        if not isinstance(table, pd.DataFrame):
            raise InputTypeError(f"the {split} table must be a pandas DataFrame, got {type(table).__name__}")
        named[split] = table
    return named


def _check_labels(tables: Mapping[str, pd.DataFrame], where: str) -> None:
    """Refuse what no classifier can be trained on."""
    if "train" not in tables:
        raise InputError(f"{where} has {listed(tables)} but nothing to train on; add a train table")
    counts = tables["train"]["label"].value_counts()
    if len(counts) == 1:
        raise InputError(
            f"a classifier needs two classes, but every row to train on in {where} is labelled {counts.index[0]!r}"
        )
    rare = _sorted_labels({label for label, count in counts.items() if count < 2})
    if rare:
        raise InputError(
            f"each class needs 2 rows, but {where} has only one of {listed(rare)}; add rows or leave it out"
        )
    for split in ("validation", "test"):
        if split in tables and (unseen := set(tables[split]["label"]) - set(counts.index)):
            raise InputError(
                f"the {split} table of {where} has labels that training never sees: {listed(_sorted_labels(unseen))}; "
                f"training has {listed(_sorted_labels(set(counts.index)))}"
            )


def _sorted_labels(labels: set) -> tuple[str, ...]:
    # Python reads no numbers of more than 4,300 digits
    numeric = all(label.removeprefix("-").isdecimal() and len(label) < 4_000 for label in labels)
    return tuple(sorted(labels, key=lambda label: (int(label), label) if numeric else (0, label)))


def _leaks(tables: Mapping[str, pd.DataFrame], group: str | None) -> list[str]:
    """What the source's own splits share. They are left as they are, for they may be a benchmark's official ones."""
    notes = []
    present = [split for split in SPLITS if split in tables]
    for first, second in ((a, b) for i, a in enumerate(present) for b in present[i + 1 :]):
        shared = {"text": _shared(tables[first]["text"], tables[second]["text"])}
        if group and group in tables[first] and group in tables[second]:
            shared[f"value of {group!r}"] = _shared(tables[first][group], tables[second][group])
        notes += [
            f"The source's own {first} and {second} splits share {_counted(count, noun)}; they were left so."
            for noun, count in shared.items()
            if count
        ]
    return notes


def _shared(values: pd.Series, others: pd.Series) -> int:
    return int(values.dropna().drop_duplicates().isin(others).sum())


def _cut(
    tables: Mapping[str, pd.DataFrame], shares: Mapping[str, float], seed: int, group: str | None, where: str
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Cut the splits that are lacking from the training rows."""
    rows = tables["train"]
    if group is not None and group not in rows:
        raise InputError(
            f"{where} has no column {group!r} to group by, only {listed(rows.columns)}; choose one of them"
        )
    tables = {split: tables.get(split, rows.iloc[:0]) for split in SPLITS}
    lacking = {split: share for split, share in shares.items() if share and not len(tables[split])}
    if not lacking:
        return tables, []
    keys: list[Sequence[Hashable]] = [rows["text"].tolist()]
    if group is not None:
        keys.append(_group_numbers(rows[group], where))
    parts = split_rows(
        rows["label"].tolist(), connected_rows(*keys), {"train": 1 - sum(lacking.values()), **lacking}, seed
    )
    notes = []
    for split, chosen in parts.items():
        tables[split] = rows.iloc[chosen].reset_index(drop=True)
        if absent := set(rows["label"]) - set(tables[split]["label"]):
            notes.append(f"No row of {listed(_sorted_labels(absent))} fell to {split}: there are too few.")
    sizes = " and ".join(f"{split} ({_counted(len(parts[split]), 'row')})" for split in lacking)
    how = f"stratified by label{f', grouped by {group!r}' if group else ''}, seed {seed}"
    notes.insert(0, f"From the {len(rows):,} training rows {sizes} {'were' if len(lacking) > 1 else 'was'} cut: {how}.")
    mixed = int((rows.groupby("text")["label"].nunique() > 1).sum())
    if mixed:
        notes.append(f"{_counted(mixed, 'text')} to train on or cut from carried more than one label.")
    return tables, notes


def _group_numbers(values: pd.Series, where: str) -> list[int | None]:
    try:
        codes, _ = pd.factorize(values)
    except TypeError as error:
        raise InputTypeError(
            f"column {values.name!r} of {where} cannot group rows ({error}); choose one of strings or numbers"
        ) from error
    return [None if code < 0 else int(code) for code in codes]


def _counted(number: int, noun: str) -> str:
    first, _, rest = noun.partition(" ")
    return f"{number:,} {first}{'' if number == 1 else 's'} {rest}".rstrip()
