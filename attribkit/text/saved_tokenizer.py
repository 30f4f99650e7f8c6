"""A splitter made of a saved tokenizer of the `tokenizers` library: data, which a model folder can keep."""

from pathlib import Path

import tokenizers

from attribkit.errors import InputError, InputNotFoundError


class SavedTokenizer:
    """Splits texts as a tokenizer does that the `tokenizers` library saved as JSON.

    Args:
        content: of its file.

    Raises:
        ValueError: for anything else.

    Example:
        >>> import tokenizers
        >>> from attribkit.text.saved_tokenizer import SavedTokenizer
        >>> library = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "good": 1}, unk_token="[UNK]"))
        >>> library.normalizer = tokenizers.normalizers.Lowercase()
        >>> library.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
        >>> SavedTokenizer(library.to_str())("A GOOD film")
        [('[UNK]', 0, 1), ('good', 2, 6), ('[UNK]', 7, 11)]
    """

    __qualname__ = "tokenizer.json"

    def __init__(self, content: str) -> None:
        self.content = content
        try:
            self._inner = tokenizers.Tokenizer.from_str(content)
        except Exception as error:  # the library raises bare Exception for every fault of a file
            raise InputError(
                f"a tokenizer's JSON was expected, as the library `tokenizers` saves it, got something else ({error})"
            ) from error
        self._inner.no_truncation()
        self._inner.no_padding()

    @staticmethod
    def of_file(path: Path) -> "SavedTokenizer":
        """Read a file.

        Raises:
            FileNotFoundError: if there is none.
            ValueError: for a file of something else.
        """
        if not path.is_file():
            raise InputNotFoundError(f"there is no tokenizer's file {str(path)!r}; check the path")
        try:
            return SavedTokenizer(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise InputError(
                f"a tokenizer's JSON was expected, {path.name!r} is no UTF-8 text; give another"
            ) from error

    def __call__(self, text: str) -> list[tuple[str, int, int]]:
        """Each token with its place in the text; those that are parts of one character are one."""
        pieces: list[tuple[str, int, int]] = []
        encoding = self._inner.encode(text, add_special_tokens=False)
        for token, (start, end) in zip(encoding.tokens, encoding.offsets, strict=True):
            if pieces and start < pieces[-1][2]:
                before, first, last = pieces.pop()
                pieces.append((before + token, first, max(last, end)))
            elif start < end:
                pieces.append((token, start, end))
        return pieces
