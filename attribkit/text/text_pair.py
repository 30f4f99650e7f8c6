"""Two texts that a model reads as a pair, written as one string, so that they go wherever a text goes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from attribkit.errors import InputError, InputTypeError

SEPARATOR = " ␞ "
"""Between the two texts of a pair: the symbol for a record separator, U+241E, with a space on either side."""

SECOND = 2**40
"""Added to the token ids of the second text by an encoder of pairs, so that a row of ids says which are its."""

KEYS = {"text", "text_pair"}
"""Of a pair as `transformers` pipelines take it."""

SINGLE = "a pair of texts was given, this model reads single ones; give one string for each text"


def joined_pair(pair: Mapping[str, Any]) -> str:
    """The string that stands for a pair.

    Args:
        pair: {"text": …, "text_pair": …}, as the pipelines of `transformers` take it.

    Raises:
        TypeError: for a part that is no string.
        ValueError: for other keys, or a first text that holds the separator.

    Example:
        >>> from attribkit.text.text_pair import joined_pair
        >>> joined_pair({"text": "A man sleeps.", "text_pair": "Nobody is awake."})
        'A man sleeps. ␞ Nobody is awake.'
    """
    if set(pair) != KEYS:
        raise InputError(f"a pair is given as {{'text': …, 'text_pair': …}}, got the keys {', '.join(map(repr, pair))}")
    first, second = pair["text"], pair["text_pair"]
    for part in (first, second):
        if not isinstance(part, str):
            raise InputTypeError(f"both texts of a pair must be strings, got {type(part).__name__}; give two strings")
    if SEPARATOR in first:
        raise InputError(f"the first text of a pair may not hold {SEPARATOR!r}, which stands between the two")
    return f"{first}{SEPARATOR}{second}"


def joined_cells(first: Any, second: Any) -> Any:
    """The string that stands for the pair of a table's two cells; where one of them is no text, that one.

    Args:
        first: of the first texts' column.
        second: of the second texts'.

    Raises:
        ValueError: for a first text that holds the separator.
    """
    for cell in (first, second):
        if not isinstance(cell, str) or not cell.strip():
            return cell
    return joined_pair({"text": first, "text_pair": second})


def parts_of(text: str) -> tuple[str, str | None]:
    """The two texts of a pair; of any other text itself and None."""
    first, separator, second = text.partition(SEPARATOR)
    return (first, second) if separator else (text, None)


def with_joined_pairs(data: Any, reads_pairs: bool, listed: bool = False) -> Any:
    """Data in which every pair is the string that stands for it; anything else as it is.

    Args:
        data: a pair, or a list, Series or array in which some are.
        reads_pairs: whether the model reads pairs.
        listed: whether a pair alone becomes a list of one text.

    Raises:
        ValueError: for a pair where the model reads single texts.
    """
    alone = isinstance(data, Mapping)
    if not alone and not isinstance(data, (list, tuple, pd.Series, np.ndarray)):
        return data
    items: list[Any] = [data] if alone else list(data)
    if not any(_is_pair(item) for item in items):
        return data
    if not reads_pairs:
        raise InputError(SINGLE)
    texts = [joined_pair(item) if _is_pair(item) else item for item in items]
    return texts[0] if alone and not listed else texts


def check_single(texts: Any) -> None:
    """Refuse a string that stands for a pair among texts that a user gave one by one to a model of single texts."""
    for text in [texts] if isinstance(texts, str) else texts if isinstance(texts, (list, tuple)) else ():
        if isinstance(text, str) and SEPARATOR in text:
            raise InputError(SINGLE)


def _is_pair(item: Any) -> bool:
    if not isinstance(item, Mapping) or not item:
        return False
    return set(item) <= KEYS or all(isinstance(part, str) for part in item.values())
