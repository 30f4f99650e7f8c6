"""Tokenizer: texts as tokens with their spans in the text.

Words are split as GloVe's are: lower case, `did`/`n't`, `I`/`'ve`, each punctuation mark alone.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property, lru_cache
from itertools import repeat

import numpy as np
import tokenizers
from numpy.typing import NDArray
from tokenizers import Regex, models, normalizers, pre_tokenizers, trainers

from attribkit.errors import InputError
from attribkit.text.encoded import Encoded
from attribkit.text.settings import TextSettings
from attribkit.text.word_split import WordSplit

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


class Tokenizer:
    """A vocabulary and the rules that split texts, over the `tokenizers` library.

    Example:
        >>> from attribkit.text.settings import TextSettings
        >>> from attribkit.text.tokenizer import Tokenizer
        >>> tokenizer = Tokenizer.train(["a good film", "a dull film"], TextSettings(min_frequency=1))
        >>> (encoded,) = tokenizer.encode(["A very good film"])
        >>> encoded.tokens, encoded.known.tolist()
        (('a', 'very', 'good', 'film'), [True, False, True, True])
    """

    pad_id = PAD_ID
    unk_id = UNK_ID

    def __init__(self, inner: tokenizers.Tokenizer, settings: TextSettings) -> None:
        self.settings = settings
        self._inner = inner

    @staticmethod
    def train(texts: Iterable[str], settings: TextSettings | None = None) -> "Tokenizer":
        """Make a tokenizer whose vocabulary is the most frequent tokens of some texts.

        Args:
            texts: the training texts.
            settings: how texts are split and which tokens are kept; the defaults if not given.

        Raises:
            ValueError: if no token is frequent enough.
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
        """Read the content of a tokenizer.json.

        Raises:
            ValueError: if it is none.
        """
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
        """A hash of the vocabulary and of the rules that split texts."""
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
        split = self._split
        if split is None:
            return self._library_encoded(texts)
        encoded = [self._encoded(text, split.pieces(text)) if split.knows(text) else None for text in texts]
        others = iter(self._library_encoded([text for text, own in zip(texts, encoded, strict=True) if own is None]))
        return [next(others) if own is None else own for own in encoded]

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Each text's token ids alone, faster than `encode`."""
        split = self._split
        if split is None:
            return self._library_ids(texts)
        rows = [self._cut(self._numbers(split.words(text))) if split.knows(text) else None for text in texts]
        others = iter(self._library_ids([text for text, own in zip(texts, rows, strict=True) if own is None]))
        return [next(others) if own is None else own for own in rows]

    @cached_property
    def _split(self) -> WordSplit | None:
        """What splits texts in common scripts faster than the library; None for settings or a file with other rules."""
        settings = self.settings
        if settings.level != "word" or settings.stop_words or settings.remove_non_alphanumeric:
            return None
        usual = tokenizers.Tokenizer(models.WordLevel({}, unk_token=UNK))
        _configure(usual, settings)
        if any(_rules(self._inner, part) != _rules(usual, part) for part in ("normalizer", "pre_tokenizer")):
            return None
        return WordSplit(settings.lowercase, settings.remove_parenthesised)

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        return self._inner.get_vocab()

    def _numbers(self, words: list[str]) -> NDArray[np.int64]:
        return np.fromiter(map(self._vocabulary.get, words, repeat(UNK_ID)), np.int64, len(words))

    def _cut(self, row: NDArray[np.int64]) -> NDArray[np.int64]:
        """What is read of a text's numbers, one for each of its tokens."""
        most = self.settings.max_length
        if len(row) <= most:
            return row
        return row[:most] if self.settings.truncate == "end" else row[-most:]

    def _encoded(self, text: str, pieces: list[str]) -> Encoded:
        """Of pieces as `WordSplit.pieces` returns them."""
        words = pieces[1::2]
        ids, total = self._numbers(words), len(words)
        ends = np.fromiter(map(len, pieces), np.int64, len(pieces)).cumsum()
        ids, starts, stops = self._cut(ids), self._cut(ends[:-1:2]), self._cut(ends[1::2])
        if len(ids) < total:
            words = words[: len(ids)] if self.settings.truncate == "end" else words[-len(ids) :]
        return _spelled(text, ids, starts, stops, words, total)

    def _library_encoded(self, texts: Sequence[str]) -> list[Encoded]:
        encoded = []
        for text, encoding in zip(texts, self._inner.encode_batch(texts), strict=True):
            ids = np.array(encoding.ids, dtype=np.int64)
            spans = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
            total = len(ids) + sum(len(rest) for rest in encoding.overflowing)
            encoded.append(_spelled(text, ids, spans[:, 0], spans[:, 1], encoding.tokens, total))
        return encoded

    def _library_ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        return [np.array(encoding.ids, dtype=np.int64) for encoding in self._inner.encode_batch_fast(texts)]


def _spelled(
    text: str,
    ids: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    tokens: list[str],
    total: int,
) -> Encoded:
    """The tokens as the vocabulary spells them, but for the unknown ones, which are spelt as the text does."""
    known = ids != UNK_ID
    for place in np.flatnonzero(~known).tolist():
        tokens[place] = text[starts[place] : ends[place]]
    return Encoded(ids, starts, ends, tuple(tokens), known, total)


def _rules(inner: tokenizers.Tokenizer, part: str) -> bytes:
    """What a part of a tokenizer does, as JSON."""
    content: bytes = getattr(inner, part).__getstate__()
    return content


@lru_cache(maxsize=2)  # a fingerprint asks for it at every call, and a large vocabulary takes a tenth of a second
def one_spelling(content: str) -> str:
    """A tokenizer.json's content without the empty settings that only some versions of its library write."""
    settings = {name: value for name, value in json.loads(content).items() if value not in (None, [], {})}
    return json.dumps(settings, sort_keys=True)


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
