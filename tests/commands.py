"""The command line as a user runs it, and code in a Python of its own."""

import subprocess
import sys

from attribkit.cli import main


def run(*arguments: object) -> int:
    """The exit code of a command."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as exit:
        return int(exit.code or 0)
    return 0


def printed(code: str, *arguments: object) -> str:
    """What code prints in a new Python, in which nothing has been imported."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return process.stdout.strip()
