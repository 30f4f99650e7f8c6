"""Texts become tokens that remember where in the user's own text they stood.

Words are cut as GloVe's are: lower case, `did`/`n't`, `I`/`'ve`, each punctuation mark alone.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import chain
from typing import Literal, Protocol

import numpy as np
import tokenizers
from numpy.typing import NDArray
from tokenizers import Regex, models, normalizers, pre_tokenizers, trainers

from attribkit.errors import InputError, InputTypeError

PAD, UNK = "[PAD]", "[UNK]"
PAD_ID, UNK_ID = 0, 1

# Onigmo syntax. A word is a run of letters, marks and digits; Han characters stand alone, for they are not spaced;
# whatever is left that can be seen (punctuation, emoji with their joiners) is one grapheme cluster, one token.
_LETTER = r"[\p{L}\p{M}\p{N}&&[^\p{Han}]]"
_WORD = "|".join(
    (
        r"\p{Han}",
        rf"{_LETTER}+?(?=(?i:n't)(?!{_LETTER}))",
        rf"(?i:n't)(?!{_LETTER})",
        rf"(?i:'(?:s|m|d|re|ve|ll))(?!{_LETTER})",
        rf"{_LETTER}+",
        r"(?![\s\p{Cc}\p{Cf}])\X",
    )
)
_CHARACTER = r"\s+|(?![\p{Cc}\p{Cf}])\X"

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
    """How texts are cut into tokens and which tokens a vocabulary keeps.

    Attributes:
        level: "word", or "character" for one token per grapheme cluster.
        lowercase: whether case is folded; pretrained vectors expect it.
        min_frequency: a token seen less often in the training texts is unknown.
        vocabulary_size: how many tokens are kept, the most frequent first, PAD and UNK included; None keeps all.
        max_length: T, how many tokens of a text are read.
        truncate: which side of a longer text is dropped: its "end" or its "start".
        stop_words: tokens removed before anything else counts them, such as `ENGLISH_STOP_WORDS`.
        remove_parenthesised: whether (words in parentheses) are removed.
        remove_non_alphanumeric: whether tokens without a letter or digit are removed.
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


@dataclass(frozen=True, eq=False)
class Encoded:
    """One text as a network reads it.

    Attributes:
        ids: (T,) int64, the tokens' numbers in the vocabulary.
        starts, ends: (T,) int64, the tokens' character spans in the original text.
        tokens: (T,) the tokens as the vocabulary spells them; an unknown one as the text does.
        known: (T,) bool, False where the vocabulary lacks the token.
        total: how many tokens the whole text has; more than T if it was truncated.
    """

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: tuple[str, ...]
    known: NDArray[np.bool_]
    total: int


class TextEncoder(Protocol):
    """What a classifier needs of a tokenizer.

    One that has a method `fingerprint() -> str` as well says itself when its ids could have changed; of any other
    `Classifier.fingerprint` sees what it can.
    """

    pad_id: int
    unk_id: int

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's tokens with their places in it."""
        ...

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Each text's token ids alone, faster."""
        ...


def check_text(text: object) -> str:
    """The text itself if it can be explained.

    Raises: TypeError if it is no string; ValueError if it holds half of a surrogate pair or no visible character.
    """
    if not isinstance(text, str):
        raise InputTypeError(f"a text must be a string, got {type(text).__name__}; convert it with str() or drop it")
    broken = re.search("[\ud800-\udfff]", text)
    if broken:
        raise InputError(
            f"the text holds a lone surrogate (U+{ord(broken.group()):04X} at position {broken.start()}), which is no "
            "character; repair it with text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')"
        )
    if not text.strip():
        raise InputError("the text is empty; give at least one word")
    return text


