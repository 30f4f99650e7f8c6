"""Damaged, hostile and oddly named files: loaded as they were, or refused in one sentence."""

import gzip
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import attribkit as ak
from attribkit.corpus import explain_corpus
from attribkit.models.classifier import Classifier
from attribkit.training.glove import read_vectors

Tried = Callable[..., None]


def refused(call: Callable[[], object], same: Callable[[object], bool]) -> bool:
    """True if refused in a sentence, False if the very same thing came; anything else is a failure."""
    try:
        found = call()
    except (ValueError, FileNotFoundError) as error:
        sentence = str(error)
        assert len(sentence) > 20 and "Traceback" not in sentence, sentence
        return True
    assert same(found), "a damaged file was read as something else"
    return False


@pytest.fixture
def same_model(model_folder: Path) -> Callable[[object], bool]:
    good = Classifier.load(model_folder, "cpu")

    def same(found: object) -> bool:
        assert isinstance(found, Classifier)
        return found.fingerprint() == good.fingerprint() and found.tokenizer.to_json() == good.tokenizer.to_json()  # type: ignore[attr-defined]

    return same


def test_a_model_cut_short_at_any_length(
    model_folder: Path, tmp_path: Path, same_model: Callable, full: bool, tried: Tried
) -> None:
    folder = shutil.copytree(model_folder, tmp_path / "model")
    chosen = random.Random(0)
    for file in ("config.json", "tokenizer.json", "weights.safetensors", "README.md"):
        content = (model_folder / file).read_bytes()
        lengths = range(len(content))
        most = 2_000 if file == "weights.safetensors" else len(content)
        wanted = sorted(chosen.sample(lengths, min(most if full else 60, len(lengths))))
        for length in wanted:
            (folder / file).write_bytes(content[:length])
            assert refused(lambda: Classifier.load(folder, "cpu"), same_model), (file, length)
        (folder / file).write_bytes(content)
        tried(f"files: truncations of {file}", len(wanted))


def test_a_model_with_flipped_bits(
    model_folder: Path, tmp_path: Path, same_model: Callable, full: bool, tried: Tried
) -> None:
    folder = shutil.copytree(model_folder, tmp_path / "model")
    chosen = random.Random(1)
    files = sorted(path.name for path in folder.iterdir())
    count = 10_000 if full else 150
    for _ in range(count):
        file = folder / chosen.choice(files)
        content = bytearray(file.read_bytes())
        content[chosen.randrange(len(content))] ^= 1 << chosen.randrange(8)
        whole = file.read_bytes()
        file.write_bytes(bytes(content))
        refused(lambda: Classifier.load(folder, "cpu"), same_model)
        file.write_bytes(whole)
    assert same_model(Classifier.load(folder, "cpu"))
    tried("files: bit flips of a model folder", count)


def test_an_explanation_with_flipped_bits(model_folder: Path, tmp_path: Path, full: bool, tried: Tried) -> None:
    why = ak.explain(Classifier.load(model_folder, "cpu"), "a good film , bad and dull", views="attribution")
    file, chosen, count = tmp_path / "why.json", random.Random(2), 10_000 if full else 150
    whole = why.to_json().encode()
    for _ in range(count):
        content = bytearray(whole)
        content[chosen.randrange(len(content))] ^= 1 << chosen.randrange(8)
        file.write_bytes(bytes(content))
        refused(lambda: ak.Explanation.load(file), lambda found: found == why)
    for length in range(0, len(whole), 1 if full else 97):
        file.write_bytes(whole[:length])
        assert refused(lambda: ak.Explanation.load(file), lambda found: found == why)
    tried("files: bit flips of an explanation", count)
    tried("files: truncations of an explanation", len(range(0, len(whole), 1 if full else 97)))


def test_a_pickle_is_never_run(model_folder: Path, tmp_path: Path, tried: Tried) -> None:
    folder, mark = shutil.copytree(model_folder, tmp_path / "model"), tmp_path / "was-run"
    bomb = f"cos\nsystem\n(S'touch {mark}'\ntR.".encode()
    for name in ("weights.safetensors", "tokenizer.json", "config.json", "pytorch_model.bin", "weights.pkl", "x.pt"):
        kept = (folder / name).read_bytes() if (folder / name).exists() else None
        (folder / name).write_bytes(bomb)
        if kept is None:
            Classifier.load(folder, "cpu")  # a stranger's file beside the model is not looked at
        else:
            with pytest.raises(ValueError, match="damaged"):
                Classifier.load(folder, "cpu")
            (folder / name).write_bytes(kept)
        tried("files: pickles laid in a model folder")
    assert not mark.exists()


def test_a_link_out_of_the_folder_tells_nothing(model_folder: Path, tmp_path: Path, tried: Tried) -> None:
    folder, secret = shutil.copytree(model_folder, tmp_path / "model"), tmp_path / "secret.txt"
    secret.write_text("the secret words")
    for name in ("weights.safetensors", "tokenizer.json", "config.json"):
        kept = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / name).symlink_to(secret)
        with pytest.raises(ValueError, match=r"damaged|save") as refusal:
            Classifier.load(folder, "cpu")
        assert "secret words" not in str(refusal.value)
        (folder / name).unlink()
        (folder / name).write_bytes(kept)
        tried("files: links out of a model folder")


def test_a_vector_file_that_unpacks_without_end_fills_no_memory(tmp_path: Path, tried: Tried) -> None:
    bomb = tmp_path / "vectors.txt.gz"
    with gzip.open(bomb, "wb", compresslevel=9) as file:
        for _ in range(64):
            file.write(b"\0" * 2**20)
    with pytest.raises(ValueError, match=r"longer than|a file of word vectors was expected"):
        read_vectors(bomb, {"[PAD]": 0, "[UNK]": 1, "good": 2})
    tried("files: zip bombs")


NAMES = ("with spaces and 'quotes'", "ünïcødé-漢字-🎬", "a" * 251, "-dash", "per%cent#hash?mark", "new\nline")


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_an_odd_name_is_a_name(name: str, model_folder: Path, tmp_path: Path, tried: Tried) -> None:
    model = Classifier.load(shutil.copytree(model_folder, tmp_path / name), "cpu")
    assert model.save(tmp_path / "again" / name).is_dir()
    table = tmp_path / (name[:240] + ".csv")
    table.write_text("text\na good film\n")
    run = explain_corpus(model, table, tmp_path / "out" / name, workers=1)
    assert run.statuses == {"ok": 1}
    ak.explain(model, "a good film", views="attribution").save(tmp_path / (name[:240] + ".json"))
    tried("files: odd names")


def test_config_says_no_more_than_it_may(model_folder: Path, tmp_path: Path, tried: Tried) -> None:
    folder = shutil.copytree(model_folder, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    for changed in (
        {"files": {"../secret": "0" * 64}},
        {"architecture": "os.system"},
        {"settings": {"vocabulary": 2**60}},
    ):
        (folder / "config.json").write_text(json.dumps(config | changed))
        with pytest.raises(ValueError, match="damaged"):
            Classifier.load(folder, "cpu")
        tried("files: forged configs")
    assert os.listdir(tmp_path) == ["model"]
