"""The engine of one process, for a single worker or for a classifier that cannot be sent to another."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch

from attribkit.corpus.job import Job
from attribkit.corpus.parts import Part
from attribkit.corpus.transform import Tokens
from attribkit.corpus.windows import PendingWork, Window
from attribkit.corpus.work import PartWriter
from attribkit.models.classifier import Classifier

_Task = tuple[Window, bool, Tokens | None]


@dataclass
class InProcessEngine:
    """The engine that does the work in this process.

    Attributes:
        work: what is done with a window.
        one_thread: whether torch may use one core only, as every worker of the other engines does.
        ahead: whether a thread reads and tokenises the next window while this one is explained, which keeps a GPU busy.
    """

    work: PartWriter
    one_thread: bool
    ahead: bool = False

    @staticmethod
    def of(job: Job, classifier: Classifier | None, one_thread: bool) -> "InProcessEngine":
        """Ready to work, with the job's own model unless another is given; `Work.of` says what is refused."""
        work = PartWriter.of(job, classifier)
        return InProcessEngine(work, one_thread, work.transform.classifier.device.type != "cpu")

    def introduce(self) -> dict[str, Any]:
        """As `Work.introduce`."""
        return self.work.introduce()

    def run(self, pending: PendingWork) -> Iterator[tuple[int, Part]]:
        """Each part, in order, and how much of the corpus had been read for it."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1 if self.one_thread else threads)
        try:
            for window, retry, encoded in self._encoded_ahead(pending) if self.ahead else _as_they_come(pending):
                yield window.read, self.work(window.number, window.table, retry, encoded=encoded)
        finally:
            torch.set_num_threads(threads)

    def _encoded_ahead(self, pending: PendingWork) -> Iterator[_Task]:
        tasks = pending.tasks()

        def following() -> _Task | None:
            task = next(tasks, None)
            if task is None:
                return None
            window, retry = task
            return window, retry, None if retry else self.work.transform.encoded(window.table)

        with ThreadPoolExecutor(1, thread_name_prefix="tokenising") as thread:
            coming = thread.submit(following)
            while (task := coming.result()) is not None:
                coming = thread.submit(following)
                yield task


def _as_they_come(pending: PendingWork) -> Iterator[_Task]:
    return ((window, retry, None) for window, retry in pending.tasks())