def shortened(text: str, most: int = 40) -> str:
    """A text as a sentence names it: at most so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def check_encoded(encoded: Encoded, text: str) -> Encoded:
    """The encoding itself if it holds a token; ValueError otherwise."""
    if not len(encoded.ids):
        raise InputError(
            f"the tokenizer found no token in the text {shortened(text)!r}; give at least one word it does not remove"
        )
    return encoded


class Tokenizer:
    """A vocabulary and the way to cut texts, over the `tokenizers` library."""

    pad_id = PAD_ID
    unk_id = UNK_ID

    def __init__(self, inner: tokenizers.Tokenizer, settings: TextSettings) -> None:
        self.settings = settings
        self._inner = inner

    @staticmethod
    def train(texts: Iterable[str], settings: TextSettings | None = None) -> "Tokenizer":
        """A tokenizer whose vocabulary is the texts' most frequent tokens.

        Raises: ValueError if no token is frequent enough.
        """
        settings = settings or TextSettings()
        inner = tokenizers.Tokenizer(models.WordLevel({}, unk_token=UNK))
        _configure(inner, settings)
        size = 2**31 if settings.vocabulary_size is None else settings.vocabulary_size - 2
        # The trainer's own special tokens would be matched inside texts: PAD and UNK get their numbers here instead,
        # where nothing that a user types can reach them.
        trainer = trainers.WordLevelTrainer(
            vocab_size=size, min_frequency=settings.min_frequency, show_progress=False, special_tokens=[]
        )
        inner.train_from_iterator(texts, trainer)
        words = sorted(inner.get_vocab().items(), key=lambda item: item[1])
        if not words:
            raise InputError(
                f"no token occurs {settings.min_frequency} times in the training texts; lower `min_frequency`"
            )
        vocabulary = {PAD: PAD_ID, UNK: UNK_ID} | {word: number for number, (word, _) in enumerate(words, start=2)}
        return Tokenizer.of(vocabulary, settings)

    @staticmethod
    def of(vocabulary: Mapping[str, int], settings: TextSettings) -> "Tokenizer":
        """A tokenizer with this very vocabulary, in which PAD is 0 and UNK is 1."""
        inner = tokenizers.Tokenizer(models.WordLevel(dict(vocabulary), unk_token=UNK))
        _configure(inner, settings)
        inner.enable_truncation(settings.max_length, direction={"end": "right", "start": "left"}[settings.truncate])
        return Tokenizer(inner, settings)

    @staticmethod
    def from_json(content: str, settings: TextSettings) -> "Tokenizer":
        """Read the content of a tokenizer.json. Raises ValueError if it is none."""
        try:
            inner = tokenizers.Tokenizer.from_str(content)
        except Exception as error:  # the library raises bare Exception for every fault of a file
            raise InputError(f"a tokenizer.json was expected, got something else ({error})") from error
        if inner.token_to_id(PAD) != PAD_ID or inner.token_to_id(UNK) != UNK_ID:
            raise InputError(f"the tokenizer's vocabulary must give {PAD} the number 0 and {UNK} 1; train it anew")
        return Tokenizer(inner, settings)

    def to_json(self) -> str:
        """The content of a tokenizer.json."""
        return self._inner.to_str(pretty=False)

    def fingerprint(self) -> str:
        """A hash of the vocabulary and of how texts are cut."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        content = one_spelling(self.to_json()) + json.dumps(asdict(self.settings), sort_keys=True)
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    @property
    def vocabulary(self) -> dict[str, int]:
        """Every token's number, PAD and UNK first."""
        return dict(sorted(self._inner.get_vocab().items(), key=lambda item: item[1]))

    def __len__(self) -> int:
        return self._inner.get_vocab_size()

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's tokens with their places in it; a text without a token has T = 0."""
        return [
            self._encoded(text, encoding) for text, encoding in zip(texts, self._inner.encode_batch(texts), strict=True)
        ]

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Each text's token ids alone, faster than `encode`."""
        return [np.array(encoding.ids, dtype=np.int64) for encoding in self._inner.encode_batch_fast(texts)]

    @cached_property
    def _words(self) -> NDArray[np.object_]:
        """(V,) each token as the vocabulary spells it."""
        vocabulary = self._inner.get_vocab()
        words = np.full(max(vocabulary.values()) + 1, UNK, dtype=object)
        words[list(vocabulary.values())] = list(vocabulary)
        return words

    def _encoded(self, text: str, encoding: tokenizers.Encoding) -> Encoded:
        ids = np.array(encoding.ids, dtype=np.int64)
        places, tokens = encoding.offsets, self._words[ids].tolist()
        spans = np.fromiter(chain.from_iterable(places), np.int64, 2 * len(places)).reshape(-1, 2)
        known = ids != UNK_ID
        for unknown in np.flatnonzero(~known).tolist():
            tokens[unknown] = text[slice(*places[unknown])]
        total = len(ids) + sum(len(rest) for rest in encoding.overflowing)
        return Encoded(ids, spans[:, 0], spans[:, 1], tuple(tokens), known, total)


