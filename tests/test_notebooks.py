"""The notebooks run from top to bottom, on samples of the real data."""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import jupytext
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


@pytest.mark.data
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["published_attention", "published_cnn", "published_maps"])
def test_a_published_notebook_runs_on_a_sample(
    name: str, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTRIBKIT_DATA", str(data_folder))
    monkeypatch.setenv("ATTRIBKIT_OUT", "maps")
    monkeypatch.delenv("ATTRIBKIT_FULL", raising=False)
    notebook = jupytext.read(NOTEBOOKS / f"{name}.py")
    NotebookClient(notebook, timeout=500, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert outputs and not [output for output in outputs if output["output_type"] == "error"]
    if name == "published_maps":
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
    assert_as_committed(notebook, NOTEBOOKS / "5_a_whole_corpus.ipynb")  # whose outputs are those of all reviews


TOUR = [outputs.with_suffix(".py") for outputs in sorted(NOTEBOOKS.glob("[0-9]_*.ipynb"))]
OF_REAL_DATA = {"5_a_whole_corpus"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("source", [one for one in TOUR if one.stem not in OF_REAL_DATA], ids=lambda path: path.stem)
def test_the_tour_runs_and_shows_what_is_committed(source: Path, tmp_path: Path) -> None:
    notebook = jupytext.read(source)
    NotebookClient(notebook, timeout=500, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    assert_as_committed(notebook, source.with_suffix(".ipynb"))


def assert_as_committed(notebook: Any, file: Path) -> None:
    """The same cells, and outputs of the same kinds."""
    committed = jupytext.read(file)
    assert [cell.source for cell in committed.cells] == [cell.source for cell in notebook.cells]
    for cell, shown in zip(notebook.cells, committed.cells, strict=True):
        kinds, expected = (
            {output["output_type"] for output in part.get("outputs", []) if not finished_bar(output)}
            for part in (cell, shown)
        )
        assert "error" not in kinds | expected and kinds - {"stream"} == expected - {"stream"}


def finished_bar(output: Any) -> bool:
    """Whether an output is what a bar of progress leaves: nothing to be seen."""
    return output["output_type"] == "display_data" and output["data"].get("text/html") == ""


@pytest.mark.parametrize("source", TOUR, ids=lambda path: path.stem)
def test_the_tours_outputs_are_small_and_name_no_machine(source: Path) -> None:
    content = source.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert len(content) < 500_000
    assert not re.search(r"/(?:home|root|tmp|work|Users)/", content)


@pytest.mark.parametrize("source", TOUR, ids=lambda path: path.stem)
def test_the_tours_outputs_suit_a_dark_page_and_hold_no_warning(source: Path) -> None:
    """Results draw themselves, in the page's colours; a picture would be a white box on it."""
    committed = jupytext.read(source.with_suffix(".ipynb"))
    outputs = [output for cell in committed.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if "image/png" in output.get("data", {})] == []
    assert [output for output in outputs if output.get("name") == "stderr" or "Warning" in str(output)] == []


@pytest.mark.parametrize("source", TOUR, ids=lambda path: path.stem)
def test_one_line_installs_what_a_notebook_of_the_tour_needs(source: Path) -> None:
    notebook = jupytext.read(source)
    line = re.search(r"`%pip install ([^`]+)`", notebook.cells[0].source)
    assert line
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    imported = set(re.findall(r"^(?:import|from) (\w+)", code, flags=re.MULTILINE)) - set(sys.stdlib_module_names)
    with (NOTEBOOKS.parent / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    named = [word.strip('"') for word in line[1].split()]
    extras = [extra for word in named for extra in re.findall(r"\[(.+)\]", word)]
    needed = [*project["dependencies"], *(one for extra in extras for one in project["optional-dependencies"][extra])]
    given = {re.findall(r"[\w-]+", one)[0] for one in [*needed, *named]}
    assert imported - given - {"sklearn"} == set()


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("*.py")), ids=lambda path: path.stem)
def test_a_notebook_is_written_as_text_and_outputs_of_public_data_are_not_committed(notebook: Path) -> None:
    assert not (notebook.stem.startswith("published_") and notebook.with_suffix(".ipynb").exists())
    assert {cell.cell_type for cell in jupytext.read(notebook).cells} == {"markdown", "code"}
