"""How texts are split into tokens, and which tokens a vocabulary keeps."""

from dataclasses import dataclass
from typing import Literal

from attribkit.errors import InputError

ENGLISH_STOP_WORDS = tuple(
    """a about after again all also am an and any are as at be because been before being between both but by can could
    d did do does doing down during each few for from further had has have having he her here hers herself him himself
    his how i if in into is it its itself ll m me more most my myself of off on once only or other our ours ourselves
    out over own re s same she should so some such t than that the their theirs them themselves then there these they
    this those through to too under until up ve very was we were what when where which while who whom why will with
    would you your yours yourself yourselves 's 'm 'd 're 've 'll""".split()
)
"""Function words of English. Negations (no, not, n't) are not among them: they decide what a review says."""


@dataclass(frozen=True)
class TextSettings:
    """How texts are split into tokens, and which tokens a vocabulary keeps.

    Attributes:
        level: "word", or "character" for one token per grapheme cluster.
        lowercase: whether case is folded; pretrained vectors expect it.
        min_frequency: tokens that occur less often in the training texts are unknown.
        vocabulary_size: how many tokens are kept, the most frequent first, PAD and UNK included; None keeps all.
        max_length: T, how many tokens of a text are read.
        truncate: which side of a longer text is dropped: its "end" or its "start".
        stop_words: tokens that are removed before anything else, such as `ENGLISH_STOP_WORDS`.
        remove_parenthesised: whether (words in parentheses) are removed.
        remove_non_alphanumeric: whether tokens without a letter or digit are removed.

    Example:
        >>> import attribkit as ak
        >>> ak.TextSettings(min_frequency=1, max_length=400).truncate
        'end'
        >>> data = ak.load_dataset("demo").sample(100)
        >>> model = ak.train("cnn", data, text_settings=ak.TextSettings(lowercase=False), epochs=1, filters=2)
        >>> model.tokenizer.settings.lowercase
        False
    """

    level: Literal["word", "character"] = "word"
    lowercase: bool = True
    min_frequency: int = 2
    vocabulary_size: int | None = 30_000
    max_length: int = 2_000
    truncate: Literal["end", "start"] = "end"
    stop_words: tuple[str, ...] = ()
    remove_parenthesised: bool = False
    remove_non_alphanumeric: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "stop_words", tuple(self.stop_words))
        if self.level not in ("word", "character"):
            raise InputError(f"`level` must be 'word' or 'character', got {self.level!r}")
        if self.truncate not in ("end", "start"):
            raise InputError(f"`truncate` must be 'end' or 'start', got {self.truncate!r}")
        for name, least in (("min_frequency", 1), ("max_length", 1), ("vocabulary_size", 3)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InputError(f"`{name}` must be at least {least}, got {value}")
