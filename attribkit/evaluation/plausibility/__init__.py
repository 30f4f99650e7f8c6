"""Plausibility: whether scores agree with human rationales."""

from attribkit.evaluation.plausibility.study import Plausibility, plausibility

__all__ = ["Plausibility", "plausibility"]
