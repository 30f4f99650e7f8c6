"""Pictures as PNG, SVG and PDF, on figures of their own.

seaborn, which draws the cells of a heatmap, imports pyplot and registers its colour maps; but pyplot never holds a
figure of ours, and matplotlib's settings and backend stay as they were.
"""

from matplotlib.figure import Figure

from attribkit.render.picture.page import figure, image, pages

__all__ = ["Figure", "figure", "image", "pages"]
