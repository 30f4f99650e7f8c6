"""One row, seed and fold: trained, measured once on its test texts, and written."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from attribkit.data import Dataset
from attribkit.errors import InputError
from attribkit.evaluation.performance import evaluate
from attribkit.files import write_whole
from attribkit.models import model_files
from attribkit.models.classifier import Classifier
from attribkit.progress import Progress
from attribkit.reproduce.machine import commit
from attribkit.reproduce.tables import TFIDF, Row
from attribkit.reproduce.tfidf import tfidf_reference
from attribkit.training.resume import STATE
from attribkit.training.train import train

QUICK = {"epochs": 2, "patience": None, "freeze_epochs": 1}
"""What `--quick` changes in a row, as far as the row sets it."""


@dataclass(frozen=True)
class Unit:
    """One row of a table with one seed and fold: trained, measured and written as a whole, or resumed.

    Attributes:
        row: what is trained.
        seed: of its weights, batches and dropout.
        fold: its number, from 0; None if there is one test split.
    """

    row: Row
    seed: int
    fold: int | None = None

    @property
    def name(self) -> str:
        """A file's name."""
        words = "".join(c if c.isalnum() else " " for c in self.row.name.lower()).split()
        return "-".join([*words, f"seed{self.seed}", *([] if self.fold is None else [f"fold{self.fold}"])])

    def result(self, out: Path) -> dict[str, Any] | None:
        """What was written down; None if it is not done."""
        file = out / "units" / f"{self.name}.json"
        return json.loads(file.read_bytes()) if file.is_file() else None

    @contextmanager
    def claimed(self, out: Path) -> Iterator[bool]:
        """Whether no other process is at work on it; a claim ends with its process, however that ends."""
        (out / "units").mkdir(exist_ok=True)
        lock = FileLock(out / "units" / f".{self.name}.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def model(self, out: Path) -> Path:
        """The folder of its model."""
        return out / "models" / self.name

    def work(self, data: Dataset, out: Path, vectors: Path | None, quick: bool, progress: Progress) -> None:
        """Train, measure on the test texts, and write the result.

        Raises:
            KeyboardInterrupt: if the training was interrupted; the next call continues it.
        """
        started = time.perf_counter()
        figures: dict[str, Any] = {"row": self.row.name, "seed": self.seed, "fold": self.fold, "commit": commit()}
        if self.row.architecture == TFIDF:
            known = pd.concat([data.train, data.validation], ignore_index=True)
            figures |= {"test": tfidf_reference(known, data.test, data.labels).to_dict()}
            seconds = time.perf_counter() - started
        else:
            model = self._trained(data, out, vectors, quick, progress)
            figures |= _training_record(model) | {"test": evaluate(model, data, progress=progress).to_dict()}
            seconds = model.provenance["training"]["seconds"]  # of every epoch, those before an interruption too
        content = json.dumps(figures | {"seconds": round(seconds, 1)}, indent=1, allow_nan=False)
        write_whole(out / "units" / f"{self.name}.json", content.encode())

    def _trained(self, data: Dataset, out: Path, vectors: Path | None, quick: bool, progress: Progress) -> Classifier:
        folder, options = self.model(out), dict(self.row.options)
        state = folder / "training" / STATE
        if (folder / model_files.CONFIG).is_file() and not state.is_file():
            return Classifier.load(folder)  # whatever was broken off, it was not the training
        if quick:
            options |= {name: value for name, value in QUICK.items() if name != "freeze_epochs" or options.get(name)}
        model = train(
            self.row.architecture,
            data,
            glove=vectors,
            seed=self.seed,
            out=folder,
            resume=True,
            name=self.name,
            progress=progress,
            **options,
        )
        if state.is_file():
            raise KeyboardInterrupt
        return model


def _training_record(model: Classifier) -> dict[str, Any]:
    """What a model says of its training, times apart."""
    training, history = model.provenance["training"], model.history
    if history is None:
        raise InputError("a model trained here has a history; delete its folder and run again")
    rows = history.drop(columns="seconds").to_dict("records")
    return {
        "epochs": training["epochs_run"],
        "best_epoch": training["best_epoch"],
        "validation": {
            name: history[f"val_{name}"][history["val_loss"].argmin()] for name in ("loss", "accuracy", "f1")
        },
        "vectors": model.provenance.get("vectors"),
        "data": model.provenance["data"] | {"name": None},
        "notes": training["notes"],
        "history": rows,
    }
