"""The parts of a corpus run: each a Parquet file, whole or not at all.

A part is written under a temporary name, flushed and renamed. Names that begin with `_` or `.` are no part of the data
set to pandas, Arrow and Spark.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attribkit.files import write_whole
from attribkit.results.panels import Convergence

WORDS = "_words"
"""The folder of the words' sums."""


@dataclass(frozen=True)
class Part:
    """A finished part of a run.

    Attributes:
        number: its window's.
        file: its name in the folder.
        rows: how many.
        first: the number of its first row in the corpus.
        last: the number of its last row.
        statuses: how many rows have each status.
        sha256: of the file.
        words: SHA-256 of the file with its words' sums, if there is one.
        versions: by which its rows were explained, if not all by those that the run began with.
        convergence: how many of its explanations converged.
        seen: how many of its rows have a text that the model was trained on; None if that is not known.
    """

    number: int
    file: str
    rows: int
    first: int
    last: int
    statuses: Mapping[str, int]
    sha256: str
    words: str | None = None
    versions: Sequence[Mapping[str, str]] = ()
    convergence: Convergence = field(default_factory=Convergence)
    seen: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.convergence, Mapping):
            object.__setattr__(self, "convergence", Convergence.from_json(self.convergence))

    def to_json(self) -> dict[str, Any]:
        """The fields, as `Part(**fields)` reads them."""
        return asdict(self) | {"convergence": self.convergence.to_json()}

    @property
    def failed(self) -> int:
        """Rows that were not explained."""
        return self.rows - self.statuses.get("ok", 0)


def part_name(number: int) -> str:
    """The file of a window's part: names sort as the windows do."""
    return f"part-{number:08d}.parquet"


def write_part(folder: Path, number: int, table: pa.Table, words: pa.Table | None) -> Part:
    """Write a part, whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    name = part_name(number)
    sums = None if words is None else write_parquet(folder / WORDS / name, words)
    counted = table["status"].value_counts().to_pylist()
    return Part(
        number=number,
        file=name,
        rows=table.num_rows,
        first=table["row"][0].as_py(),
        last=table["row"][-1].as_py(),
        statuses={
            status["values"]: status["counts"] for status in sorted(counted, key=lambda status: status["values"])
        },
        sha256=write_parquet(folder / name, table),
        words=sums,
        convergence=convergence_of(table),
    )


def convergence_of(part: pa.Table) -> Convergence:
    """How many of a part's explanations converged."""
    rows = part.select(["converged", "relative_error"]).filter(pc.equal(part["status"], "ok"))
    return Convergence.counted(zip(rows["converged"].to_pylist(), rows["relative_error"].to_pylist(), strict=True))


def _repeating(schema: pa.Schema) -> list[str]:
    """The columns whose values are worth a dictionary: strings, which repeat; numbers hardly do, and take time to try.

    Named as Parquet does: a list's values are its `list.element`.
    """
    names = []
    for column in schema:
        listed = pa.types.is_list(column.type)
        kind = column.type.value_type if listed else column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            names.append(f"{column.name}.list.element" if listed else column.name)
    return names


def write_parquet(path: Path, table: pa.Table) -> str:
    """Write a table, whole or not at all; returns its SHA-256.

    Raises:
        MemoryError: if there is too little memory to compress it.
        OSError: if it cannot be written.
    """
    buffer = io.BytesIO()
    try:
        pq.write_table(table, buffer, compression="zstd", compression_level=1, use_dictionary=_repeating(table.schema))
    except OSError as error:  # nothing is written to a disk here: Arrow says so where a column or zstd got no memory
        raise MemoryError(str(error)) from error
    content = buffer.getvalue()
    write_whole(path, content)
    return hashlib.sha256(content).hexdigest()
