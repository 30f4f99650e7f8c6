"""From a table to a trained, explained and doubted model in one call."""

from attribkit.automl.run import Quickstart, quickstart

__all__ = ["Quickstart", "quickstart"]
