"""A model as a folder of data: every file has a checksum, and the folder is written whole or not at all.

config.json names the other files with their sha256 and carries its own. It is the last file put in place, and a
folder without one is no model.
"""

import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from attribkit.data.split_record import SplitRecord
from attribkit.errors import (
    InputError,
    InputExistsError,
    InputIsFileError,
    InputNotFoundError,
    InputPermissionError,
    did_you_mean,
)
from attribkit.files import locked
from attribkit.models.contents import Contents
from attribkit.models.model_card import model_card
from attribkit.models.model_files import (
    CARD,
    CONFIG,
    HISTORY,
    REFERENCE,
    SNAPSHOT,
    SNAPSHOTS,
    SPLITS,
    TOKENIZER,
    TRAINING,
    WEIGHTS,
    publish,
    roll_back,
)
from attribkit.models.reference import Reference
from attribkit.models.training_features import TrainingFeatures

FORMAT, _WITH_SPLIT, _WITH_TASK, _OLDEST = 4, 3, 2, 1
"""Formats that are read: 1 knows no task, 2 no splitter of a user's, 3 no training rows; the oldest that suffices is
written."""
BUNDLED = Path(__file__).parents[1] / "pretrained"


def bundled() -> list[str]:
    """The names of the models that come with the toolkit and need nothing else."""
    return _with_file(WEIGHTS)


def bundled_transformers() -> list[str]:
    """The names of those that come with it and need the extra `hf`."""
    return _with_file("model.safetensors")


def _with_file(name: str) -> list[str]:
    return sorted(folder.name for folder in BUNDLED.iterdir() if (folder / name).is_file())


_PICKLES = (".dill", ".joblib", ".pickle", ".pkl", ".skops")


def find(path: str | Path) -> Path:
    """The model folder of a path or a bundled name; a folder of that path comes first.

    Raises:
        FileNotFoundError: if there is no such folder or name; the sentence lists the bundled names and suggests the
            nearest.
        ValueError: for a pickle of whatever kind.
    """
    folder, names = Path(path), bundled() + bundled_transformers()
    if folder.suffix.lower() in _PICKLES:
        raise InputError(
            f"a pickle runs code from the file as it is read, so {str(path)!r} is not read; load it yourself if you "
            "trust it, and give the pipeline that it holds: attribkit.load(pipeline)"
        )
    if folder.is_dir():
        roll_back(folder)
        if (folder / CONFIG).is_file() or str(path) not in names:
            return folder
    if str(path) in names:
        return BUNDLED / str(path)
    if folder.is_file():
        raise InputNotFoundError(f"a model folder was expected, but {str(path)!r} is a file; give the folder it is in")
    hint = did_you_mean(path, [*names, *_folders_in(folder.parent)])
    raise InputNotFoundError(
        f"there is no model folder {str(path)!r}{hint or ';'} the bundled models are {', '.join(names) or 'none'}; a "
        "model of the Hugging Face hub needs local_files_only=False, or its folder"
    )


def _folders_in(folder: Path) -> list[str]:
    """The model folders that lie in a folder."""
    return sorted(str(config.parent) for config in folder.glob(f"*/{CONFIG}"))


def write(folder: Path, contents: Contents, overwrite: bool) -> Path:
    """Write a model folder; see `Classifier.save`."""
    if folder.is_file():
        raise InputExistsError(f"a folder was expected, but {str(folder)!r} is a file; choose another name")
    check_writable(folder, overwrite)
    config = {"format": _format(contents), **contents.config}
    files = {
        TOKENIZER: contents.tokenizer.encode(),
        WEIGHTS: _weights(contents.weights),
        CARD: model_card(config, contents.splits, contents.training is not None).encode(),
    }
    if contents.history is not None:
        files[HISTORY] = contents.history.to_csv(index=False).encode()
    for epoch, weights in contents.snapshots.items():
        files[f"{SNAPSHOTS}/epoch-{epoch:03d}.safetensors"] = _weights(weights)
    if contents.reference is not None:
        files[REFERENCE] = contents.reference.to_bytes()
    if contents.training is not None:
        files[TRAINING] = contents.training.to_bytes()
    if contents.splits is not None:
        files[SPLITS] = contents.splits.to_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    _write_with_checksums(folder, config, files)
    return folder


def attach_reference(folder: Path, reference: Reference) -> Path:
    """Add reference points to a model folder; every other file stays what it is, bit for bit.

    Raises:
        ValueError: if the folder is damaged or holds no model.
        OSError: if it cannot be written.
    """
    config, contents = _checked(folder)
    _write_with_checksums(folder, config, contents | {REFERENCE: reference.to_bytes()})
    return folder


def _weights(tensors: Mapping[str, Tensor]) -> bytes:
    return safetensors.torch.save({key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()})


def _write_with_checksums(folder: Path, config: dict[str, Any], files: dict[str, bytes]) -> None:
    """Write the files and a config.json with the checksum of each."""
    config["files"] = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    config["sha256"] = _checksum(config)
    sealed = json.dumps(config, ensure_ascii=False, indent=1, allow_nan=False).encode()
    publish(folder, files | {CONFIG: sealed})


