"""The notebooks run from top to bottom, on samples of the real data."""

from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


@pytest.mark.data
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["seed_attention", "seed_cnn", "seed_maps"])
def test_a_seed_runs_on_a_sample(name: str, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTRIBKIT_DATA", str(data_folder))
    monkeypatch.setenv("ATTRIBKIT_OUT", "maps")
    monkeypatch.delenv("ATTRIBKIT_FULL", raising=False)
    notebook = jupytext.read(NOTEBOOKS / f"{name}.py")
    NotebookClient(notebook, timeout=500, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert outputs and not [output for output in outputs if output["output_type"] == "error"]
    if name == "seed_maps":
        drawn = {file.name for file in (tmp_path / "maps").iterdir()}
        assert {"imdb-5000.html", "imdb-5000.png", "nlu-accuracy.png", "nlu-2d.html", "nlu-3d.png"} <= drawn


@pytest.mark.data
@pytest.mark.timeout(600)
def test_a_whole_corpus_on_a_sample(data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTRIBKIT_DATA", str(data_folder))
    monkeypatch.setenv("ATTRIBKIT_OUT", "corpus")
    monkeypatch.delenv("ATTRIBKIT_FULL", raising=False)
    notebook = jupytext.read(NOTEBOOKS / "5_a_whole_corpus.py")
    NotebookClient(notebook, timeout=500, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    drawn = {file.name for file in (tmp_path / "corpus").iterdir()}
    assert {"misleading.png", "misleading.html", "own.png"} <= drawn


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("*.py")), ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs_of_its_own(notebook: Path) -> None:
    assert not notebook.with_suffix(".ipynb").exists()
    assert {cell.cell_type for cell in jupytext.read(notebook).cells} == {"markdown", "code"}
