"""The state of an unfinished training as data: one file, replaced whole after every epoch, never a pickle."""

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.plugins.io import CheckpointIO
from safetensors import SafetensorError, safe_open
from torch import Tensor

from attribkit.errors import InputError, InputExistsError, InputTypeError, StorageError
from attribkit.files import write_whole
from attribkit.models import model_folder

FORMAT = 1
STATE = "state.safetensors"


class StateIO(CheckpointIO):
    """Lightning's checkpoint as a safetensors file, whose header holds everything but tensors as JSON.

    Args:
        identity: what was trained on what and how; a training is resumed only if it is the same.
    """

    def __init__(self, identity: Mapping[str, Any]) -> None:
        self.identity = identity

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write the file, whole or not at all."""
        tensors: dict[str, Tensor] = {}
        content = {"format": FORMAT, "identity": self.identity, "state": _pack(checkpoint, tensors)}
        write_whole(path, safetensors.torch.save(tensors, {"attribkit": json.dumps(content, allow_nan=False)}))

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read the file.

        Raises:
            ValueError: if it is damaged.
        """
        content = read_header(Path(path))
        state: dict[str, Any] = _unpack(content["state"], safetensors.torch.load(Path(path).read_bytes()))
        return state

    def remove_checkpoint(self, path: str | Path) -> None:
        """Delete the file."""
        Path(path).unlink(missing_ok=True)


class StateCheckpoint(Callback):
    """Write the state after every epoch; the last of the callbacks, so that the state of the others is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the state."""
        trainer.save_checkpoint(self.path)


def read_header(path: Path) -> dict[str, Any]:
    """The header of a state file.

    Raises:
        ValueError: if it is damaged or of another format.
    """
    try:
        with safe_open(path, framework="pt") as file:
            content: dict[str, Any] = json.loads((file.metadata() or {})["attribkit"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise InputError(
            f"the state of the interrupted training in {str(path)!r} is damaged ({error}); start over with "
            "overwrite=True (--force)"
        ) from error
    if content["format"] != FORMAT:
        raise InputError(
            f"the interrupted training in {str(path)!r} has format {content['format']}, this version resumes {FORMAT}; "
            "start over with overwrite=True (--force)"
        )
    return content


def check_folder(out: Path, *, resume: bool, overwrite: bool) -> None:
    """Check before a training that its folder can be used.

    Raises:
        FileExistsError: if `out` holds a model and may not be overwritten, or an interrupted training that is neither
            to be resumed nor overwritten.
        PermissionError: if the folder may not be written.
        NotADirectoryError: if `out` is a file.
    """
    state = out / "training" / STATE
    model_folder.check_writable(out, overwrite or (resume and state.is_file()))
    if state.is_file() and not (resume or overwrite):
        raise InputExistsError(
            f"{str(out)!r} holds an interrupted training; continue it with resume=True (--resume) or start over with "
            "overwrite=True (--force)"
        )


def check_identity(state: Path, identity: Mapping[str, Any]) -> None:
    """Check that a resumed training has the data and settings that it began with.

    Raises:
        ValueError: if something differs; the sentence names the first difference.
    """
    then, now = _flat(read_header(state)["identity"]), _flat(json.loads(json.dumps(identity)))
    for name in [*then, *(name for name in now if name not in then)]:
        if then.get(name) != now.get(name):
            raise InputError(
                f"the interrupted training in {str(state.parent.parent)!r} began with {name} = {then.get(name)!r}, but "
                f"now it is {now.get(name)!r}; resume with what it began with or start over with overwrite=True "
                "(--force)"
            )


def check_space(folder: Path, network: torch.nn.Module, snapshots: int) -> None:
    """Check before a training that the disk has enough space.

    Raises:
        OSError: if there is too little; the sentence says how much is needed: the weights four times in the state,
            twice while it is replaced, once in the model and in each snapshot.
    """
    weights = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
    needed = weights * (2 * 4 + 1 + snapshots)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StorageError(
            f"training needs {needed / 1e6:,.0f} MB of disk in {str(folder)!r}, only {free / 1e6:,.0f} MB are free; "
            "make room or choose another folder"
        )


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: value}
    return {key: leaf for part in value for key, leaf in _flat(value[part], f"{name}.{part}" if name else part).items()}


def _pack(value: Any, tensors: dict[str, Tensor]) -> Any:
    """JSON for a nest of dicts, lists, numbers and tensors; what JSON lacks stands as {"$kind": …}."""
    if isinstance(value, Tensor):
        key = str(len(tensors))
        tensors[key] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {"$tensor": key}
    if isinstance(value, Mapping):
        return {"$dict": [[_pack(key, tensors), _pack(entry, tensors)] for key, entry in value.items()]}
    if isinstance(value, list):
        return [_pack(entry, tensors) for entry in value]
    if isinstance(value, tuple):
        return {"$tuple": [_pack(entry, tensors) for entry in value]}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise InputTypeError(f"a training's state must be plain data and tensors, got {type(value).__name__}: {value!r}")


def _unpack(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpack(entry, tensors) for entry in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "$tensor":
        return tensors[content]
    if kind == "$float":
        return float(content)
    if kind == "$tuple":
        return tuple(_unpack(entry, tensors) for entry in content)
    return {_unpack(key, tensors): _unpack(entry, tensors) for key, entry in content}
