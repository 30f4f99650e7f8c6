"""Texts and tokens: spans of tokens in the text, sentences, and batches of similar length."""

from attribkit.text.word_index import WordIndex

__all__ = ["WordIndex"]
