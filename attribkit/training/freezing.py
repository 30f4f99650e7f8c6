"""Parameters that are frozen during the first epochs, of any network."""

from collections.abc import Sequence

from lightning.pytorch import Callback, LightningModule, Trainer
from torch.nn import Parameter

from attribkit.errors import InputError


class Freezing(Callback):
    """Keep named parameters bit-identical during the first epochs; afterwards they are trained.

    A frozen parameter gets no gradient, so neither momentum nor weight decay can change it, and its backward pass is
    not computed. What is frozen depends on the epoch's number alone, so a resumed training freezes the same as an
    undisturbed one. Afterwards every parameter gets gradients if it did before.

    Args:
        names: parameters as `LightningModule.named_parameters()` calls them.
        epochs: for how many epochs they are frozen.

    Raises:
        ValueError: if the module has no such parameter; raised when training starts.
    """

    def __init__(self, names: Sequence[str], epochs: int) -> None:
        self.names = tuple(names)
        self.epochs = epochs
        self._free: list[Parameter] = []

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find the parameters."""
        parameters = dict(pl_module.named_parameters())
        unknown = [name for name in self.names if name not in parameters]
        if unknown:
            raise InputError(f"only parameters can be frozen, there is no {unknown[0]!r} among {', '.join(parameters)}")
        self._free = [parameters[name] for name in self.names if parameters[name].requires_grad]

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Freeze or unfreeze, by the epoch's number."""
        for parameter in self._free:
            parameter.requires_grad_(trainer.current_epoch >= self.epochs)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Unfreeze."""
        for parameter in self._free:
            parameter.requires_grad_(True)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Unfreeze."""
        self.on_fit_end(trainer, pl_module)
