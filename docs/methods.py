"""Writes the table of methods.md anew from the registry: python docs/methods.py."""

import re
from pathlib import Path

from attribkit.attribution.registry import METHODS

PAGE = Path(__file__).with_name("methods.md")
TABLE = re.compile(r"(<!-- methods -->\n).*?(<!-- end of methods -->)", re.DOTALL)


def with_table(page: str) -> str:
    """The page with today's table between its marks."""
    table = ["| method | sums to the output | needs | what it does | source |", "|---|---|---|---|---|"]
    for method in METHODS.values():
        cells = (
            f"[`{method.name}`](methods/{method.name}.md)",
            method.adds_up,
            method.needs,
            method.description,
            method.source,
        )
        table.append(f"| {' | '.join(cells)} |")
    return TABLE.sub(lambda part: part[1] + "\n".join(table) + "\n" + part[2], page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
