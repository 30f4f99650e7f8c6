"""The Lightning module: any network that keeps the contract, trained with AdamW on the loss of its task."""

import math
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from attribkit.models import precision
from attribkit.task import Task
from attribkit.text.tokenizer import PAD_ID
from attribkit.training.encoding import Batches, Texts
from attribkit.training.objectives import OBJECTIVES, class_weights
from attribkit.training.processes import share
from attribkit.training.settings import TrainingSettings


class TrainingModule(LightningModule):
    """A network with its training and validation texts.

    Every epoch draws its batches and its dropout from the seed and the epoch's number alone: a resumed training needs
    no random state to continue as if nothing had happened.

    Attributes:
        train_loss: of the epoch that is over, or running, in nats; of a regression in squared standard deviations.
        validation: `val_loss` and the task's measures after the epoch that is over.
    """

    def __init__(
        self,
        network: nn.Module,
        texts: Texts,
        validation: Texts,
        settings: TrainingSettings,
        task: Task = "multiclass",
    ) -> None:
        super().__init__()
        self._objective = OBJECTIVES[task]
        self._of_classes = task == "multiclass"
        self.network = network
        self.settings = settings
        self._average = None if settings.averaging is None else averaged(network, settings.averaging)
        self.validation: dict[str, float] = {}
        self._texts = texts
        self._validation_batches = Batches(validation, settings.batch_size, settings.batch_tokens)
        self._weights = class_weights(texts.labels, task) if settings.class_weights == "balanced" else None
        self._narrow = False
        self._loss = self._weight = 0.0
        self._seen: list[tuple[Tensor, Tensor]] = []

    @property
    def kept(self) -> nn.Module:
        """The network that is validated and kept: the trained one, or its moving average."""
        return self.network if self._average is None else self._average.module

    @property
    def train_loss(self) -> float:
        """Mean loss of the epoch's texts so far, dropout on."""
        return self._loss / self._weight if self._weight else math.nan

    def train_dataloader(self) -> Batches:
        """The batches of the epoch that begins."""
        settings = self.settings
        return Batches(self._texts, settings.batch_size, settings.batch_tokens, self._epoch_seed())

    def val_dataloader(self) -> Batches:
        """The validation texts, by length."""
        return self._validation_batches

    def on_fit_start(self) -> None:
        """Choose the number type of matrix products, now that the device is known."""
        self._narrow = uses_bfloat16(self.settings.precision, self.network, self.device)

    def on_train_epoch_start(self) -> None:
        """Draw the epoch's dropout from its own seed; change the learning rate where the embedding begins to move."""
        torch.manual_seed(self._epoch_seed(*([self.global_rank] if self.global_rank else [])))
        rate = self.settings.unfrozen_learning_rate
        if rate is not None and self.trainer.current_epoch == self.settings.freeze_epochs:
            for group in self.trainer.optimizers[0].param_groups:
                group["lr"] = rate
        self._loss = self._weight = 0.0

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], batch_idx: int) -> Tensor:
        """The loss of one batch.

        Raises:
            FloatingPointError: if it is not finite.
        """
        (ids, mask, labels), counts = share(batch, self.global_rank, self.trainer.world_size)
        ids = drop_words(ids, self.settings.word_dropout)
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=self._narrow):
            logits = self.network(ids, mask)
        loss = self._summed_loss(logits.float(), labels) * counts
        value = float(self.trainer.strategy.reduce(loss.detach(), reduce_op="sum"))
        if not math.isfinite(value):
            rate = self.trainer.optimizers[0].param_groups[0]["lr"]
            raise FloatingPointError(
                f"the loss became {value} at step {self.trainer.global_step + 1} in epoch "
                f"{self.trainer.current_epoch + 1} "
                f"with learning rate {rate:g}"
            )
        weight = self._weight_of(batch[2])
        self._loss += value
        self._weight += weight
        return loss * (self.trainer.world_size / weight)  # of which the processes' gradients are then the mean

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Add the step's weights to their moving average."""
        if self._average is not None:
            self._average.update_parameters(self.network)

    def on_validation_epoch_start(self) -> None:
        """Reset the last validation."""
        self._seen = []

    def validation_step(self, batch: tuple[Tensor, Tensor, Tensor], batch_idx: int) -> None:
        """The logits of one batch."""
        ids, mask, labels = batch
        self._seen.append((self.kept(ids, mask), labels))

    def on_validation_epoch_end(self) -> None:
        """Loss and measures over all validation texts."""
        logits, labels = (torch.cat(parts) for parts in zip(*self._seen, strict=True))
        loss = self._summed_loss(logits, labels) / self._weight_of(labels)
        self.validation = {"val_loss": loss.item(), **self._objective.measures(logits, labels)}
        self._seen = []

    def configure_optimizers(self) -> Any:
        """AdamW, whose one pass over all weights is fused: over a large embedding it costs a sixth of the plain one."""
        return torch.optim.AdamW(
            self.network.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            fused=True,
        )

    def _summed_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Summed over the texts."""
        weights = None if self._weights is None else self._weights.to(logits)
        return self._objective.loss(logits, labels, weights)

    def _weight_of(self, labels: Tensor) -> float:
        """The divisor of a summed loss."""
        if self._weights is None or not self._of_classes:
            return float(len(labels))
        return float(self._weights.to(labels.device)[labels].sum())

    def _epoch_seed(self, *more: int) -> int:
        # mixed, so that seed 1 in epoch 2 draws nothing like seed 2 in epoch 1
        parts = [self.settings.seed, self.trainer.current_epoch, *more]
        return int(np.random.SeedSequence(parts).generate_state(1)[0])


def averaged(network: nn.Module, decay: float) -> AveragedModel:
    """A network whose weights are the moving average of another's after each step, beginning with the first.

    Source: Polyak & Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM J. Control Optim. 1992; as
    an exponential average: Tarvainen & Valpola, "Mean Teachers Are Better Role Models", NIPS 2017.
    """
    return AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay)).requires_grad_(False)


def drop_words(ids: Tensor, share: float) -> Tensor:
    """Token ids (B, T) in which each is PAD instead with probability `share`; the mask still counts them as read.

    Source: Iyyer, Manjunatha, Boyd-Graber & Daumé, "Deep Unordered Composition Rivals Syntactic Methods for Text
    Classification", ACL 2015; that texts with words taken out should be seen in training: Hase, Xie & Bansal, "The
    Out-of-Distribution Problem in Explainability and Search Methods for Feature Importance Explanations", NeurIPS 2021.
    """
    return ids.masked_fill(torch.rand(ids.shape, device=ids.device) < share, PAD_ID) if share else ids


def uses_bfloat16(wanted: str, network: nn.Module, device: torch.device) -> bool:
    """Whether a device multiplies a network's matrices in bfloat16, for the setting `precision`.

    "auto" does if the device has instructions for it and torch uses them for each of the network's layers.

    Args:
        wanted: the setting `precision`.
        network: what is trained.
        device: where.
    """
    if wanted != "auto":
        return wanted == "bfloat16"
    return _has_instructions(device) and precision.lacking(network, device) is None


def _has_instructions(device: torch.device) -> bool:
    if device.type == "cuda":
        supported: bool = torch.cuda.is_bf16_supported(including_emulation=False)
        return supported
    capabilities = precision.processor_capabilities() if device.type == "cpu" else {}
    return any(has for name, has in capabilities.items() if "bf16" in name)
