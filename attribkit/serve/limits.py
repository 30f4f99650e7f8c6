"""The limits of a server."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of one server; each is named in the answer that enforces it.

    Attributes:
        body_bytes: of one request.
        text_characters: of one text.
        text_tokens: of one text.
        texts: in one request to predict.
        waiting: requests in a queue; the next is refused for the moment.
        batch: requests that are answered together.
        answer_seconds: the most seconds for an answer.
        body_seconds: the most seconds until a body has arrived whole.
        head_seconds: the most seconds until a request's first lines have arrived whole.
    """

    body_bytes: int = 1_000_000
    text_characters: int = 100_000
    text_tokens: int = 2_000
    texts: int = 256
    waiting: int = 64
    batch: int = 16
    answer_seconds: float = 30.0
    body_seconds: float = 10.0
    head_seconds: float = 10.0
