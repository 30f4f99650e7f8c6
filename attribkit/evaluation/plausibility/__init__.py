"""Whether scores mark the words that people mark."""

from attribkit.evaluation.plausibility.study import Plausibility, plausibility

__all__ = ["Plausibility", "plausibility"]
