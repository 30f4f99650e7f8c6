"""Runs the guided tour, or the notebooks named, and writes the outputs beside them, for code hosts to show."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import jupytext
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def is_progress(output: Any) -> bool:
    """Whether an output is a bar of progress or a warning on stderr, or what a finished bar leaves."""
    finished = output["output_type"] == "display_data" and output["data"].get("text/html") == ""
    return (output["output_type"] == "stream" and output["name"] == "stderr") or finished


for source in sorted(NOTEBOOKS.glob("[0-9]_*.py")):
    if sys.argv[1:] and source.stem not in sys.argv[1:]:
        continue
    notebook = jupytext.read(source)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        cell.metadata.pop("execution", None)  # when a cell was run is nobody's business
        cell.outputs = [output for output in cell.outputs if not is_progress(output)]
    jupytext.write(notebook, source.with_suffix(".ipynb"))
    print(source.with_suffix(".ipynb").name)
