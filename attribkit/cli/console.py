"""Where the command line prints, and how user text is shown there."""

from rich.console import Console
from rich.markup import escape as escape_markup

console = Console()
errors = Console(stderr=True)


def escape(text: str) -> str:
    """User text as rich shows it: literally, control characters made visible."""
    return escape_markup("".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text))
