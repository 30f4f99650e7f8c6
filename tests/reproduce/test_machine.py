import importlib.util
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

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


def test_the_processor_is_named_as_well_as_torch_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"cpu_name": "A Processor", "avx2": True}, raising=False)
    assert machine.machine()["processor"] == "A Processor"
    monkeypatch.delattr(torch.cpu, "get_capabilities")  # as in a torch from before it was there
    assert machine.machine()["processor"] == platform.machine()
