"""The widget behind explore(): the pane's questions come as messages, and so go the answers."""

from collections.abc import Callable
from typing import Any

from anywidget import AnyWidget

from attribkit.serve.cell import module

Answer = Callable[[str, Any], tuple[int, Any]]


class Explorer(AnyWidget):
    """A pane whose questions `answer(path, body)` answers with a status and a body."""

    def __init__(self, answer: Answer) -> None:
        self._esm = module()
        super().__init__()
        self._answer = answer
        self.on_msg(self._asked)

    def __repr__(self) -> str:
        return "Explorer(shown by a notebook)"

    def _asked(self, widget: Any, content: Any, buffers: Any) -> None:
        status, body = self._answer(str(content["path"]), content["body"])
        self.send({"number": content["number"], "status": status, "body": body})
