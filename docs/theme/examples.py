"""Reads a docstring's `Example:` as the section of examples that it is."""

from typing import Any

from griffe import Extension, Object


class Examples(Extension):
    """`Example:` is the word of this project's docstrings; the parser knows `Examples:`."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Give the section the name that the parser knows."""
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace("Example:\n", "Examples:\n")
