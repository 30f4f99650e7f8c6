"""The views of a model: each is settings, then a call that returns panels."""

from attribkit.views.attention import Attention
from attribkit.views.attribution import Attribution
from attribkit.views.interactions import Interactions
from attribkit.views.projection import Projection
from attribkit.views.view import View

VIEWS: dict[str, type[View]] = {
    "attribution": Attribution,
    "attention": Attention,
    "projection": Projection,
    "interactions": Interactions,
}
"""In the order in which `explain` shows them."""

ON_REQUEST = frozenset({"interactions"})
"""Views that `explain` shows only where they are named: they take longer."""
