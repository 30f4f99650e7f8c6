"""What a package index shows: the README, with links that lead somewhere from there.

An index holds no files of ours, so a link of the README into the repository would be broken. With the address of the
repository in ATTRIBKIT_REPOSITORY, as the workflow that publishes sets it, links and pictures become absolute; without
one, pictures become their descriptions and links their words.
"""

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_PICTURE = re.compile(r'<picture>.*?<img src="([^"]+)"[^>]*?alt="([^"]+)"[^>]*></picture>', re.DOTALL)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")


class CustomMetadataHook(MetadataHookInterface):
    """Gives the package its long description."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description of the project's metadata."""
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = on_an_index(readme, os.environ.get("ATTRIBKIT_REPOSITORY", ""))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def on_an_index(readme: str, repository: str) -> str:
    """The README as an index can show it.

    Args:
        readme: in Markdown.
        repository: its address, such as https://host/owner/name/blob/v1.0; "" if none is known.
    """
    raw = repository.replace("/blob/", "/raw/")

    def absolute(match: re.Match[str]) -> str:
        picture, words, target = match.groups()
        if not repository:
            return f"*{words}*" if picture else words
        return f"{picture}[{words}]({raw if picture else repository}/{target})"

    return _LINK.sub(absolute, _PICTURE.sub(r"![\2](\1)", readme))
