"""Projection: outputs of layers as points, maps of them, and measures of how far the classes are mixed."""
