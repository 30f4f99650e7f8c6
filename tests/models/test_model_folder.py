"""A model folder comes back bit for bit or is refused with a sentence, and nothing a user made is lost."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import attribkit.models.model_folder
from attribkit.models import model_folder
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.contents import fill
from attribkit.models.model_files import CONFIG, TOKENIZER, WEIGHTS
from attribkit.models.model_folder import bundled
from attribkit.models.reference import Reference

TEXTS = ["a good film", "the worst movie ever !", "unseen words"]


@pytest.fixture
def saved(make_classifier: Callable[..., Classifier], tmp_path: Path) -> Path:
    return make_classifier().save(tmp_path / "model")


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn", "lstm"])
def test_a_loaded_model_gives_identical_logits(
    make_classifier: Callable[..., Classifier], architecture: str, tmp_path: Path
) -> None:
    classifier = make_classifier(architecture)
    classifier.history = pd.DataFrame({"epoch": [0], "train_loss": [0.5]})
    classifier.provenance = {"data": {"name": "tiny", "rows": 6}, "metrics": {"f1": 0.25}}
    loaded = Classifier.load(classifier.save(tmp_path / "a model with späces"), device="cpu")
    ids = [encoded.ids for encoded in classifier.encode(TEXTS)]
    assert np.array_equal(loaded.logits(ids), classifier.logits(ids))
    assert [one.ids.tolist() for one in loaded.encode(TEXTS)] == [one.tolist() for one in ids]
    assert (loaded.labels, loaded.name, loaded.provenance) == (
        classifier.labels,
        classifier.name,
        classifier.provenance,
    )
    assert loaded.history is not None
    assert loaded.history.equals(classifier.history)
    assert loaded.fingerprint() == classifier.fingerprint()


def test_half_the_bits_take_half_the_space_and_load_as_numbers_of_full_width(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    classifier = make_classifier("attention-rnn", embedding_size=64)
    full, half = classifier.save(tmp_path / "full"), classifier.save(tmp_path / "half", half=True)
    sizes = [(folder / WEIGHTS).stat().st_size for folder in (full, half)]
    assert sizes[1] < 0.55 * sizes[0]
    loaded = Classifier.load(half, "cpu")
    for name, value in loaded.network.state_dict().items():
        wanted = classifier.network.state_dict()[name]
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, wanted, rtol=1e-3, atol=1e-6)
        assert torch.equal(value, wanted.half().float())


def test_a_weight_too_large_for_half_the_bits_is_refused(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    classifier = make_classifier()
    with torch.no_grad():
        classifier.network.output.bias[0] = 1e6
    with pytest.raises(ValueError, match=r"the weights 'output.bias' do not fit into 16 bits; save them without"):
        classifier.save(tmp_path / "model", half=True)
    assert not (tmp_path / "model").exists()


def test_a_folder_holds_data_only(saved: Path) -> None:
    assert sorted(os.listdir(saved)) == ["README.md", CONFIG, TOKENIZER, WEIGHTS]
    json.loads((saved / CONFIG).read_text())
    json.loads((saved / TOKENIZER).read_text())
    assert "labels neg, pos" in (saved / "README.md").read_text()


def test_a_model_that_is_there_is_not_replaced_unasked(make_classifier: Callable[..., Classifier], saved: Path) -> None:
    other = make_classifier(seed=1)
    with pytest.raises(FileExistsError, match="already holds a model; choose another folder or replace it"):
        other.save(saved)
    assert Classifier.load(saved).fingerprint() == make_classifier().fingerprint()
    other.save(saved, overwrite=True)
    assert Classifier.load(saved).fingerprint() == other.fingerprint()


def test_a_users_own_files_in_the_folder_are_left_alone(
    make_classifier: Callable[..., Classifier], saved: Path
) -> None:
    (saved / "notes.txt").write_text("mine")
    make_classifier(seed=1).save(saved, overwrite=True)
    assert (saved / "notes.txt").read_text() == "mine"
    assert sorted(os.listdir(saved)) == ["README.md", CONFIG, "notes.txt", TOKENIZER, WEIGHTS]


@pytest.mark.parametrize("moment", range(9))
def test_a_save_that_breaks_off_leaves_the_older_model(
    make_classifier: Callable[..., Classifier], saved: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    calls = []
    replace = os.replace

    def fail(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == moment + 1:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        make_classifier(seed=1).save(saved, overwrite=True)
    monkeypatch.undo()
    assert Classifier.load(saved).fingerprint() == make_classifier().fingerprint()
    assert sorted(os.listdir(saved)) == ["README.md", CONFIG, TOKENIZER, WEIGHTS]


def test_a_first_save_that_breaks_off_leaves_no_model(
    make_classifier: Callable[..., Classifier], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        make_classifier().save(tmp_path / "model")
    assert os.listdir(tmp_path / "model") == []


def rewrite(folder: Path, **changes: object) -> None:
    """Change config.json and give it a right checksum again, as a forger or a newer version would."""
    config = json.loads((folder / CONFIG).read_text()) | changes
    config["sha256"] = attribkit.models.model_folder._checksum(config)
    (folder / CONFIG).write_text(json.dumps(config))


def test_every_damaged_or_missing_file_is_refused_by_name(saved: Path) -> None:
    for file in (TOKENIZER, WEIGHTS, "README.md"):
        content = (saved / file).read_bytes()
        for damaged in (content[:-1], content[:10], b"", content[:-5] + b"\x00" + content[-4:]):
            (saved / file).write_bytes(damaged)
            with pytest.raises(ValueError, match=rf"{file} in .* is damaged .* save the model anew"):
                Classifier.load(saved)
        (saved / file).unlink()
        with pytest.raises(ValueError, match=f"lacks {file}"):
            Classifier.load(saved)
        (saved / file).write_bytes(content)
    assert Classifier.load(saved).labels == ("neg", "pos")


def test_every_truncation_and_many_changes_of_the_config_are_refused(saved: Path) -> None:
    content = (saved / CONFIG).read_bytes()
    random = np.random.default_rng(0)
    cases = [content[:length] for length in range(len(content) - 1)]
    for place in random.integers(0, len(content), 300):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(random.integers(0, 8))
        cases.append(bytes(flipped))
    same = json.loads(content)
    for case in cases:
        (saved / CONFIG).write_bytes(case)
        try:
            Classifier.load(saved)
        except ValueError:
            continue
        assert json.loads(case) == same  # white space may change, content may not


def test_a_newer_format_is_refused_as_such(saved: Path) -> None:
    rewrite(saved, format=5)
    with pytest.raises(ValueError, match="has format 5, this version reads 1 to 4; upgrade attribkit"):
        Classifier.load(saved)


def test_a_config_that_names_a_file_elsewhere_is_refused(saved: Path) -> None:
    files = json.loads((saved / CONFIG).read_text())["files"]
    rewrite(saved, files=files | {"../secret": "0" * 64})
    with pytest.raises(ValueError, match="unexpected file"):
        Classifier.load(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "transformer"}, "architecture"),
        ({"settings": {"vocabulary": 3, "classes": 2}}, "do not fit"),
        ({"settings": {"nonsense": 1}}, "settings"),
        ({"files": {}}, "lacks"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(saved: Path, changes: dict, message: str) -> None:
    rewrite(saved, **changes)
    with pytest.raises(ValueError, match=message):
        Classifier.load(saved)


def test_weights_that_are_not_numbers_are_refused_by_name(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    classifier = make_classifier(seed=2)
    with torch.no_grad():
        classifier.network.output.bias[0] = float("nan")
    with pytest.raises(ValueError, match=r"'output\.bias' .* NaN or infinity"):
        Classifier.load(classifier.save(tmp_path / "model"))


def test_an_unknown_name_lists_the_known_and_suggests_the_near(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no model folder 'imdb-cmn'"):
        Classifier.load("imdb-cmn")
    if bundled():
        with pytest.raises(FileNotFoundError, match=r"did you mean 'imdb-cnn'\? the bundled models are .*imdb-cnn"):
            Classifier.load("imdb-cmn")
    with pytest.raises(ValueError, match=rf"holds no {CONFIG}"):
        Classifier.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="is a file; give the folder it is in"):
        Classifier.load(saved / CONFIG)


def test_a_model_folder_nearby_is_suggested(saved: Path, tmp_path: Path) -> None:
    inner = tmp_path / "quickstart" / "model"
    shutil.copytree(saved, inner)
    with pytest.raises(ValueError, match=f"holds no {CONFIG}, so it is no model folder; did you mean {str(inner)!r}"):
        Classifier.load(inner.parent)
    with pytest.raises(FileNotFoundError, match=f"there is no model folder .*; did you mean {str(inner)!r}"):
        Classifier.load(inner.with_name("modle"))


def test_a_network_or_tokenizer_of_the_users_own_is_not_saved(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    classifier = make_classifier()

    class Mine(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(5, 4)

    mine = Classifier(Adapted(Mine()), classifier.tokenizer, ("a", "b"))
    with pytest.raises(ValueError, match=r"Adapted with Tokenizer; register its class with .*, or keep its state_dict"):
        mine.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_target_that_cannot_be_written_is_refused_at_the_door(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="is a file; choose another name"):
        make_classifier().save(tmp_path / "file")
    with pytest.raises(NotADirectoryError, match="is a file; choose another name"):
        make_classifier().save(tmp_path / "file" / "model")
    assert (tmp_path / "file").read_text() == "mine"


def test_snapshots_and_reference_points_are_saved_checked_and_read(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    classifier = make_classifier("lstm")
    classifier.snapshots = {epoch: weights_at(classifier, epoch) for epoch in (0, 12)}
    classifier.reference = own_reference(classifier)
    folder = classifier.save(tmp_path / "model")
    assert [file.name for file in sorted((folder / "snapshots").iterdir())] == [
        "epoch-000.safetensors",
        "epoch-012.safetensors",
    ]
    loaded = Classifier.load(folder, "cpu")
    assert loaded.reference is not None and loaded.reference.to_bytes() == classifier.reference.to_bytes()
    for epoch, weights in classifier.snapshots.items():
        assert all(torch.equal(tensor, loaded.snapshots[epoch][name]) for name, tensor in weights.items())
        expected = make_classifier("lstm")
        fill(expected.network, weights)
        assert loaded.at_epoch(epoch).fingerprint() == expected.fingerprint()
    with pytest.raises(ValueError, match="keeps snapshots of the epochs 0, 12, got 3; train it with"):
        loaded.at_epoch(3)
    (folder / "snapshots" / "epoch-012.safetensors").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"snapshots/epoch-012\.safetensors in .* is damaged"):
        Classifier.load(folder, "cpu")
    (folder / "snapshots" / "epoch-012.safetensors").unlink()
    with pytest.raises(ValueError, match=r"lacks snapshots/epoch-012\.safetensors"):
        Classifier.load(folder, "cpu")


def test_replacing_a_model_leaves_nothing_of_its_snapshots_or_reference(
    make_classifier: Callable[..., Classifier], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = make_classifier("lstm")
    classifier.snapshots = {1: weights_at(classifier, 1), 2: weights_at(classifier, 2)}
    classifier.reference = own_reference(classifier)
    folder = classifier.save(tmp_path / "model")
    plain = make_classifier("lstm", seed=1)
    plain.snapshots = {2: weights_at(plain, 2)}
    replace = os.replace

    def fails_at_the_config(source: Path, target: Path) -> None:
        if Path(target) == folder / "config.json" and Path(source).parent.name.startswith(".saving"):
            raise OSError("the disk broke")
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fails_at_the_config)
        with pytest.raises(OSError, match="the disk broke"):
            plain.save(folder, overwrite=True)
    kept = Classifier.load(folder, "cpu")
    assert set(kept.snapshots) == {1, 2} and kept.reference is not None
    plain.save(folder, overwrite=True)
    assert sorted(file.name for file in folder.iterdir()) == [
        "README.md", "config.json", "snapshots", "tokenizer.json", "weights.safetensors",
    ]  # fmt: skip
    assert set(Classifier.load(folder, "cpu").snapshots) == {2}


def test_a_folder_of_somebody_else_named_snapshots_is_not_touched(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "holiday.jpg").write_bytes(b"beach")
    classifier = make_classifier("lstm")
    classifier.save(tmp_path)
    assert (tmp_path / "snapshots" / "holiday.jpg").read_bytes() == b"beach"


def test_reference_points_are_attached_without_touching_anything_else(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    classifier = make_classifier("lstm")
    folder = classifier.save(tmp_path / "model")
    before = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "config.json"}
    model_folder.attach_reference(folder, own_reference(classifier))
    after = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "config.json"}
    assert {**before, "reference.safetensors": own_reference(classifier).to_bytes()} == after
    assert Classifier.load(folder, "cpu").fingerprint() == classifier.fingerprint()
    with pytest.raises(ValueError, match="reference points were expected, got something else"):
        Reference.from_bytes(b"nonsense")


def weights_at(classifier: Classifier, epoch: int) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() + epoch for name, tensor in classifier.network.state_dict().items()}


def own_reference(classifier: Classifier) -> Reference:
    return Reference(
        layer="rnn",
        reduce=None,
        fingerprint=classifier.fingerprint(),
        source="two texts",
        mean=np.zeros(10, dtype=np.float32),
        axes=np.eye(10, dtype=np.float32)[:2],
        explained=np.array([0.7, 0.2], dtype=np.float32),
        points=np.array([[1, 2], [3, 4]], dtype=np.float32),
        excerpts=("good", "bad"),
        labels=(),
        predictions=("pos", "neg"),
    )
