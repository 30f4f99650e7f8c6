"""One training: from the plan to the classifier, with the files in its folder."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.strategies import DDPStrategy

from attribkit.data import SOURCES, Dataset
from attribkit.errors import RunError
from attribkit.models.classifier import Classifier
from attribkit.plurals import by_number, number_of
from attribkit.progress import Progress, silent
from attribkit.training import resume as resuming
from attribkit.training.freezing import Freezing
from attribkit.training.history import EpochProgress, History, weights_of
from attribkit.training.lightning_module import TrainingModule
from attribkit.training.plan import Plan
from attribkit.training.process_state import own_interrupt, quiet
from attribkit.training.processes import is_main_process
from attribkit.training.settings import as_json
from attribkit.training.snapshots import Snapshots
from attribkit.versions import versions_of


class Run:
    """One training: from the plan to the classifier, with the files in its folder.

    Of several processes only the main one writes files.
    """

    def __init__(
        self,
        plan: Plan,
        data: Dataset,
        name: str,
        folder: Path | None,
        device: torch.device,
        progress: Progress = silent,
        devices: int = 1,
        nodes: int = 1,
        unit: str | None = None,
        chosen: Sequence[str] = (),
    ) -> None:
        self.unit, self.chosen = unit, chosen
        self.plan, self.data, self.name, self.folder, self.device = plan, data, name, folder, device
        self.devices, self.nodes = devices, nodes
        settings = plan.options.training
        self.work = None if folder is None else folder / "training"
        self.history = History(settings.patience, settings.freeze_epochs, settings.plateau)
        self.snapshots = Snapshots(settings.snapshots, self.work and self.work / "snapshots")
        freezing = Freezing(["network.embedding.weight"], settings.freeze_epochs)
        self.callbacks: list[Callback] = [
            freezing,
            self.history,
            self.snapshots,
            *([] if progress is silent else [EpochProgress(progress)]),
        ]

    def train(self, resume: bool) -> Classifier:
        """Train, then save; leaves no empty folder."""
        if self.work is None or self.folder is None:
            self._fit(None)
            return self._classifier()
        state = self.work / resuming.STATE
        identity = self.plan.identity(self.data)
        resume = resume and state.is_file()
        if resume:
            resuming.check_identity(state, identity)
        elif is_main_process():
            shutil.rmtree(self.work, ignore_errors=True)
        if not is_main_process():
            self.callbacks.append(resuming.StateCheckpoint(state))  # all gather for what one of them writes
            self._fit(resuming.StateIO(identity), state if resume else None)
            return self._classifier()
        made = not self.folder.exists()
        self.work.mkdir(parents=True, exist_ok=True)
        try:
            resuming.check_space(self.work, self.plan.network, len(self.plan.options.training.snapshots))
            self.callbacks.append(resuming.StateCheckpoint(state))
            self._fit(resuming.StateIO(identity), state if resume else None)
            return self._saved(self.folder, self.work)
        finally:
            if not state.is_file():
                shutil.rmtree(self.work, ignore_errors=True)
            if made and self.folder.is_dir() and not any(self.folder.iterdir()):
                self.folder.rmdir()

    def _fit(self, plugin: resuming.StateIO | None, checkpoint: Path | None = None) -> None:
        settings = self.plan.options.training
        module = TrainingModule(self.plan.network, self.plan.cropped, self.plan.validation, settings, self.plan.task)
        with quiet():
            trainer = Trainer(
                accelerator={"cuda": "gpu"}.get(self.device.type, self.device.type),
                devices=[self.device.index or 0] if self.device.type == "cuda" and self.devices == 1 else self.devices,
                num_nodes=self.nodes,
                strategy=self._strategy(),
                use_distributed_sampler=False,  # each process takes its share of the same batches
                max_epochs=settings.epochs,
                gradient_clip_val=settings.gradient_clip,
                reload_dataloaders_every_n_epochs=1,  # each epoch's batches are drawn from its own seed
                num_sanity_val_steps=0,
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                callbacks=self.callbacks,
                plugins=[] if plugin is None else [plugin],
            )
            try:
                with own_interrupt():
                    trainer.fit(module, ckpt_path=checkpoint)
            except SystemExit:
                if not self.history.interrupted:
                    raise
            except FloatingPointError as error:
                raise RunError(self._diverged(str(error))) from error

    def _strategy(self) -> DDPStrategy | str:
        if self.devices * self.nodes == 1:
            return "auto"
        # a frozen embedding takes no gradient that the others could wait for
        return DDPStrategy(find_unused_parameters=self.plan.options.training.freeze_epochs > 0)

    def _diverged(self, what: str) -> str:
        """Save the best weights so far; the sentence that says so."""
        advice = f"{what}; lower `learning_rate` or `gradient_clip` and check the vectors"
        best = self.history.best
        if best is None:
            return f"{advice} (no epoch was over, so no weights were kept)"
        if self.folder is None or self.work is None:
            return f"{advice} (give `out` to keep the weights of the best epoch)"
        (self.work / resuming.STATE).unlink(missing_ok=True)
        self._saved(self.folder, self.work, f"stopped: {what}")
        return f"{advice} (the weights of epoch {best.epoch} are saved in {str(self.folder)!r})"

    def _saved(self, folder: Path, work: Path, note: str | None = None) -> Classifier:
        """The classifier, after it and its snapshots are written and the state to resume from is removed."""
        classifier = self._classifier(note)
        classifier.save(folder, overwrite=True)
        if not self.history.interrupted:
            shutil.rmtree(work)
        return classifier

    def _classifier(self, note: str | None = None) -> Classifier:
        standard = self.plan.standard
        weights = self.history.best_weights or weights_of(self.plan.network)
        self.plan.network.load_state_dict(weights if standard is None else standard.in_unit(weights))
        classifier = Classifier(
            self.plan.network.eval(),
            self.plan.tokenizer,
            self.plan.labels,
            name=self.name,
            provenance=self._provenance(note),
            history=self._history(),
            device=self.device,
            task=self.plan.task,
            unit=self.unit,
        )
        snapshots = self.snapshots.read()
        if standard is not None:
            snapshots = {epoch: standard.in_unit(weights) for epoch, weights in snapshots.items()}
        classifier.snapshots = snapshots
        classifier.splits = self.data.record()
        return classifier

    def _history(self) -> pd.DataFrame:
        """The history, errors of a regression in its unit."""
        history, standard = self.history.to_frame(), self.plan.standard
        return history if standard is None else history.assign(val_mae=history["val_mae"] * standard.deviation)

    def _provenance(self, note: str | None) -> dict[str, Any]:
        data, best = self.data, self.history.best
        training = as_json(self.plan.options.training)
        training["epochs_run"] = self.history.last_epoch
        training["best_epoch"] = None if best is None else best.epoch
        training["seconds"] = round(sum(row.seconds for row in self.history.epochs), 1)
        if self.chosen:
            training["chosen"] = list(self.chosen)
        training["notes"] = [*self._notes(), *([note] if note else [])]
        provenance: dict[str, Any] = {
            "data": {
                "name": data.name,
                "source": data.source,
                "licence": SOURCES[data.source].licence if data.source in SOURCES else "not known",
                "fingerprint": data.fingerprint,
                "rows": {split: len(getattr(data, split)) for split in ("train", "validation", "test")},
                "notes": list(data.notes),
            },
            "split": dict(data.settings),
            "training": training,
        }
        if self.plan.standard is not None:
            training |= {"mean": self.plan.standard.mean, "deviation": self.plan.standard.deviation}
        if self.plan.vectors is not None:
            provenance["vectors"] = self.plan.vectors
        versions = versions_of("python", "attribkit", "torch", "lightning", "numpy", "tokenizers")
        return provenance | {"metrics": {}, "versions": versions}

    def _notes(self) -> list[str]:
        """The notes on this training in the model card."""
        plan, settings, notes = self.plan, self.plan.options.training, []
        for split, texts in (("training", plan.texts), ("validation", plan.validation)):
            if texts.dropped:
                notes.append(
                    f"{number_of(texts.dropped, f'{split} text')} held no token and "
                    f"{by_number(texts.dropped, 'was', 'were')} left out"
                )
        cropped = sum(len(row) > (settings.max_train_length or len(row)) for row in plan.texts.ids)
        if cropped:
            notes.append(
                f"{number_of(cropped, 'training text was', 'training texts were')} cropped to "
                f"{settings.max_train_length} tokens"
            )
        if self.history.interrupted:
            best = self.history.best
            weights = "the weights as they were then" if best is None else f"the weights of epoch {best.epoch}"
            notes.append(f"interrupted in epoch {self.history.last_epoch + 1}; {weights} were kept")
        best = self.history.best
        if self.chosen and best is not None and best.epoch == settings.epochs:
            notes.append(
                f"the last of {number_of(settings.epochs, 'epoch')} was still the best; `epochs` of more may do better"
            )
        missed = [epoch for epoch in settings.snapshots if epoch > self.history.last_epoch]
        if missed:
            notes.append(f"no snapshot of epoch {', '.join(map(str, missed))}: training had stopped before")
        return notes
