"""A bounded queue, and one thread that answers waiting requests, together if possible."""

import asyncio
import queue
import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from attribkit.serve.limits import Limits

Work = Callable[[Any, Sequence[Any]], Sequence[Any]]
"""What a worker does: a key that several requests share, and each one's own item; an answer for each."""


class BusyError(Exception):
    """The queue is full; a later request may succeed."""


class LateError(TimeoutError):
    """The answer took longer than allowed."""


@dataclass(frozen=True, eq=False)
class _Job:
    key: Hashable
    item: Any
    answer: Future[Any] = field(default_factory=Future)


class BatchWorker:
    """One thread that owns its models, so that no two explanations ever use a network at once.

    Requests with the same key that wait together are answered together. If that fails, each is answered alone, so that
    one does not spoil the others. A request whose client has gone is left out.
    """

    def __init__(self, work: Work, limits: Limits, name: str) -> None:
        self._work, self._limits = work, limits
        self._jobs: queue.Queue[_Job | None] = queue.Queue(limits.waiting)
        self._thread = threading.Thread(target=self._run, name=f"attribkit-{name}", daemon=True)
        self._thread.start()

    async def __call__(self, key: Hashable, item: Any) -> Any:
        """The answer; an error of the work is raised again.

        Raises:
            BusyError: if too many requests wait.
            LateError: if it takes too long.
        """
        job = _Job(key, item)
        try:
            self._jobs.put_nowait(job)
        except queue.Full as error:
            raise BusyError from error
        try:
            async with asyncio.timeout(self._limits.answer_seconds) as patience:
                return await asyncio.wrap_future(job.answer)
        except TimeoutError as error:
            if patience.expired():
                raise LateError from error
            raise  # the work's own

    def close(self) -> None:
        """Answer the waiting requests, then stop."""
        self._jobs.put(None)
        self._thread.join(self._limits.answer_seconds)

    def _run(self) -> None:
        going_on = True
        while going_on:
            waiting = [self._jobs.get()]
            while len(waiting) < self._limits.batch and not self._jobs.empty():
                waiting.append(self._jobs.get_nowait())
            going_on = None not in waiting
            groups: dict[Hashable, list[_Job]] = {}
            for job in waiting:
                if job is not None and job.answer.set_running_or_notify_cancel():
                    groups.setdefault(job.key, []).append(job)
            for jobs in groups.values():
                self._answer(jobs)

    def _answer(self, jobs: list[_Job]) -> None:
        try:
            answers = list(zip(jobs, self._work(jobs[0].key, [job.item for job in jobs]), strict=True))
        except Exception as error:  # whatever it is, it is the asker's answer and not this thread's end
            if len(jobs) == 1:
                jobs[0].answer.set_exception(error)
                return
            for job in jobs:
                self._answer([job])
            return
        for job, answer in answers:
            job.answer.set_result(answer)
