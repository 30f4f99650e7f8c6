"""What a network's last layer reads of each text: its features, read once, in memory or in a file."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from attribkit.errors import InputError, NetworkError
from attribkit.files import write_whole
from attribkit.models.classifier import Classifier
from attribkit.models.state import eval_mode
from attribkit.plurals import number_of
from attribkit.progress import Progress, silent
from attribkit.text import batching
from attribkit.text.long_texts import averaged

IN_MEMORY = 2 * 1024**3
"""Bytes of features that are kept in memory; more of them need a folder."""

ROWS_AT_ONCE = 4_096
"""Rows that are turned into float64 at a time."""

_TOLERANCE = 1e-3  # of the logits' size, for networks in 32 bits
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Features:
    """The features of N texts.

    Attributes:
        values: (N, H) float32, in memory or mapped from a file.
        logits: (N, C) float64, the network's own.
    """

    values: NDArray[np.float32]
    logits: NDArray[np.float64]

    def blocks(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Some rows at a time: which, and their features (n, H + 1) in float64 with a last column of 1 for the bias."""
        for start in range(0, len(self.values), ROWS_AT_ONCE):
            rows = slice(start, min(start + ROWS_AT_ONCE, len(self.values)))
            yield rows, with_bias(self.values[rows])


def with_bias(values: NDArray[Any]) -> NDArray[np.float64]:
    """Features (n, H) in float64 with a last column of 1."""
    block = np.ones((len(values), values.shape[1] + 1))
    block[:, :-1] = values
    return block


def last_linear(model: Classifier) -> str:
    """The name of the linear layer that makes the logits.

    Args:
        model: any classifier.

    Raises:
        ValueError: for a model that has no layers, or whose last one is not linear.
    """
    if not model.capabilities.layers:
        raise model.capabilities.refusal(
            "what asks for training rows",
            "a linear last layer",
            "ask a network trained on the same rows",
        )
    if model.other_inputs:
        raise InputError(
            f"training rows are asked of a network that reads the text alone, this one has the other inputs "
            f"{', '.join(model.other_inputs)}; ask for scores of those with views='inputs'"
        )
    modules = dict(model.network.named_modules())
    names = [layer.name for layer in model.inside()]
    weighty = [name for name in names if modules[name]._parameters]
    if not weighty or not isinstance(modules[weighty[-1]], nn.Linear):
        last = type(modules[weighty[-1]]).__name__ if weighty else "none with weights"
        raise _not_linear(f"its last layer is {last}")
    return weighty[-1]


def _not_linear(why: str) -> InputError:
    return InputError(
        f"training rows are asked of a network that ends in a linear layer, of this one {why}; give one whose logits "
        "are the outputs of an nn.Linear"
    )


