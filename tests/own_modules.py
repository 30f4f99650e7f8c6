"""The modules of a user's own that docs/extending.md shows."""

import re
from pathlib import Path

DOCUMENT = (Path(__file__).parent.parent / "docs" / "extending.md").read_text(encoding="utf-8")


def file_in_document(name: str) -> str:
    """The code block that begins with a comment of the file's name."""
    (code,) = re.findall(rf"^```python\n(# {re.escape(name)}\n.*?)^```", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
    return str(code)
