"""Provenance names the versions of what is installed, and of nothing else."""

import platform
from importlib.metadata import version

from attribkit.versions import versions_of


def test_versions_are_those_installed_in_the_order_asked_for() -> None:
    found = versions_of("python", "torch", "no-such-package", "numpy")
    assert found == {"python": platform.python_version(), "torch": version("torch"), "numpy": version("numpy")}
    assert list(found) == ["python", "torch", "numpy"]
