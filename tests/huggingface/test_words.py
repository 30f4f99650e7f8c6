"""Words from tokens: which characters each lights, whatever its tokenizer did to the text."""

import json
from pathlib import Path
from typing import Any

import pytest
from huggingface.tiny import BERT, tiny
from transformers import PreTrainedTokenizer

import attribkit as ak
from attribkit.huggingface.spelling import places_by_spelling


def test_words_light_their_own_characters() -> None:
    byte_level = ak.load(tiny("roberta"))
    why = ak.explain(byte_level, "Such a 😀 film, it wasn't 电影", views="attribution")
    assert "😀" in why.tokens and "wasn't" in why.tokens and "film" in why.tokens and "," in why.tokens
    pieces = ak.explain(ak.load(tiny("xlm-roberta")), "A  good   film", views="attribution")
    assert pieces.tokens == ["A", "good", "film"]
    lowered = ak.explain(ak.load(tiny("bert")), "Ein ÜBLER Film", views="attribution")
    assert lowered.tokens == ["Ein", "ÜBLER", "Film"]


def test_stripped_accents_and_ligatures_light_their_own_characters() -> None:
    stripped = ak.explain(ak.load(tiny("bert")), "Ein Café, naïve Idee", views="attribution")
    assert stripped.tokens == ["Ein", "Café", ",", "naïve", "Idee"]
    joined = ak.explain(ak.load(tiny("xlm-roberta")), "The ﬁlm is good", views="attribution")
    assert joined.tokens == ["The", "ﬁlm", "is", "good"]
    parts = joined.to_frame(level="token")
    assert all(0 <= start <= end <= len(joined.text) for start, end in zip(parts["start"], parts["end"], strict=True))


def test_a_slow_tokenizer_says_what_is_lost() -> None:
    model, tokenizer = tiny("bert")
    slow = Slow(tokenizer.get_vocab(), **{name: getattr(tokenizer, name) for name in BERT})
    why = ak.explain(ak.load((model, slow)), "it was a good film", views="attribution")
    assert "has no offsets" in " ".join(why.token_scores.notes)
    assert why.tokens == ["it", "was", "a", "good", "film"]


@pytest.mark.parametrize("kind", ["ByT5Tokenizer", "CTRLTokenizer", "BertJapaneseTokenizer"])
def test_slow_tokenizers_of_the_library_light_the_right_characters(kind: str, tmp_path: Path) -> None:
    """Of bytes, two or three of which are one letter; of pairs merged; of characters after a lower-casing split."""
    import transformers

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz.", *map("##{}".format, "abc")]
    if kind == "ByT5Tokenizer":
        tokenizer: Any = transformers.ByT5Tokenizer()
    elif kind == "CTRLTokenizer":
        letters = [*"abcdefghijklmnopqrstuvwxyzT.é@@</w>"]
        names = ["<unk>", *letters, *(f"{each}@@" for each in letters), *(f"{each}</w>" for each in letters), "fil@@"]
        (tmp_path / "vocab.json").write_text(
            json.dumps({name: number for number, name in enumerate(dict.fromkeys(names))})
        )
        (tmp_path / "merges.txt").write_text("#version\nf i\nfi l\n")
        tokenizer = transformers.CTRLTokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    else:
        (tmp_path / "vocab.txt").write_text("\n".join(words))
        tokenizer = transformers.BertJapaneseTokenizer(
            str(tmp_path / "vocab.txt"), word_tokenizer_type="basic", subword_tokenizer_type="character"
        )
    text = "The café was a good film."
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    places = places_by_spelling(tokenizer, text, ids)
    assert not tokenizer.is_fast and len(places) == len(ids)
    assert all(0 <= start <= end <= len(text) for start, end in places)
    assert [start for start, _ in places] == sorted(start for start, _ in places)
    lit = {letter for start, end in places for letter in range(start, end)}
    assert lit >= {number for number, letter in enumerate(text) if not letter.isspace()}  # no letter is left out
    film = [
        (start, end) for start, end in places if start >= text.index("film") and end <= len(text) - 1 and end > start
    ]
    assert film[0][0] == text.index("film") and film[-1][1] == len(text) - 1


class Slow(PreTrainedTokenizer):
    """A tokenizer written in Python: it knows whole words alone."""

    def __init__(self, words: dict[str, int], **options: Any) -> None:
        self.words = words
        super().__init__(**options)

    @property
    def vocab_size(self) -> int:
        return len(self.words)

    def get_vocab(self) -> dict[str, int]:
        return dict(self.words)

    def _tokenize(self, text: str, **_: Any) -> list[str]:
        return text.split()

    def _convert_token_to_id(self, token: str) -> int:
        return self.words.get(token, self.words["[UNK]"])

    def _convert_id_to_token(self, index: int) -> str:
        return {number: word for word, number in self.words.items()}[index]

    def build_inputs_with_special_tokens(self, first: list[int], second: list[int] | None = None) -> list[int]:
        start, end = self.words["[CLS]"], self.words["[SEP]"]
        return [start, *first, end, *([*second, end] if second is not None else [])]

    def create_token_type_ids_from_sequences(self, first: list[int], second: list[int] | None = None) -> list[int]:
        return [0] * (len(first) + 2) + [1] * (0 if second is None else len(second) + 1)
