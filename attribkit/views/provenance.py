"""How an explanation was made: the model, its device, what the views were told, and the versions of packages."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from attribkit.attribution.label_index import Index
from attribkit.models.classifier import Classifier
from attribkit.versions import versions_of
from attribkit.views import ViewOptions
from attribkit.views.view import View


def provenance_of(model: Classifier, views: Mapping[str, View]) -> dict[str, Any]:
    """The model by name and fingerprint, its device, the settings of the views by name, and the versions of packages.

    Args:
        model: what is explained.
        views: those that explain it, by name.
    """
    return {
        "model": model.name,
        "network": type(model.network).__name__,
        "fingerprint": model.fingerprint(),
        "device": str(model.device),
        "settings": {"views": list(views), **_settings(views.values())},
        "versions": versions_of("attribkit", "torch", "captum"),
    }


def _settings(views: Iterable[View]) -> dict[str, Any]:
    """What the views were told, but for data and for what changes no result."""
    settings: dict[str, Any] = {}
    for view in views:
        values = {field.name: getattr(view, field.name) for field in fields(view)}
        for name in (ViewOptions.__annotations__.keys() & values.keys()) - {
            "reference",
            "train",
            "batch_size",
            "max_steps",
            "max_tokens",
        }:
            value = values[name]
            # a target may be an index or one of numpy's integers, which JSON does not know
            settings[name] = [_plain(part) for part in value] if isinstance(value, (tuple, list)) else _plain(value)
    return {name: settings[name] for name in ViewOptions.__annotations__ if name in settings}


def _plain(value: Any) -> Any:
    if isinstance(value, Index):
        return asdict(value)
    return int(value) if isinstance(value, np.integer) else value
