"""Where the command line prints, and how user text is shown there."""

import codecs
import io
import sys

from rich.console import Console
from rich.markup import escape as escape_markup

console = Console()
errors = Console(stderr=True)


def escape(text: str) -> str:
    """User text as rich shows it: literally, control characters made visible."""
    return escape_markup("".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text))


NEAREST = {"−": "-", "–": "-", "·": "|", "…": "...", "“": '"', "”": '"', "’": "'", "≤": "<=", "✓": "ok:", "✗": "no:"}
"""What is printed for a sign of ours where the terminal's encoding lacks it; "?" for any other character."""


def write_what_the_terminal_has() -> None:
    """Let stdout and stderr of any encoding take any text."""
    codecs.register_error("attribkit.nearest", _nearest)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="attribkit.nearest")


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(NEAREST.get(c, "?") for c in error.object[error.start : error.end]), error.end
