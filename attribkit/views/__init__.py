"""The views of a model: each is settings, then a call that returns panels."""

from attribkit.views.attention import Attention
from attribkit.views.attribution import Attribution
from attribkit.views.encoded_batch import View
from attribkit.views.projection import Projection

VIEWS: dict[str, type[View]] = {"attribution": Attribution, "attention": Attention, "projection": Projection}
"""In the order in which `explain` shows them."""
