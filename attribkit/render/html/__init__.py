"""HTML: one self-contained page, or a fragment for a notebook; nothing loaded from anywhere."""

from attribkit.render.html.document import document
from attribkit.render.html.page import fragment, page

__all__ = ["document", "fragment", "page"]