def one_spelling(content: str) -> str:
    """A tokenizer.json's content without the empty settings that one version of its library writes and another not."""
    told = {name: value for name, value in json.loads(content).items() if value not in (None, [], {})}
    return json.dumps(told, sort_keys=True)


def _configure(inner: tokenizers.Tokenizer, settings: TextSettings) -> None:
    replaced: list[normalizers.Normalizer] = [
        normalizers.Replace(Regex(r"(?i)<br\s*/?>"), " "),
        normalizers.Replace("’", "'"),
    ]
    if settings.remove_parenthesised:
        replaced.append(normalizers.Replace(Regex(r"\([^()]*\)"), " "))
    if settings.lowercase:
        replaced.append(normalizers.Lowercase())
    inner.normalizer = normalizers.Sequence(replaced)
    pattern = _WORD if settings.level == "word" else _CHARACTER
    steps = [pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)]
    if settings.stop_words:
        words = "|".join(re.escape(word) for word in settings.stop_words)
        steps.append(pre_tokenizers.Split(Regex(rf"\A(?:{words})\z"), behavior="removed"))
    if settings.remove_non_alphanumeric:
        steps.append(pre_tokenizers.Split(Regex(r"\A[^\p{L}\p{N}]+\z"), behavior="removed"))
    inner.pre_tokenizer = pre_tokenizers.Sequence(steps)


class WordIndex:
    """A tokenizer made of what users already have: a word → index mapping and a function that splits a text.

    Each piece the function returns is found again in the text, in order and ignoring case, to give it its place.

    Args:
        vocabulary: every word's row in the network's embedding.
        split: text → words, in reading order.
        pad, unk: the words in `vocabulary` that stand for padding and for the unknown.
        max_length: T, how many tokens are read.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        split: Callable[[str], Sequence[str]] = str.split,
        pad: str = "<pad>",
        unk: str = "<unk>",
        max_length: int = 2_000,
    ) -> None:
        for role, word in (("pad", pad), ("unk", unk)):
            if word not in vocabulary:
                near = get_close_matches(word, list(vocabulary), n=1, cutoff=0.5)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise InputError(f"`{role}` must be a word of the vocabulary, got {word!r}{hint}")
        self.vocabulary = dict(vocabulary)
        self.pad_id, self.unk_id = vocabulary[pad], vocabulary[unk]
        self._special = {pad, unk}
        self._split = split
        self._max_length = max_length

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's tokens with their places in it. ValueError for a word that the text does not hold."""
        return [self._encode(text) for text in texts]

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Each text's token ids alone."""
        return [encoded.ids for encoded in self.encode(texts)]

    def _encode(self, text: str) -> Encoded:
        words = list(self._split(text))
        read = words[: self._max_length]
        spans, cursor = [], 0
        for word in read:
            found = re.compile(re.escape(word), re.IGNORECASE).search(text, cursor)
            if found is None or not word:
                raise InputError(
                    f"each word that `split` returns must stand in the text in order, got {word!r}; return the words "
                    "as they are written"
                )
            spans.append(found.span())
            cursor = found.end()
        # a text that spells out the padding word means that word, not padding
        known = np.array([word in self.vocabulary and word not in self._special for word in read], dtype=bool)
        ids = np.array(
            [self.vocabulary[word] if ok else self.unk_id for word, ok in zip(read, known, strict=True)], dtype=np.int64
        )
        places = np.array(spans, dtype=np.int64).reshape(-1, 2)
        return Encoded(ids, places[:, 0], places[:, 1], tuple(read), known, len(words))