def check_writable(folder: Path, overwrite: bool) -> None:
    """Check before a long training that its model can be written.

    Raises:
        FileExistsError: if the folder holds a model and `overwrite` is False.
        PermissionError: if it, or the nearest folder above it that exists, cannot be written.
    """
    roll_back(folder)
    if (folder / CONFIG).is_file() and not overwrite:
        raise InputExistsError(
            f"{str(folder)!r} already holds a model; choose another folder or replace it with overwrite=True (--force)"
        )
    nearest = folder
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        raise InputIsFileError(f"a folder was expected, but {str(nearest)!r} is a file; choose another name")
    if not os.access(nearest, os.W_OK):
        raise InputPermissionError(
            f"the folder {str(nearest)!r} cannot be written; choose another or change its permissions"
        )


def read(folder: Path) -> Contents:
    """Read and check a model folder; see `Classifier.load`."""
    with locked(folder, shared=True):
        config, contents = _checked(folder)
    snapshots = {int(match[1]): file for file in contents if (match := SNAPSHOT.fullmatch(file))}
    return Contents(
        config=config,
        tokenizer=contents[TOKENIZER].decode(),
        weights=_tensors(folder, WEIGHTS, contents[WEIGHTS], finite=True),
        history=pd.read_csv(io.BytesIO(contents[HISTORY])) if HISTORY in contents else None,
        # a snapshot may hold NaN: it is of a training that went wrong, and projecting it says so
        snapshots={epoch: _tensors(folder, file, contents[file]) for epoch, file in sorted(snapshots.items())},
        reference=Reference.from_bytes(contents[REFERENCE]) if REFERENCE in contents else None,
        training=TrainingFeatures.from_bytes(contents[TRAINING]) if TRAINING in contents else None,
        splits=SplitRecord.from_bytes(contents[SPLITS]) if SPLITS in contents else None,
    )


def _checked(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The config and every file it names, whose checksums are right."""
    if not (folder / CONFIG).is_file():
        if inner := _folders_in(folder):
            raise InputError(
                f"{str(folder)!r} holds no {CONFIG}, so it is no model folder; did you mean "
                f"{' or '.join(map(repr, inner))}?"
            )
        raise InputError(f"{str(folder)!r} holds no {CONFIG}, so it is no model folder; give the folder save() wrote")
    config = _read_config(folder)
    contents: dict[str, bytes] = {}
    for file in (TOKENIZER, WEIGHTS):
        if file not in config.get("files", {}):
            raise InputError(f"the model folder's {CONFIG} lacks the checksum of {file}; save the model anew")
    for file, checksum in config["files"].items():
        if file not in (TOKENIZER, WEIGHTS, CARD, HISTORY, REFERENCE, TRAINING, SPLITS) and not SNAPSHOT.fullmatch(
            file
        ):
            raise InputError(f"the model folder's {CONFIG} names an unexpected file {file!r}; save the model anew")
        if not (folder / file).is_file():
            raise InputError(f"the model folder {str(folder)!r} lacks {file}; save the model anew")
        contents[file] = (folder / file).read_bytes()
        if hashlib.sha256(contents[file]).hexdigest() != checksum:
            raise InputError(f"{file} in {str(folder)!r} is damaged (its checksum differs); save the model anew")
    return config, contents


def _tensors(folder: Path, file: str, content: bytes, finite: bool = False) -> dict[str, Tensor]:
    try:
        tensors = safetensors.torch.load(content)
    except SafetensorError as error:
        raise InputError(f"{file} in {str(folder)!r} cannot be read ({error}); save the model anew") from error
    for key, tensor in tensors.items():
        if finite and tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise InputError(f"the weights {key!r} in {str(folder)!r} hold NaN or infinity; train the model anew")
    return tensors


def _read_config(folder: Path) -> dict[str, Any]:
    file = f"{CONFIG} in {str(folder)!r}"
    try:
        config = json.loads((folder / CONFIG).read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is damaged (it is not JSON); save the model anew") from error
    if isinstance(config, dict) and "model_type" in config:
        raise InputError(f"{str(folder)!r} holds a model of transformers; load it with attribkit.load(…)")
    if not isinstance(config, dict) or not isinstance(config.get("format"), int):
        raise InputError(f"{file} is not that of a model; give the folder save() wrote")
    if not _OLDEST <= config["format"] <= FORMAT:
        raise InputError(
            f"{file} has format {config['format']}, this version reads {_OLDEST} to {FORMAT}; upgrade attribkit"
        )
    if config.get("sha256") != _checksum(config):
        raise InputError(f"{file} is damaged (its checksum differs); save the model anew")
    return config


def _checksum(config: Mapping[str, Any]) -> str:
    content = {key: value for key, value in config.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _format(contents: Contents) -> int:
    if contents.training is not None:
        return FORMAT
    if "split" in contents.config:
        return _WITH_SPLIT
    return _WITH_TASK if "task" in contents.config else _OLDEST
