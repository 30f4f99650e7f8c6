"""The versions that a result's provenance names."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version


def versions_of(*packages: str) -> dict[str, str]:
    """The version of each package that is installed; "python" is Python itself."""
    versions = {package: _version(package) for package in packages}
    return {package: number for package, number in versions.items() if number is not None}


@cache  # to find a version reads files
def _version(package: str) -> str | None:
    if package == "python":
        return platform.python_version()
    try:
        return version(package)
    except PackageNotFoundError:
        return None
