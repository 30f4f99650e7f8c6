"""A splitter of the user's: trained with, saved as data, loaded with the same function or not at all."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tokenizers
from commands import run

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


def saved(path: Path, model: str) -> Path:
    """A file of the library: whole words in small letters, or bytes joined to subwords."""
    if model == "words":
        library = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "good": 1, "film": 2}, "[UNK]"))
        library.normalizer = tokenizers.normalizers.Lowercase()
        library.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    else:
        library = tokenizers.Tokenizer(tokenizers.models.BPE())
        library.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
        trainer = tokenizers.trainers.BpeTrainer(vocab_size=400, show_progress=False, initial_alphabet=alphabet)
        library.train_from_iterator(["a good film", "a bad film 🎬", "a good good story"] * 3, trainer)
    library.enable_truncation(2)
    library.save(str(path))
    return path


@pytest.mark.parametrize("model", ["words", "subwords"])
def test_a_saved_tokenizer_splits_and_is_kept_with_the_model(model: str, tmp_path: Path) -> None:
    file, text = saved(tmp_path / "own.json", model), "A GOOD 🎬 film, a good film"
    texts = [f"{text} {number}" for number in range(8) for text in ("a GOOD film", "a bad film 🎬")]
    rows = pd.DataFrame({"text": texts, "label": ["pos", "neg"] * 8})
    options: dict[str, Any] = {"epochs": 1, "filters": 2, "embedding_size": 4, "min_frequency": 1, "device": "cpu"}
    trained = ak.train("cnn", rows, tokenizer=file, out=tmp_path / "m", **options)
    why = ak.explain(trained, text, views="attribution")
    assert all(text[a:b] for a, b in zip(why.token_scores.starts, why.token_scores.ends, strict=True))
    assert "".join(why.tokens).replace(" ", "") == text.replace(" ", "")  # no character is lost, none read twice
    if model == "words":
        known = [token for token, ok in zip(why.tokens, why.token_scores.known, strict=True) if ok]
        assert known == ["GOOD", "film", "good", "film"]
    again = ak.load(tmp_path / "m", "cpu")  # the file is data: nothing need be given
    assert ak.explain(again, text, views="attribution") == why and again.fingerprint() == trained.fingerprint()
    library = tokenizers.Tokenizer.from_file(str(file))
    assert ak.train("cnn", rows, tokenizer=library, **options).fingerprint() == trained.fingerprint()
    rows.to_csv(tmp_path / "x.csv", index=False)
    command = ["train", tmp_path / "x.csv", "--tokenizer", file, "--out", tmp_path / "c", "--epochs", 1]
    assert run(*command, "--filters", 2, "--embedding-size", 4, "--min-frequency", 1) == 0
    assert run("explain", tmp_path / "c", text, "--view", "attribution") == 0


def test_what_is_no_saved_tokenizer_is_told(tmp_path: Path) -> None:
    rows = pd.DataFrame({"text": ["a film", "film b"] * 4, "label": ["pos", "neg"] * 4})
    with pytest.raises(FileNotFoundError, match=r"there is no tokenizer's file 'nowhere\.json'; check the path"):
        ak.train("cnn", rows, tokenizer=Path("nowhere.json"))
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(ValueError, match="a tokenizer's JSON was expected, as the library `tokenizers` saves it"):
        ak.train("cnn", rows, tokenizer=tmp_path / "x.json")
    (tmp_path / "y.json").write_bytes(b"\xff")
    with pytest.raises(ValueError, match=r"'y\.json' is no UTF-8 text; give another"):
        ak.train("cnn", rows, tokenizer=tmp_path / "y.json")
