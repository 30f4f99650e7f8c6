"""Faithfulness: whether scores name the tokens that a model's prediction depends on."""

from attribkit.evaluation.faithfulness.result import Faithfulness
from attribkit.evaluation.faithfulness.study import faithfulness

__all__ = ["Faithfulness", "faithfulness"]
