"""What a worker does with a window: explain it and write its part."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch

from attribkit.corpus.job import Job
from attribkit.corpus.manifest import EARLIER
from attribkit.corpus.parts import Part, part_name, write_part
from attribkit.corpus.schema import SCHEMA
from attribkit.corpus.transform import Tokens, Transform
from attribkit.corpus.words import sums_of
from attribkit.data.split_record import text_hashes
from attribkit.extensions import import_registering
from attribkit.loading import load
from attribkit.models.classifier import Classifier
from attribkit.versions import versions_of


def versions() -> dict[str, str]:
    """The versions of everything that the numbers depend on."""
    return versions_of("python", "attribkit", "torch", "numpy", "tokenizers", "captum")


@dataclass
class PartWriter:
    """The classifier of a worker, loaded once, and the folder where parts are written."""

    transform: Transform
    folder: Path

    @staticmethod
    def of(job: Job, classifier: Classifier | None = None) -> "PartWriter":
        """Make it, with the job's own model unless another is given.

        Raises:
            FileNotFoundError: if there is no such model.
            TypeError: for a setting of the wrong kind.
            ValueError: for a damaged model folder, or a setting that does not fit the model.
        """
        for module in job.imports:
            import_registering(module)
        if classifier is None:
            classifier = load(job.model, "cpu", long=job.long, stride=job.stride)
            if job.dtype is not None:
                classifier.network.to(getattr(torch, job.dtype))
        transform = Transform(classifier, job.settings)
        transform.check()
        return PartWriter(transform, Path(job.folder))

    def introduce(self) -> dict[str, Any]:
        """The model's fingerprint and the versions, which all workers of a run must have in common.

        The fingerprint by the rules of earlier versions is included, to compare with a run that one of them began.
        """
        classifier = self.transform.classifier
        model: dict[str, Any] = {
            "name": classifier.name,
            "network": type(classifier.network).__name__,
            "labels": list(classifier.labels),
            "fingerprint": classifier.fingerprint(),
        }
        if classifier.task != "multiclass":
            model |= {"task": classifier.task, "unit": classifier.unit}
        return {"model": model, "versions": versions(), EARLIER: classifier.earlier_fingerprint()}

    def __call__(
        self, number: int, window: pa.Table, retry: bool = False, slices: int = 1, encoded: Tokens | None = None
    ) -> Part:
        """Explain a window, in so many slices, and write its part.

        With `retry`, only the rows of its part that were not explained. `encoded` is as `Transform` takes it.
        """
        table = self._retried(number, window, slices) if retry else self.transform(window, slices, encoded)
        words = sums_of(table) if self.transform.settings.words else None
        return replace(write_part(self.folder, number, table, words), seen=self._seen(window))

    def _seen(self, window: pa.Table) -> int | None:
        """How many rows of a window have a text that the model was trained on; None where that is not known."""
        splits = self.transform.classifier.splits
        if splits is None:
            return None
        return int(splits.holds("train", text_hashes(window["text"].to_pylist())).sum())

    def _retried(self, number: int, window: pa.Table, slices: int) -> pa.Table:
        written = pq.read_table(self.folder / part_name(number), schema=SCHEMA)
        good = pc.equal(written["status"], "ok")
        new = self.transform(window.filter(pc.invert(good)), slices)
        return pa.concat_tables([written.filter(good), new]).sort_by("row")
