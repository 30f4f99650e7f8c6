"""Texts and tokens: where in the user's own text each token stood, its sentences, and batches of like length."""

from attribkit.text.word_index import WordIndex

__all__ = ["WordIndex"]
