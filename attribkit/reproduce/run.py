"""A whole table, seed by seed: after the first seed of every row it is complete, further seeds narrow it."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from attribkit.data import Dataset, load_dataset
from attribkit.errors import InputError, InputNotFoundError, StorageError
from attribkit.files import write_whole
from attribkit.progress import Progress, counted, shown, within
from attribkit.reproduce.folds import duplicates, folds
from attribkit.reproduce.results import write_results
from attribkit.reproduce.stability import measure_stability
from attribkit.reproduce.tables import TABLES, TFIDF, Row, Table
from attribkit.reproduce.unit import Unit

FORMAT = 2
MANIFEST = "reproduce.json"
_QUICK_TEXTS = 300  # of each split
_WIDEST = 50_000 * 300 * 4  # bytes of an embedding, where a row leaves its vocabulary open


def reproduce(
    table: str | Table,
    out: str | Path,
    *,
    seeds: int = 3,
    quick: bool = False,
    vectors: str | Path | None = None,
    progress: bool | Progress | None = None,
) -> dict[str, Any]:
    """Train and measure every row of a table, and write results.json, results.md and the pictures.

    What is finished in `out` is not run again; a training that was killed goes on where it was. Seeds are the outer
    loop, and the files are written anew after every unit of work, so what there is can be read at any time. Several
    processes may work in one folder at once, each on a unit that no other has claimed; the last to end sees them all.

    Args:
        table: "imdb", "ag_news", "nlu_ru", or a table of your own.
        out: a folder, made if it is not there.
        seeds: how many; 0, 1, …
        quick: small samples and two epochs: does everything work? Its figures mean nothing.
        vectors: the folder of pretrained vectors; `$ATTRIBKIT_DATA/vectors` if not given.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        the content of results.json.

    Raises:
        ValueError: for an unknown table, or if `out` was begun by another version or with other settings.
        FileNotFoundError: if a file of vectors is missing.
        OSError: if the disk would be full before the end.
    """
    chosen = _table(table)
    if seeds < 1:
        raise InputError(f"`seeds` must be at least 1, got {seeds}")
    folder = Path(out)
    files = _vectors(chosen, vectors)
    begin(folder, chosen, quick)
    check_space(folder, chosen, seeds)

    parts_of = (2 if quick else chosen.folds) if chosen.folds else 0

    @cache
    def data() -> Dataset:
        loaded = load_dataset(chosen.data, progress=progress)
        return loaded.sample(_QUICK_TEXTS) if quick else loaded

    @cache
    def parts(seed: int) -> list[Dataset]:
        return folds(data(), parts_of, seed)

    @cache
    def about() -> dict[str, Any]:
        command = f"attribkit reproduce {chosen.data} --seeds {seeds}" + " --quick" * quick
        return {"command": command, "quick": quick, "duplicates": duplicates(data()) if parts_of else None}

    plan = list(units(chosen, seeds, parts_of))
    with shown(progress) as tell:
        for number, unit in enumerate(plan, start=1):
            with unit.claimed(folder) as ours:
                if ours and unit.result(folder) is None:
                    part = data() if unit.fold is None else parts(unit.seed)[unit.fold]
                    inner = within(tell, f"{number} of {len(plan)}, {unit.name}")
                    unit.work(part, folder, files.get(unit.row.vectors or ""), quick, inner)
                    write_results(folder, chosen, plan, about())
        for row in counted(chosen.rows, tell, "stability across seeds"):
            measure_stability(folder, [unit for unit in plan if unit.row is row], data, 20 if quick else 500)
    return write_results(folder, chosen, plan, about())


def units(table: Table, seeds: int, parts: int) -> Iterator[Unit]:
    """Every unit of work in order; the reference on one test split is the same for every seed, and done once."""
    for seed in range(seeds):
        for row in table.rows:
            if row.architecture == TFIDF and seed and not parts:
                continue
            yield from (Unit(row, seed, fold) for fold in (range(parts) if parts else [None]))


def begin(out: Path, table: Table, quick: bool) -> None:
    """Make the folder, or check that the run in it has the same table and settings.

    Raises:
        ValueError: if something differs; the sentence names it.
    """
    now = {
        "format": FORMAT,
        "attribkit": version("attribkit"),
        "table": table.data,
        "quick": quick,
        "rows": {row.name: _settings(row) for row in table.rows},
    }
    now = json.loads(json.dumps(now))
    file = out / MANIFEST
    if not file.is_file():
        if out.is_dir() and any(out.iterdir()):
            raise InputError(f"{str(out)!r} holds other files; name a new folder, or one that reproduce began")
        out.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(now, indent=1).encode())
        return
    then = json.loads(file.read_bytes())
    for name in ("format", "attribkit", "table", "quick"):
        if then.get(name) != now[name]:
            raise InputError(
                f"the results in {str(out)!r} were begun with {name} = {then.get(name)!r}, now it is {now[name]!r}; "
                "name another folder"
            )
    for name, settings in now["rows"].items():
        if then["rows"].get(name, settings) != settings:
            raise InputError(
                f"the row {name!r} in {str(out)!r} was begun with other settings than this version's; name another "
                "folder"
            )


def check_space(out: Path, table: Table, seeds: int) -> None:
    """Check before a run that the disk has enough space.

    Raises:
        OSError: if there is too little; the sentence says how much is needed.
    """
    sizes = [_embedding(row) for row in table.rows if row.architecture != TFIDF]
    needed = seeds * (table.folds or 1) * sum(sizes) + 9 * max(sizes, default=0)
    free = shutil.disk_usage(out).free
    if free < needed:
        raise StorageError(
            f"the models of this table need up to {needed / 1e6:,.0f} MB of disk in {str(out)!r}, only "
            f"{free / 1e6:,.0f} MB are free; make room or choose another folder"
        )


def _embedding(row: Row) -> int:
    size = row.options.get("vocabulary_size")
    return _WIDEST if size is None else size * 300 * 4


def _settings(row: Row) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name in ("architecture", "options", "vectors")}


def _table(table: str | Table) -> Table:
    if isinstance(table, Table):
        return table
    if table not in TABLES:
        raise InputError(f"the tables are {', '.join(TABLES)}, got {table!r}")
    return TABLES[table]


def _vectors(table: Table, folder: str | Path | None) -> dict[str, Path]:
    """Each file of vectors that the table needs.

    Raises:
        FileNotFoundError: if one is missing, before anything is begun.
    """
    parent = Path(folder) if folder is not None else Path(os.environ.get("ATTRIBKIT_DATA", ".")) / "vectors"
    files = {row.vectors: parent / row.vectors for row in table.rows if row.vectors is not None}
    for name, path in files.items():
        if not path.is_file():
            raise InputNotFoundError(
                f"the table needs the word vectors {name}, and there is no {str(path)!r}; name their folder with "
                "`vectors` (--vectors)"
            )
    return files
