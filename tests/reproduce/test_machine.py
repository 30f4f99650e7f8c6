import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from attribkit.reproduce import machine


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_is_not_that_of_a_repository_around_the_environment(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    installed = tmp_path / "machine.py"
    shutil.copy(machine.__file__, installed)
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "somebody else's"], check=True)
    spec = importlib.util.spec_from_file_location("installed", installed)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.commit() is None
    subprocess.run([*git, "add", "machine.py"], check=True)
    assert len(module.commit()) == 40
