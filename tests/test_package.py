"""What is built is what a user gets: the wheel, installed elsewhere, runs the demo."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_holds_every_module_model_and_template(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "attribkit"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert set(tracked) <= names
    assert {"attribkit/models/cnn.py", "attribkit/py.typed"} <= names
    assert any(name.endswith("weights.safetensors") for name in names)
    assert not [name for name in names if name.endswith((".pkl", ".pt", ".ckpt", ".npy"))]


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
    assert unpinned <= {"attribkit", "pip"}
