"""From the bytes of a file to its text: the encoding given, or a guess that is said."""

import codecs

from attribkit.errors import InputError, InputTypeError


def decode(content: bytes, name: str, encoding: str | None = None) -> tuple[str, list[str]]:
    """A file's text without a byte order mark, line ends untouched.

    Without `encoding` it is UTF-8; UTF-16 if a byte order mark says so; else Windows-1252, or Latin-1 where that has no
    such byte. A file with characters of UTF-8 beside bytes that are none is damaged rather than of another encoding.

    Args:
        content: its bytes.
        name: what a sentence calls it.
        encoding: as Python names it; None to guess.

    Returns:
        the text, and a sentence on what was guessed if it is not UTF-8.

    Raises:
        TypeError: for an encoding that is no name.
        ValueError: for an unknown encoding, or bytes that are not of it; the sentence names the line.
    """
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    chosen = check_encoding(encoding) if encoding is not None else "utf-16" if marked else "utf-8"
    try:
        text = content.decode(chosen).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        if encoding is not None or marked:
            raise InputError(
                f"line {line:,} of {name!r} is not {chosen}; give the encoding that the file was saved with"
            ) from error
        if not content.decode("utf-8", "ignore").isascii():
            raise InputError(
                f"line {line:,} of {name!r} is not UTF-8, as the rest of it is; save the file with that encoding"
            ) from error
        text, title = _of_bytes(content)
        return text, [f"{name!r} was read as {title}, for its line {line:,} is not UTF-8; else give `encoding`."]
    if marked and encoding is None:
        return text, [f"{name!r} was read as UTF-16, as its byte order mark says."]
    return text, []


def check_encoding(encoding: str) -> str:
    """The encoding itself, if Python knows it.

    Raises:
        TypeError: for what is no name.
        ValueError: for an unknown one.
    """
    if not isinstance(encoding, str):
        raise InputTypeError(f"`encoding` must be a name such as 'cp1252', got {encoding!r}")
    try:
        "a".encode(encoding)  # unlike a look-up, this also refuses what is no encoding of text, such as "hex"
    except (LookupError, ValueError) as error:
        raise InputError(
            f"`encoding` must be one that Python knows, such as 'utf-8', 'utf-16' or 'cp1252', got {encoding!r}"
        ) from error
    return encoding


def _of_bytes(content: bytes) -> tuple[str, str]:
    """The text in an encoding of one byte a character, and its name."""
    try:
        return content.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return content.decode("latin-1"), "Latin-1"
