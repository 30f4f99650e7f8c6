"""What is built is what a user gets: the wheel, installed elsewhere, runs the demo."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
import torch
import yaml

ROOT = Path(__file__).parent.parent


def build(kind: str, source: Path, folder: Path, **environment: str) -> Path:
    """The wheel or the sdist of a source tree."""
    subprocess.run(
        [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(folder), str(source)],
        check=True,
        capture_output=True,
        env=os.environ | environment,
    )
    (built,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


def tracked(folder: str) -> set[str]:
    """The files of a folder of the source, those that git knows where there is a repository."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", folder]
        return set(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines())
    files = (file for file in (ROOT / folder).rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {str(file.relative_to(ROOT)) for file in files}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build("sdist", ROOT, folder)) as archive:
        archive.extractall(folder, filter="data")
    (source,) = (file for file in folder.iterdir() if file.is_dir())
    return source


def test_the_wheel_holds_every_module_model_and_template(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert tracked("attribkit") <= names
    assert {"attribkit/models/cnn.py", "attribkit/py.typed"} <= names
    assert any(name.endswith("weights.safetensors") for name in names)
    assert not [name for name in names if name.endswith((".pkl", ".pt", ".ckpt", ".npy"))]


def test_the_sdist_holds_all_that_its_tests_need_and_makes_the_same_wheel(
    wheel: Path, unpacked: Path, tmp_path: Path
) -> None:
    held = {str(file.relative_to(unpacked)) for file in unpacked.rglob("*") if file.is_file()}
    for folder in ("attribkit", "tests", "docs", "notebooks", "benchmarks", ".ci", ".github"):
        assert tracked(folder) <= held
    assert {"README.md", "CHANGELOG.md", "LICENSE", "constraints.txt", "Makefile", "mkdocs.yml"} <= held
    again = zipfile.ZipFile(build("wheel", unpacked, tmp_path))
    contents = {item.filename: item.CRC for item in zipfile.ZipFile(wheel).infolist()}
    assert {item.filename: item.CRC for item in again.infolist()} == contents


def test_tests_pass_from_the_unpacked_sdist(unpacked: Path) -> None:
    """A few here; `make matrix` runs the fast ones so with the wheel installed, on each Python."""
    chosen = ["tests/test_rank_correlation.py", "tests/test_versions.py", "tests/text/test_sentences.py"]
    passed = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *chosen],
        cwd=unpacked,
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )
    assert passed.returncode == 0 and " passed" in passed.stdout, passed.stdout + passed.stderr


def description(wheel: Path) -> str:
    """What an index shows of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        payload = message_from_bytes(archive.read(name)).get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode("utf-8")


def test_the_readme_has_no_link_on_an_index_that_leads_nowhere(wheel: Path, tmp_path: Path) -> None:
    alone = description(wheel)
    assert "attribkit gives each word of a text a score" in alone and "A film review, its words coloured" in alone
    if (ROOT / "PKG-INFO").is_file():
        pytest.skip("the description of an sdist was fixed when it was made")
    linked = description(build("wheel", ROOT, tmp_path, ATTRIBKIT_REPOSITORY="https://host.example/a/b/blob/v1"))
    for text, links in ((alone, 0), (linked, 20)):
        targets = re.findall(
            r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        )
        given = [markdown or html for markdown, html in targets]
        assert [target for target in given if not target.startswith("https://")] == [] and len(given) >= links
    assert "](https://host.example/a/b/blob/v1/docs/training.md)" in linked
    pictures = re.findall(r"!\[[^\]]*\]\(https://host\.example/a/b/raw/v1/([^)]+)\)", linked)
    assert len(pictures) == 5 and all((ROOT / picture).is_file() for picture in pictures)


def test_nothing_is_published_but_by_the_workflow_that_a_release_starts() -> None:
    folder = ROOT / ".github" / "workflows"
    workflows = {file.name: yaml.safe_load(file.read_text(encoding="utf-8")) for file in folder.glob("*.yml")}
    publish = workflows["publish.yml"]
    assert publish[True] == {"release": {"types": ["published"]}}  # YAML reads the key `on` as true
    assert publish["permissions"] == {"contents": "read"}
    jobs = publish["jobs"]
    assert set(jobs) == {"build", "publish"} and jobs["publish"]["needs"] == "build"
    assert jobs["publish"]["permissions"] == {"id-token": "write"} and "permissions" not in jobs["build"]
    assert jobs["publish"]["environment"] == "release"
    uses = [step.get("uses", "") for step in jobs["publish"]["steps"]]
    assert [use.partition("@")[0] for use in uses] == ["actions/download-artifact", "pypa/gh-action-pypi-publish"]
    others = "".join(
        file.read_text(encoding="utf-8") for file in (folder / "tests.yml", ROOT / "Makefile", ROOT / ".ci/run")
    )
    assert not re.search(r"pypi-publish|twine|uv publish|id-token", others)
    assert not re.search(
        r"secrets|password|token:", (folder / "publish.yml").read_text(encoding="utf-8").replace("id-token", "")
    )


def test_the_wheel_says_its_version_and_forbids_no_later_python(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = message_from_bytes(archive.read(name))
    assert metadata["Requires-Python"] == ">=3.11"
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert headings[0] == f"## {metadata['Version']}"
    capped = [line for line in metadata.get_all("Requires-Dist", []) if "<" in line or "==" in line.split(";")[0]]
    assert not capped


def test_the_installed_wheel_runs_the_demo(wheel: Path, tmp_path: Path) -> None:
    """A fresh environment that borrows this one's dependencies, so that no network is needed, but not our sources."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    home = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
    )
    zipfile.ZipFile(wheel).extractall(home)
    (home / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "ATTRIBKIT_DATA")}
    code = "import attribkit, sys; print(attribkit.__file__); from attribkit.cli import main; main(sys.argv[1:])"
    result = subprocess.run(
        [python, "-c", code, "demo", "--out", str(tmp_path / "pictures")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.splitlines()[0]).is_relative_to(home)
    assert (tmp_path / "pictures" / "demo.html").stat().st_size > 10_000
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 5


def test_every_dependency_is_pinned_and_none_is_for_a_gpu() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    pins = dict(line.split("==") for line in lines)
    assert pins["torch"] == "2.13.0"
    assert not [name for name in pins if "nvidia" in name or "cuda" in name or name == "triton"]
    frozen = subprocess.run(
        [sys.executable, "-c", "from importlib.metadata import distributions as d; print(*{x.name for x in d()})"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    known = {name.lower().replace("_", "-").replace(".", "-") for name in pins}
    unpinned = {name.lower().replace("_", "-").replace(".", "-") for name in frozen} - known
    if torch.version.cuda is not None:  # what PyPI gives on Linux brings its own
        unpinned = {name for name in unpinned if not name.startswith(("nvidia-", "cuda-", "triton"))}
    assert unpinned <= {"attribkit", "pip"}
