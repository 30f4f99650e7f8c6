"""Pictures as PNG, SVG and PDF on figures that pyplot never hears of."""

from attribkit.render.picture.page import figure, image

__all__ = ["figure", "image"]
