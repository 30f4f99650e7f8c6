"""The tokens of several texts; an error about one of them says which."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.errors import InputError, InputTypeError, TooLongError
from attribkit.text.encoded import Encoded, TextEncoder, check_encoded, check_text

T = TypeVar("T")
_AT_ONCE = 1_000  # texts; the tokenizers library's encodings hold far more than the ids that are kept of them


def encode_texts(tokenizer: TextEncoder, texts: Sequence[str]) -> list[Encoded]:
    """Each text's tokens; errors are those of `attribkit.models.classifier.Classifier.encode`."""
    texts = _listed(texts)
    for number, text in enumerate(texts):
        with _numbered_errors(number, texts):
            check_text(text)
    encoded = _read(tokenizer.encode, texts)
    for number, (text, tokens) in enumerate(zip(texts, encoded, strict=True)):
        with _numbered_errors(number, texts):
            check_encoded(tokens, text)
    return encoded


def token_ids(tokenizer: TextEncoder, texts: Sequence[str]) -> list[NDArray[np.int64]]:
    """Each text's token ids alone; errors are those of `encode_texts`."""
    texts = _listed(texts)
    for number, text in enumerate(texts):
        with _numbered_errors(number, texts):
            check_text(text)
    ids: list[NDArray[np.int64]] = []
    for start in range(0, len(texts), _AT_ONCE):
        ids += _read(tokenizer.ids, texts[start : start + _AT_ONCE], texts, start)
    for number, row in enumerate(ids):
        if not len(row):
            with _numbered_errors(number, texts):
                check_encoded(tokenizer.encode([texts[number]])[0], texts[number])
    return ids


def _read(
    read: Callable[[Sequence[str]], list[T]], some: Sequence[str], texts: Sequence[str] = (), start: int = 0
) -> list[T]:
    """What a tokenizer makes of some of the texts, which begin with that number; an error says which is too long."""
    try:
        return read(some)
    except TooLongError:
        for number, text in enumerate(some, start):
            with _numbered_errors(number, texts or some):
                read([text])
        raise


def read_each(read: Callable[[Sequence[str]], Sequence[T]], texts: Sequence[str]) -> list[T | TooLongError]:
    """What a tokenizer makes of each text that its model reads, and the error for each that is too long.

    Args:
        read: the tokenizer's `encode` or `ids`.
        texts: N strings.
    """
    try:
        return list(read(texts))
    except TooLongError as error:
        if len(texts) == 1:
            return [error]
    return [entry for text in texts for entry in read_each(read, [text])]


def _listed(texts: object) -> list[Any]:
    """Texts one by one; TypeError for a single string and for a table, whose letters and column names are none."""
    if isinstance(texts, (str, bytes, pd.DataFrame, Mapping)) or not isinstance(texts, Iterable):
        raise InputTypeError(
            f"several texts are needed, got {type(texts).__name__}; give a list of texts, such as one column of a table"
        )
    return list(texts)


@contextmanager
def _numbered_errors(number: int, texts: Sequence[str]) -> Iterator[None]:
    """Errors about one text of many say which."""
    try:
        yield
    except InputError as error:
        if len(texts) == 1:
            raise
        raise type(error)(f"text {number}: {error}") from error
