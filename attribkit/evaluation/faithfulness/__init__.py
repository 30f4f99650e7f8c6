"""Whether scores name the tokens that the model's answer depends on."""

from attribkit.evaluation.faithfulness.result import Faithfulness
from attribkit.evaluation.faithfulness.study import faithfulness

__all__ = ["Faithfulness", "faithfulness"]
