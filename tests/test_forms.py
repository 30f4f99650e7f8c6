"""The forms that a text takes between `explain` and a picture are few, and all of them are written down."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

import attribkit as ak

DOCUMENT = Path(__file__).parent.parent / "docs" / "architecture.md"
METHODS = ("attribkit.attribution.cnn", "attribkit.attribution.methods")
"""What a method computes with is its own."""


def documented() -> tuple[list[str], set[str]]:
    """The forms in the document's table, and the other classes of its section."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("### Ten forms\n")[2]
    section = re.split(r"^##", section, maxsplit=1, flags=re.MULTILINE)[0]
    forms = re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
    return forms, set(re.findall(r"`(\w+)`", section)) - set(forms)


def picture_of(model: ak.Classifier, file: Path) -> None:
    ak.explain(model, "It was a horrible movie", views="attribution").save(file)


def record(monkeypatch: pytest.MonkeyPatch, made: set[str]) -> None:
    """From now on, the name of every class of the package that is made an object of is kept."""
    modules = [module for name, module in list(sys.modules.items()) if name.split(".")[0] == "attribkit"]
    classes = {value for module in modules for value in vars(module).values() if isinstance(value, type)}

    def recorded(cls: Any) -> Any:
        def __init__(self: Any, *arguments: Any, **options: Any) -> None:
            if not type(self).__module__.startswith(METHODS):
                made.add(type(self).__name__)
            original(self, *arguments, **options)

        original = cls.__init__
        return __init__

    for cls in classes:
        if cls.__module__.split(".")[0] == "attribkit" and "__init__" in vars(cls):
            monkeypatch.setattr(cls, "__init__", recorded(cls))


def test_a_text_takes_at_most_ten_forms_on_its_way_to_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [ak.load(name, "cpu") for name in ("imdb-cnn", "imdb-attention-rnn")]
    for model in models:
        picture_of(model, tmp_path / "first.png")  # so that every module is there
    made: set[str] = set()
    record(monkeypatch, made)
    for model in models:
        picture_of(model, tmp_path / "second.png")
    forms, beside = documented()
    assert len(forms) == len(set(forms)) <= 10
    assert made == {*forms, *beside}
