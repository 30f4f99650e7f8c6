"""The files that the guides give to copy, a Dockerfile and a job, are whole: what they name and call exists."""

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from attribkit.cli import app

ROOT = Path(__file__).parent.parent
INSTRUCTIONS = {"FROM", "COPY", "RUN", "USER", "WORKDIR", "ENV", "EXPOSE", "CMD"}


def block(page: str, language: str) -> str:
    (code,) = re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "docs" / page).read_text(), flags=re.M | re.S)
    return str(code)


def parsed(command: list[str]) -> Any:
    """The command with its options, as the program itself reads them; an unknown one raises."""
    assert command[0] == "attribkit"
    group: Any = typer.main.get_command(app)
    return group.commands[command[1]].make_context(command[1], command[2:])


def installed(command: str) -> list[str]:
    """What pip is told to install, without its options; the extras must be this package's."""
    words = [word.strip('"') for word in shlex.split(re.sub(r"--constraint \S+", "", command.split("&&")[0]))]
    places = [word for word in words[2:] if not word.startswith("-")]
    for extra in re.findall(r"\[(\w+)\]", " ".join(places)):
        assert re.search(rf"^{extra} = \[", (ROOT / "pyproject.toml").read_text(), flags=re.M)
    return [place.partition("[")[0] for place in places]


def test_the_dockerfile_copies_what_it_installs_and_starts_a_command_that_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line.partition(" ")[::2] for line in block("deploying.md", "dockerfile").splitlines()]
    assert {name for name, _ in lines} == INSTRUCTIONS and lines[0][0] == "FROM" and lines[-1][0] == "CMD"
    values = dict(lines)
    copied = dict(text.split() for name, text in lines if name == "COPY")
    assert installed(values["RUN"]) == [copied["attribkit"]]
    constraints = re.findall(r"--constraint (\S+)", values["RUN"])
    assert constraints == [f"{copied['attribkit']}/constraints.txt"] and (ROOT / "constraints.txt").is_file()
    assert values["FROM"].removeprefix("python:").removesuffix("-slim") in (ROOT / "pyproject.toml").read_text()
    (tmp_path / "my-model").mkdir()
    monkeypatch.chdir(tmp_path)
    called = parsed(json.loads(values["CMD"])).params
    assert called["host"] == "0.0.0.0" and called["port"] == int(values["EXPOSE"])
    assert copied["my-model"] == f"{values['WORKDIR']}/my-model" and f"--create-home {values['USER']}" in values["RUN"]


def test_the_job_installs_from_the_source_tree_and_calls_commands_that_exist() -> None:
    job = yaml.safe_load(block("ci_gate.md", "yaml"))
    steps = job["jobs"]["check"]["steps"]
    runs = [step["run"] for step in steps if "run" in step]
    assert installed(runs[0]) == ["./attribkit"] and steps[0]["with"] == {"submodules": True}
    commands = [shlex.split(run.partition(" > ")[0]) for run in runs[1:]]
    checked, shown, reported = commands
    assert [parsed(command).info_name for command in (checked, reported)] == ["check", "report"]
    assert shown[:3] == ["python", "-m", "json.tool"]  # the figures, also in the log of a build that passes
    with pytest.raises(Exception, match="No such option"):
        parsed(["attribkit", "check", "model", "rows.csv", "--min-beauty", "1"])
    written = [runs[1].partition(" > ")[2], reported[reported.index("--out") + 1]]
    assert steps[-1]["with"]["path"].split() == written and shown[3] == written[0] and "--json" in checked
    assert all(step["if"] == "always()" for step in steps[-3:])


def test_the_comparison_links_the_source_of_each_library_it_compares() -> None:
    page = (ROOT / "docs" / "compared.md").read_text(encoding="utf-8")
    table, sources = page.split("## Sources")
    names = [cell.split()[0] for cell in table.split("| what |")[1].splitlines()[0].strip(" |").split(" | ")]
    assert names == ["attribkit", "captum", "LIT", "inseq", "ferret", "shap", "lime"]
    assert [name for name in names[1:] if f"[{name}](https://" not in sources] == []


def test_the_start_installs_the_wheel_of_this_version_and_the_pinned_torch() -> None:
    page = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    pinned = re.search(r"^torch==(.+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), flags=re.M)
    assert pinned and f"CPU build of torch {pinned[1]}," in page
    assert f"pip install -c constraints.txt attribkit-{version}-py3-none-any.whl" in page
    assert set(re.findall(r"attribkit-([\d.]+)-py3", page)) == {version}
