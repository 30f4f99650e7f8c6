"""Global word importance: which words and phrases matter to a model, over a whole set of texts."""

from attribkit.evaluation.importance.result import WordImportance
from attribkit.evaluation.importance.words import word_importance

__all__ = ["WordImportance", "word_importance"]
