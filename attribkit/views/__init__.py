"""The views of a model: each is settings, then a call that returns panels."""

from attribkit.views.attribution import Attribution

VIEWS = {"attribution": Attribution}
