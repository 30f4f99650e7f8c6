"""Sanity checks: whether scores depend on the model's weights, and on nothing that must have no effect."""

from attribkit.evaluation.sanity.checks import sanity
from attribkit.evaluation.sanity.result import Sanity

__all__ = ["Sanity", "sanity"]
