"""Which words and phrases drive a model, over a whole set of texts."""

from attribkit.evaluation.words.importance import WordImportance, word_importance

__all__ = ["WordImportance", "word_importance"]
