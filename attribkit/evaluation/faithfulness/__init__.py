"""Whether scores name the tokens that the model's answer depends on."""

from attribkit.evaluation.faithfulness.study import Faithfulness, faithfulness

__all__ = ["Faithfulness", "faithfulness"]
