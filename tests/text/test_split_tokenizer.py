"""A splitter of the user's: trained with, saved as data, loaded with the same function or not at all."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import attribkit as ak
from attribkit.errors import InputError, InputTypeError
from attribkit.text.encoded import Encoded
from attribkit.text.settings import TextSettings
from attribkit.text.split_tokenizer import SplitTokenizer

TEXTS = ["See https://a.b NOW, great Fun", "dull plot, so dull", "great plot!", "awful https://c.d dull"] * 20
TABLE = pd.DataFrame({"text": TEXTS, "label": ["pos", "neg", "pos", "neg"] * 20})


def with_links(text: str) -> list[tuple[str, int, int]]:
    """Links are one word, the rest is folded."""
    found = re.finditer(r"https?://\S+|\w+", text)
    return [("<url>" if "//" in m.group() else m.group().casefold(), *m.span()) for m in found]


def by_spaces(text: str) -> list[str]:
    return text.split()


class Splitter:
    def split(self, text: str) -> list[tuple[str, int, int]]:
        return with_links(text)


def trained(tokenizer: Any, **options: Any) -> ak.Classifier:
    return ak.train("cnn", TABLE, tokenizer=tokenizer, epochs=1, filters=4, embedding_size=8, seed=0, **options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "own"
    trained(with_links, out=path)
    return path


def test_the_vocabulary_is_of_the_splitters_words_and_the_right_characters_are_lit(folder: Path) -> None:
    model = ak.load(folder, "cpu", tokenizer=with_links)
    tokenizer = model.tokenizer
    assert isinstance(tokenizer, SplitTokenizer)
    assert {"<url>", "great", "fun"} <= tokenizer.vocabulary.keys() and "NOW" not in tokenizer.vocabulary
    why = ak.explain(model, "Great: https://x.y unheard", views="attribution")
    assert why.tokens == ["Great", "https://x.y", "unheard"]
    assert why.token_scores.known.tolist() == [True, True, False] and why.token_scores.method == "exact"


def test_a_model_is_loaded_with_its_splitter_and_predicts_the_same(folder: Path, tmp_path: Path) -> None:
    model = ak.load(folder, "cpu", tokenizer=Splitter())  # another object that splits the same way
    again = ak.load(model.save(tmp_path / "again"), "cpu", tokenizer=with_links)
    np.testing.assert_array_equal(model.probabilities(TEXTS[:4]), again.probabilities(TEXTS[:4]))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["format"] == 3 and config["split"]["name"] == "with_links"
    assert not list(folder.rglob("*.py")) and not list(folder.rglob("*.pkl"))


def test_no_other_splitter_is_used_in_its_place(folder: Path) -> None:
    with pytest.raises(InputError, match=r"tokenizer of yours, 'with_links', .* pass it: attribkit.load\(folder, tok"):
        ak.load(folder, "cpu")
    with pytest.raises(InputError, match="splits texts otherwise than 'with_links'"):
        ak.load(folder, "cpu", tokenizer=by_spaces)
    with pytest.raises(InputError, match="has this package's tokenizer; leave `tokenizer` out"):
        ak.load("imdb-cnn", "cpu", tokenizer=by_spaces)
    with pytest.raises(InputError, match="a tokenizer of yours"):
        ak.explain_corpus(folder, TABLE, folder.parent / "out", workers=1)


@pytest.mark.parametrize(
    ("tokenizer", "error", "sentence"),
    [
        (3, InputTypeError, "must be a function from a text to words"),
        ("spaces", InputTypeError, "must be a function"),
        (lambda text: [("a", 5, 2)], InputError, "must follow each other"),
        (lambda text: [3], Exception, "."),
    ],
)
def test_what_is_no_splitter_is_refused(tokenizer: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        trained(tokenizer)


def test_settings_that_the_splitter_decides_are_refused() -> None:
    with pytest.raises(InputError, match="`lowercase` is for the usual tokenizer"):
        trained(with_links, text_settings=TextSettings(lowercase=False))


@pytest.mark.parametrize(("side", "kept"), [("end", ["a", "b"]), ("start", ["b", "c"])])
def test_a_longer_text_is_cut_where_the_settings_say(side: Any, kept: list[str]) -> None:
    settings = TextSettings(min_frequency=1, max_length=2, truncate=side)
    tokenizer = SplitTokenizer.learnt(["a b c"], settings, str.split)
    (encoded,) = tokenizer.encode(["a b c"])
    assert isinstance(encoded, Encoded) and list(encoded.tokens) == kept and encoded.total == 3
    assert tokenizer.ids(["a b c"])[0].tolist() == encoded.ids.tolist()


def test_the_vocabulary_keeps_to_its_settings() -> None:
    settings = TextSettings(min_frequency=2, vocabulary_size=3)
    tokenizer = SplitTokenizer.learnt(["b b a a a c"], settings, str.split)
    assert list(tokenizer.vocabulary)[2:] == ["a"]
    with pytest.raises(InputError, match="lower `min_frequency`"):
        SplitTokenizer.learnt(["a b"], settings, str.split)
