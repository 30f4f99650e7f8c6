"""The history of a training: a row per epoch, the best weights, and early stopping."""

import math
import time
from dataclasses import asdict, dataclass
from typing import Any, Protocol, cast

import pandas as pd
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from attribkit.progress import Progress

_LOSS_EVERY = 10  # batches; to read it waits for the device


@dataclass(frozen=True)
class Epoch:
    """One row of the history.

    Attributes:
        epoch: its number, from 1.
        train_loss: mean loss on the training texts during the epoch, dropout on, in nats; with several labels a text
            the mean over its labels; of a regression in squared standard deviations.
        val_loss: mean loss on the validation texts after the epoch, likewise.
        learning_rate: Adam's learning rate in this epoch.
        seconds: the epoch's wall time, validation included.
        frozen: whether the embedding was frozen.
        val_accuracy: share of the validation texts that are right, with several labels in all of them; None for a
            regression.
        val_f1: on the validation texts: F1 of the last label if there are two classes, else the mean over the classes;
            with several labels a text over all of them together; None for a regression.
        val_mae: of a regression, the mean absolute error on the validation texts, in standard deviations; else None.
        val_r2: of a regression, the share of the variance of the validation texts that is explained; else None.
    """

    epoch: int
    train_loss: float
    val_loss: float
    learning_rate: float
    seconds: float
    frozen: bool
    val_accuracy: float | None = None
    val_f1: float | None = None
    val_mae: float | None = None
    val_r2: float | None = None


_MEASURES = ("val_accuracy", "val_f1", "val_mae", "val_r2")
_COLUMNS = ("epoch", "train_loss", "val_loss", *_MEASURES, "learning_rate", "seconds", "frozen")


class TrainedModule(Protocol):
    """What the history needs of the module that is trained, after the validation of an epoch."""

    kept: nn.Module
    train_loss: float
    validation: dict[str, float]


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """A network's weights as they are now: copies, on the CPU, that later training cannot change."""
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in network.state_dict().items()}


class History(Callback):
    """Keep a row per epoch and the weights of the epoch with the lowest validation loss; stop early.

    Args:
        patience: epochs without a lower validation loss after which training stops; None for never.
        freeze_epochs: for how many epochs the embedding is frozen, for the rows' column `frozen`.
        plateau: factor on the learning rate after an epoch without a lower validation loss; None keeps it.
    """

    def __init__(self, patience: int | None = None, freeze_epochs: int = 0, plateau: float | None = None) -> None:
        self.patience = patience
        self.freeze_epochs = freeze_epochs
        self.plateau = plateau
        self.epochs: list[Epoch] = []
        self.best_weights: dict[str, Tensor] | None = None
        self.interrupted = False
        self._started = 0.0
        self._scheduler: ReduceLROnPlateau | None = None
        self._scheduler_state: dict[str, Any] | None = None

    @property
    def best(self) -> Epoch | None:
        """The first epoch with the lowest validation loss; None before the first epoch is over."""
        return min(self.epochs, key=lambda row: row.val_loss, default=None)

    @property
    def last_epoch(self) -> int:
        """The last epoch that is over; 0 before the first is."""
        return self.epochs[-1].epoch if self.epochs else 0

    @property
    def exhausted(self) -> bool:
        """Whether the best epoch is more than `patience` epochs ago."""
        return (
            self.patience is not None and self.best is not None and self.last_epoch - self.best.epoch >= self.patience
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per epoch, with the fields of `Epoch` as columns: those measures that the task has."""
        names = [name for name in _COLUMNS if not self.epochs or getattr(self.epochs[0], name) is not None]
        return pd.DataFrame([asdict(row) for row in self.epochs], columns=names)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Load the state of a resumed training."""
        if self.plateau is not None:
            self._scheduler = ReduceLROnPlateau(trainer.optimizers[0], factor=self.plateau, patience=0, threshold=0)
            if self._scheduler_state is not None:
                self._scheduler.load_state_dict(self._scheduler_state)
        trainer.should_stop = self.exhausted

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the row, keep the weights if they are the best, decide whether to stop."""
        self.add(trainer, pl_module)  # type: ignore[arg-type]  # a LightningModule that is a TrainedModule too
        if self._scheduler is not None:
            self._scheduler.step(self.epochs[-1].val_loss)
        trainer.should_stop = self.exhausted

    def add(self, trainer: Trainer, measured: TrainedModule) -> None:
        """Add the row of the epoch that is over."""
        number = trainer.current_epoch + 1
        row = Epoch(
            epoch=number,
            train_loss=measured.train_loss,
            **measured.validation,
            learning_rate=float(trainer.optimizers[0].param_groups[0]["lr"]),
            seconds=time.perf_counter() - self._started,
            frozen=number <= self.freeze_epochs,
        )
        if not math.isfinite(row.val_loss):
            raise FloatingPointError(
                f"the validation loss became {row.val_loss} after epoch {number} with learning rate "
                f"{row.learning_rate:g}"
            )
        self.epochs.append(row)
        if self.best is row:
            self.best_weights = weights_of(measured.kept)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Remember a Ctrl-C, which Lightning converts to another exception."""
        self.interrupted = isinstance(exception, KeyboardInterrupt)

    def state_dict(self) -> dict[str, Any]:
        """Everything a resumed training needs."""
        scheduler = None if self._scheduler is None else self._scheduler.state_dict()
        return {"epochs": [asdict(row) for row in self.epochs], "best": self.best_weights, "scheduler": scheduler}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load it."""
        self.epochs = [Epoch(**row) for row in state_dict["epochs"]]
        self.best_weights = state_dict["best"]
        self._scheduler_state = state_dict["scheduler"]


class EpochProgress(Callback):
    """Report how far each epoch is, with its loss and the last validation F1, of a regression R².

    Args:
        progress: called with the batches of the epoch that are done.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._loss, self._measure = "", ""

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin an epoch's count."""
        self._tell(trainer, 0)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count a batch."""
        if batch_idx % _LOSS_EVERY == 0:
            self._loss = f", loss {float(outputs['loss']):.3f}"
        self._tell(trainer, batch_idx + 1)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the validation's result."""
        validation = cast(TrainedModule, pl_module).validation
        name, value = ("F1", validation["val_f1"]) if "val_f1" in validation else ("R²", validation["val_r2"])
        self._measure = f", validation {name} {value:.4f}"
        self._tell(trainer, int(trainer.num_training_batches))

    def _tell(self, trainer: Trainer, done: int) -> None:
        what = f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}{self._loss}{self._measure}"
        self._progress(done, int(trainer.num_training_batches), what)
