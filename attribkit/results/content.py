"""Checks of a result's content: panels within its text, and a provenance that JSON can hold."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from attribkit.errors import InputError, InputTypeError
from attribkit.results.panels import Heatmap, Pairs, Panel, TokenScores


def checked_panels(panels: Iterable[Panel], text: str | None) -> tuple[Panel, ...]:
    """The panels, whose tokens lie in the text.

    Raises:
        ValueError: for spans outside of it.
    """
    panels, length = tuple(panels), len(text or "")
    for panel in panels:
        if not isinstance(panel, (TokenScores, Heatmap, Pairs)) or not len(panel.ends):
            continue
        if panel.ends[-1] > length:
            raise InputError(
                f"the tokens' spans must lie in the text of {length} characters, got an end at {panel.ends[-1]}"
            )
    return panels


def checked_provenance(provenance: Mapping[str, Any] | None) -> dict[str, Any]:
    """The provenance as JSON holds it, so that what is saved and what is in memory are the same thing.

    Raises:
        TypeError: for anything but a mapping, or values of a kind that JSON lacks.
        ValueError: for numbers that JSON lacks.
    """
    if not (provenance is None or isinstance(provenance, Mapping)):
        raise InputTypeError(
            f"`provenance` must be a mapping of what made the explanation, got {type(provenance).__name__}"
        )
    content: dict[str, Any] = json.loads(json.dumps(dict(provenance or {}), allow_nan=False))
    return content
