"""The files of a model folder, put in place together or not at all."""

import os
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from attribkit.files import locked, write_whole

CONFIG, TOKENIZER, WEIGHTS, CARD, HISTORY, REFERENCE, TRAINING, SPLITS = (
    "config.json",
    "tokenizer.json",
    "weights.safetensors",
    "README.md",
    "history.csv",
    "reference.safetensors",
    "training.safetensors",
    "splits.safetensors",
)
SNAPSHOTS = "snapshots"
SNAPSHOT = re.compile(rf"{SNAPSHOTS}/epoch-(\d{{3,6}})\.safetensors")
_REPLACED, _SAVING = ".replaced-", ".saving-"


def publish(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put the files in place, config.json last; an older model's files are put aside first, and back if this fails."""
    with locked(folder):
        _replace(folder, files)


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    tag = secrets.token_hex(4)
    staged, replaced = folder / f"{_SAVING}{tag}", folder / f"{_REPLACED}{tag}"
    for left in folder.glob(f"{_SAVING}*"):  # by saves that were killed: who holds the lock is the only one at work
        shutil.rmtree(left, ignore_errors=True)
    try:
        staged.mkdir()
        for file, content in files.items():
            (staged / file).parent.mkdir(exist_ok=True)
            write_whole(staged / file, content)
        if (folder / CONFIG).exists():
            replaced.mkdir()
            for name in (CONFIG, TOKENIZER, WEIGHTS, CARD, HISTORY, REFERENCE, TRAINING, SPLITS, SNAPSHOTS):
                if (folder / name).exists():
                    os.replace(folder / name, replaced / name)
        elif all(SNAPSHOT.fullmatch(f"{SNAPSHOTS}/{file.name}") for file in (folder / SNAPSHOTS).glob("*")):
            shutil.rmtree(folder / SNAPSHOTS, ignore_errors=True)  # of a save that was broken off
        for name in sorted({Path(file).parts[0] for file in files}, key=lambda name: (name == CONFIG, name)):
            os.replace(staged / name, folder / name)
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
        _put_back(folder)


def roll_back(folder: Path) -> None:
    """Put the older model's files back, if replacing them was interrupted before the new config.json was there."""
    if folder.is_dir() and any(folder.glob(f"{_REPLACED}*")):
        with locked(folder):  # a save that is under way is no save that was broken off
            _put_back(folder)


def _put_back(folder: Path) -> None:
    for replaced in folder.glob(f"{_REPLACED}*") if folder.is_dir() else ():
        if not (folder / CONFIG).exists():
            for file in sorted(replaced.iterdir(), key=lambda file: file.name == CONFIG):
                if file.is_dir():  # unlike a file, a folder cannot be put in another one's place
                    shutil.rmtree(folder / file.name, ignore_errors=True)
                os.replace(file, folder / file.name)
        shutil.rmtree(replaced, ignore_errors=True)
