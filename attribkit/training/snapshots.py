"""Snapshots: the weights of chosen epochs."""

from pathlib import Path
from typing import Any

import safetensors.torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from attribkit.files import write_whole
from attribkit.training.history import weights_of


class Snapshots(Callback):
    """Keeps the weights of chosen epochs, in files or in memory.

    Args:
        epochs: which; 0 is the moment before the first.
        folder: where to write epoch-000.safetensors …; None keeps them in `weights`.
    """

    def __init__(self, epochs: tuple[int, ...], folder: Path | None = None) -> None:
        self.epochs = epochs
        self.folder = folder
        self.weights: dict[int, dict[str, Tensor]] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the weights before training."""
        if trainer.current_epoch == 0:
            self._take(0, pl_module)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the weights after an epoch."""
        self._take(trainer.current_epoch + 1, pl_module)

    def _take(self, epoch: int, module: Any) -> None:
        if epoch not in self.epochs:
            return
        weights = weights_of(module.kept)
        if self.folder is None:
            self.weights[epoch] = weights
        elif module.trainer.is_global_zero:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / f"epoch-{epoch:03d}.safetensors", safetensors.torch.save(weights))

    def read(self) -> dict[int, dict[str, Tensor]]:
        """The kept weights by epoch, from their files if they were written."""
        if self.folder is None:
            return self.weights
        files = {epoch: self.folder / f"epoch-{epoch:03d}.safetensors" for epoch in self.epochs}
        return {epoch: safetensors.torch.load(file.read_bytes()) for epoch, file in files.items() if file.is_file()}
