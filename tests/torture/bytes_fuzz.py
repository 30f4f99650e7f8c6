"""Coverage-guided fuzzing of what reads bytes, by atheris (the extra `fuzz`); a fault ends it with its input.

python tests/torture/bytes_fuzz.py -atheris_runs=50000
"""

import contextlib
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["attribkit"]):
    from attribkit.corpus.selection import Selection
    from attribkit.corpus.sources import find_sources
    from attribkit.corpus.windows import Columns, Plan
    from attribkit.explanation import Explanation
    from attribkit.training.glove import read_vectors

FOLDER = tempfile.TemporaryDirectory()
SUFFIXES = (".csv", ".tsv", ".jsonl", ".txt", ".json")


def one_input(content: bytes) -> None:
    """The first byte chooses the reader; only a refusal in a sentence may come of the rest."""
    suffix = SUFFIXES[(content[0] if content else 0) % len(SUFFIXES)]
    path = Path(FOLDER.name) / f"input{suffix}"
    path.write_bytes(content[1:])
    with contextlib.suppress(ValueError):
        if suffix == ".txt":
            read_vectors(path, {"[PAD]": 0, "[UNK]": 1, "a": 2})
        elif suffix == ".json":
            Explanation.load(path)
        else:
            plan = Plan(tuple(find_sources(path)), Columns(), Selection(), rows=5)
            rows = [row for window in plan.windows() for row in window.table.to_pylist()]
            if [row["row"] for row in rows] != list(range(len(rows))):
                raise RuntimeError("a row was lost or repeated")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
