"""What a server accepts, in numbers that its users can read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of one server; each is stated in the answer that enforces it.

    Attributes:
        body_bytes: of one request.
        text_characters: of one text.
        text_tokens: of one text.
        texts: in one request to predict.
        waiting: requests that may wait in a queue; the next is told to come again.
        batch: requests that are answered together.
        answer_seconds: after which a request is told that it took too long.
        body_seconds: after which a body must have arrived whole.
        head_seconds: after which a request's first lines must have arrived whole.
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
