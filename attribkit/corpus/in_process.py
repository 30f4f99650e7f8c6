"""The engine of one process, for a single worker or for a classifier that cannot be sent to another."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from attribkit.corpus.job import Job
from attribkit.corpus.parts import Part
from attribkit.corpus.windows import PendingWork
from attribkit.corpus.work import PartWriter
from attribkit.models.classifier import Classifier


@dataclass
class InProcessEngine:
    """The engine that does the work in this process.

    Attributes:
        work: what is done with a window.
        one_thread: whether torch may use one core only, as every worker of the other engines does.
    """

    work: PartWriter
    one_thread: bool

    @staticmethod
    def of(job: Job, classifier: Classifier | None, one_thread: bool) -> "InProcessEngine":
        """Ready to work, with the job's own model unless another is given; `Work.of` says what is refused."""
        return InProcessEngine(PartWriter.of(job, classifier), one_thread)

    def introduce(self) -> dict[str, Any]:
        """As `Work.introduce`."""
        return self.work.introduce()

    def run(self, pending: PendingWork) -> Iterator[tuple[int, Part]]:
        """Each part, in order, and how much of the corpus had been read for it."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1 if self.one_thread else threads)
        try:
            for window, retry in pending.tasks():
                yield window.read, self.work(window.number, window.table, retry)
        finally:
            torch.set_num_threads(threads)
