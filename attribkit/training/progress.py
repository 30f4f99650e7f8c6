"""A bar on stderr: where the training stands, its loss, the last validation F1."""

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_EVERY = 10  # batches between two looks at the loss


class Bar(Callback):
    """Shows one line per training: epoch, batches, time, loss and validation F1.

    Args:
        console: where to; stderr if not given.
    """

    def __init__(self, console: Console | None = None) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[loss]}{task.fields[f1]}"),
        )
        self._bar = Progress(*columns, console=console or Console(stderr=True))
        self._task = self._bar.add_task("training", loss="", f1="", total=None)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show it."""
        self._bar.start()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin an epoch's count."""
        name = f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"
        self._bar.reset(self._task, total=int(trainer.num_training_batches), description=name)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count a batch."""
        if batch_idx % _EVERY == 0:
            self._bar.update(self._task, loss=f"loss {float(outputs['loss']):.3f}")
        self._bar.advance(self._task)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show what the validation said."""
        self._bar.update(self._task, f1=f" · validation F1 {pl_module.validation['val_f1']:.4f}")  # type: ignore[index]  # a module that is Measured

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the last line standing."""
        self._bar.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave the last line standing."""
        self._bar.stop()