def read_features(
    model: Classifier,
    ids: Sequence[NDArray[np.int64]],
    *,
    folder: Path | None = None,
    key: str = "",
    batch_size: int | None = None,
    progress: Progress = silent,
) -> Features:
    """The features of encoded texts, in one pass without gradients; the model stays as it is.

    That they are what the logits are made of is checked on every batch: the layer's own outputs are compared with the
    network's.

    Args:
        model: any classifier whose last layer is linear.
        ids: each text's tokens.
        folder: where they are kept in a file, from which they are streamed, and read again if `key` is the same; None
            keeps them in memory.
        key: what tells these texts and this model from others.
        batch_size: the most texts at once; None chooses by their length.
        progress: called as `attribkit.progress.Progress` says.

    Raises:
        ValueError: for a network without a linear last layer; for features that are too large for memory.
        FileNotFoundError: if the folder does not exist.
    """
    name = last_linear(model)
    width = model.network.get_submodule(name).in_features
    size = len(ids) * width * 4
    if folder is None and size > IN_MEMORY:
        raise InputError(
            f"the features of {len(ids):,} texts take {size / 1024**3:.1f} GiB, more than the "
            f"{IN_MEMORY / 1024**3:.1f} GiB that are kept in memory; give a `folder` to stream them from"
        )
    if folder is not None and (kept := _kept(folder, key)) is not None:
        return kept
    windows, counts = model.capabilities.long_texts.windows(ids)
    if len(windows) > len(ids):  # the layer is linear: of a mean of its outputs it read the mean
        each = read_features(model, windows, batch_size=batch_size, progress=progress)
        means, logits = averaged(each.values, counts).astype(np.float32), averaged(each.logits, counts)
        if folder is None:
            return Features(means, logits)
        _new_file(folder, means.shape)[:] = means
        return _finished(folder, key, logits)
    values: NDArray[np.float32] = (
        np.zeros((len(ids), width), dtype=np.float32) if folder is None else _new_file(folder, (len(ids), width))
    )
    logits = np.zeros((len(ids), len(model.labels)))
    done = 0
    with eval_mode(model.network), torch.inference_mode(), _inputs(model.network, name) as seen:

        def read(rows: NDArray[np.int64]) -> None:
            seen.clear()
            outputs = model.network(*model.batch([ids[row] for row in rows]))
            read_of, fault = _checked(seen, model.network.get_submodule(name), outputs)
            if read_of is None and len(rows) == 1:
                raise _not_linear(fault)
            if read_of is None:  # a network may sort its batch
                for place in range(len(rows)):
                    read(rows[place : place + 1])
                return
            values[rows] = read_of.float().cpu().numpy()
            logits[rows] = outputs.double().cpu().numpy()

        for rows in batching.by_length([len(row) for row in ids], batch_size, equal=model.capabilities.equal_lengths):
            read(rows)
            done += len(rows)
            progress(done, len(ids), "reading features")
    if not np.isfinite(logits).all():
        raise NetworkError("the network's outputs are NaN or infinite for some rows; leave them out first")
    if folder is not None:
        return _finished(folder, key, logits)
    return Features(values, logits)


@contextmanager
def _inputs(network: nn.Module, name: str) -> Iterator[list[Tensor]]:
    """What the layer of this name is given, call by call; the hook is removed afterwards."""
    seen: list[Tensor] = []
    hook = network.get_submodule(name).register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    try:
        yield seen
    finally:
        hook.remove()


def _checked(seen: list[Tensor], layer: Any, logits: Tensor) -> tuple[Tensor | None, str]:
    """What the layer read (B, H), if the logits (B, C) are its outputs up to a number for each text; else why not."""
    if not seen or seen[-1].ndim != 2 or len(seen[-1]) != len(logits):
        return None, "the last layer does not read one vector for each text"
    own = nn.functional.linear(seen[-1], layer.weight, layer.bias)
    if own.shape[1] == 1 and logits.shape[1] == 2:
        own = torch.cat((-own / 2, own / 2), dim=1)
    if own.shape != logits.shape:
        return None, f"the last layer has {own.shape[1]} outputs for {number_of(logits.shape[1], 'label')}"
    own, given = own - own.mean(1, keepdim=True), logits - logits.mean(1, keepdim=True)
    if float((own - given).abs().max()) > _TOLERANCE * (1 + float(given.abs().max())):
        return None, "something stands between the last layer and the logits"
    return seen[-1], ""


def _new_file(folder: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "features.json").unlink(missing_ok=True)  # which is written last, once the others are whole
    array: NDArray[np.float32] = np.lib.format.open_memmap(
        folder / "features.npy", mode="w+", dtype=np.float32, shape=shape
    )
    return array


def _finished(folder: Path, key: str, logits: NDArray[np.float64]) -> Features:
    np.save(folder / "logits.npy", logits, allow_pickle=False)
    write_whole(folder / "features.json", json.dumps({"format": _FORMAT, "key": key}).encode())
    kept = _kept(folder, key)
    if kept is None:
        raise InputError(f"the features written to {str(folder)!r} cannot be read again; give another folder")
    return kept


def _kept(folder: Path, key: str) -> Features | None:
    """The features in a folder; None if there are none, or those of other texts or another model."""
    try:
        header = json.loads((folder / "features.json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    if header != {"format": _FORMAT, "key": key}:
        return None
    values = np.load(folder / "features.npy", mmap_mode="r", allow_pickle=False)
    return Features(values, np.load(folder / "logits.npy", allow_pickle=False))
