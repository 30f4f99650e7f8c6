"""The machine and the versions that figures were made with."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

from attribkit.models.precision import processor_capabilities
from attribkit.versions import versions_of


def machine() -> dict[str, Any]:
    """The processor, its cores, the threads of a process, and the versions that decide a result."""
    return {
        "processor": str(processor_capabilities().get("cpu_name", platform.machine())),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        **versions_of("python", "torch"),
    }


def commit() -> str | None:
    """The commit of the code that runs; None where it was installed without its repository."""
    own = Path(__file__)
    git = ["git", "-C", str(own.parent)]
    try:
        # an environment may lie in somebody else's repository, which then does not hold this file
        subprocess.run([*git, "ls-files", "--error-unmatch", own.name], capture_output=True, check=True)
        revision = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return revision.stdout.strip()
