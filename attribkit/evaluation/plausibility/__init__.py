"""Plausibility: whether scores agree with human rationales."""

from attribkit.evaluation.plausibility.result import Plausibility
from attribkit.evaluation.plausibility.study import plausibility

__all__ = ["Plausibility", "plausibility"]
