"""How a result was made, as rows of a table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Drawable


def reading_notes(drawables: Iterable[Drawable]) -> tuple[str, ...]:
    """What was guessed or mended as the texts of these were read, each sentence once."""
    notes = [each.provenance.get("notes") for each in drawables]
    return tuple(dict.fromkeys(str(note) for several in notes if isinstance(several, list) for note in several))


def flat(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Provenance as rows of name and value, nested names joined by dots."""
    rows: list[tuple[str, str]] = []
    for name, value in provenance.items():
        if isinstance(value, Mapping):
            rows += [(f"{visible(str(name), True)}.{inner}", shown) for inner, shown in flat(value)]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            rows.append((visible(str(name), True), visible(", ".join(map(str, value)), True)))
        else:
            rows.append((visible(str(name), True), visible(str(value), True)))
    return rows
