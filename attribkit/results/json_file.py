"""The JSON files of results: a checksummed envelope, and dataclasses as mappings."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from attribkit.errors import InputError, InputNotFoundError
from attribkit.results.panels import KINDS, AttentionHeads, Drawable, Panel

FORMAT, _OLDEST = 4, 1
"""What formats are read: before 2 a prediction has no task, before 3 a map no regions, before 4 scores no windows."""
REPEATED = ("failed", "verdict")
"""Properties that are written beside the fields, for whoever reads the file without this package."""


_READERS = {
    "explanation": "Explanation",
    "explanations": "Explanations",
    "panels": "Panels",
    "error analysis": "ErrorAnalysis",
    "training influence": "TrainingInfluence",
    "label errors": "LabelErrors",
}
"""The kinds of envelope, and the class whose `load` reads them."""


def result_json(kind: str, result: Drawable) -> str:
    """One result as an envelope of this kind: "explanation", or "panels" for any other."""
    return envelope(kind, _content(result))


def results_json(kind: str, results: Iterable[Drawable]) -> str:
    """Several as an envelope of this kind."""
    return envelope(kind, [_content(result) for result in results])


def read_panels(content: Any) -> tuple[Panel, ...]:
    """The panels in the content of a JSON file.

    Raises:
        KeyError: if a field is missing.
        TypeError: if a field is missing or unknown.
        ValueError: if a field has a value that its panel does not take.
    """
    panels = []
    for panel in content["panels"]:
        panel = {name: part for name, part in panel.items() if name not in REPEATED}
        panels.append(KINDS[panel.pop("kind")](**panel))
    return tuple(panels)


def _content(result: Drawable) -> dict[str, Any]:
    return {
        "text": result.text,
        "prediction": _as_json(result.prediction),
        "panels": _as_json(result.panels()),
        "provenance": dict(result.provenance),
    }


def _as_json(value: Any) -> Any:
    """Dataclasses as mappings of their fields, panels with their kind, arrays as lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, AttentionHeads):
        return {"kind": value.kind, **_as_json({**vars(value), "weights": value.packed()})}
    if isinstance(value, dict):
        return {name: _as_json(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_as_json(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        content = {f.name: _as_json(getattr(value, f.name)) for f in fields(value)}
        content |= {name: _as_json(getattr(value, name)) for name in REPEATED if hasattr(value, name)}
        return {"kind": value.kind, **content} if hasattr(value, "kind") else content
    return value


def _checksum(content: Any) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def envelope(kind: str, content: Any) -> str:
    """The file of this content, with its kind, format and checksum."""
    envelope = {"attribkit": kind, "format": FORMAT, "sha256": _checksum(content), "content": content}
    return json.dumps(envelope, ensure_ascii=False, allow_nan=False)  # indented it takes six times as long


def open_envelope(text: str, kind: str, *older: str) -> Any:
    """The content of a JSON file of this kind, or of an older kind.

    Raises:
        ValueError: for anything else, or for a file that was changed.
    """
    try:
        envelope = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"an explanation's JSON was expected, got text that is not JSON ({error})") from error
    if not isinstance(envelope, dict) or "attribkit" not in envelope or "content" not in envelope:
        raise InputError("an explanation's JSON was expected, got other JSON; load a file that save() wrote")
    if envelope["attribkit"] not in (kind, *older):
        reader = _READERS.get(str(envelope["attribkit"]), "Explanation")
        raise InputError(f"the file holds {envelope['attribkit']!r}, not {kind!r}; load it with {reader}.load")
    if envelope.get("format") not in range(_OLDEST, FORMAT + 1):
        raise InputError(
            f"the file has format {envelope.get('format')!r}, this version reads {_OLDEST} to {FORMAT}; upgrade "
            "attribkit"
        )
    if envelope.get("sha256") != _checksum(envelope["content"]):
        raise InputError("the file was changed after it was saved (its checksum differs); save the explanation anew")
    return envelope["content"]


def read(path: str | Path) -> str:
    """The text of a saved file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not UTF-8.
    """
    path = Path(path)
    if not path.is_file():
        raise InputNotFoundError(f"an explanation's .json file was expected, but there is no file {str(path)!r}")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} is not UTF-8 text ({error.reason}); load a .json file that save() wrote"
        ) from error
