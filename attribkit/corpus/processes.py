"""The engine of one machine: a worker process for each core, fed by a thread of its own."""

import json
import os
import queue
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from attribkit.corpus import memory
from attribkit.corpus.faults import error_of
from attribkit.corpus.job import Job, check_worker
from attribkit.corpus.parts import Part
from attribkit.corpus.windows import PendingWork, Task, Window
from attribkit.errors import RunError

_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
WORKER = "import gc; gc.disable(); from attribkit.corpus.worker import main; main()"
"""Loading torch takes a fifth less time if no garbage is looked for amid it."""

_AHEAD = 2
_SLICES = (1, 1, 16, 256)
"""Of a window, try by try: as it is, as it is again for the process may have been killed, then with less memory."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass
class Worker:
    """A worker process; call it with a window's number and table."""

    job: Job
    process: subprocess.Popen[bytes] | None = None
    slices: int = 1
    introduction: dict[str, Any] | None = None
    stderr: IO[bytes] | None = None

    def start(self) -> "Worker":
        """Start it; it loads the model meanwhile."""
        environment = os.environ | _ONE_THREAD | {"TOKENIZERS_PARALLELISM": "false"}
        if self.job.imports:  # modules beside the user's script, which is not this process's own
            environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        if memory.scarce():
            environment |= memory.FRUGAL
            # libraries that are refused memory say so at length, and a user needs one line of it
            self.stderr = TemporaryFile()  # noqa: SIM115  # closed by `stop`
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            env=environment,
        )
        self._send(json.dumps(self.job.to_json()).encode() + b"\n")
        return self

    def introduced(self) -> dict[str, Any]:
        """The versions and the model of the worker; an error that it met is raised again.

        Raises:
            RunError: if it died, or has other versions or another model than before.
        """
        try:
            introduction: dict[str, Any] = self._answer()["introduction"]
        except _WorkerDied as error:
            raise RunError(
                f"a worker process died as it loaded the model ({error}), most likely for want of memory; "
                f"{self._cure(0)} and run the same command again"
            ) from error
        self.introduction = self.introduction or introduction
        check_worker(introduction, self.introduction)  # a package may have been replaced since it was first started
        return introduction

    def __call__(self, number: int, table: pa.Table, retry: bool) -> Part:
        """Explain a window. A worker that dies is replaced, and the new one uses less memory.

        Raises:
            RunError: if it dies again and again.
            OSError: if the part cannot be written.
            WorkerFault: for a fault of this package.
        """
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        content = sink.getvalue().to_pybytes()
        order = {"number": number, "retry": retry, "bytes": len(content)}
        tries = [slices for slices in _SLICES if slices >= self.slices]
        for left, self.slices in zip(reversed(range(len(tries))), tries, strict=True):
            try:
                self._send(json.dumps(order | {"slices": self.slices}).encode() + b"\n" + content)
                return Part(**self._answer()["part"])
            except _WorkerDied as error:
                if not left:
                    rows = f"{table['row'][0].as_py():,} to {table['row'][-1].as_py():,}"
                    cure = self._cure(pc.sum(pc.utf8_length(table["text"])).as_py() or 0)
                    raise RunError(
                        f"a worker process died each time on the rows {rows} ({error}), most likely for want "
                        f"of memory; {cure} and run the same command again: finished parts are kept"
                    ) from error
                self.stop()
                self.start().introduced()
        raise AssertionError("unreachable")

    def _cure(self, characters: int) -> str:
        """What to do where memory ran out on a window of so many characters."""
        limit = memory.limit()
        if limit is None:
            return "take fewer workers"
        weights = sum(file.stat().st_size for file in Path(self.job.model).glob("*.safetensors"))
        needed = memory.needed(weights, characters)
        return (
            f"of the {limit / 1e6:,.0f} MB that the system allows, a worker needs about {needed / 1e6:,.0f}: raise the "
            "limit (ulimit -v, or the container's) or take fewer workers"
        )

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None
        if self.stderr is not None:
            self.stderr.close()
            self.stderr = None

    def _send(self, content: bytes) -> None:
        process = self._alive()
        try:
            process.stdin.write(content)  # type: ignore[union-attr]  # it is a pipe
            process.stdin.flush()  # type: ignore[union-attr]  # likewise
        except BrokenPipeError:
            pass  # it has died or refused: its last answer says why

    def _answer(self) -> dict[str, Any]:
        process = self._alive()
        line = process.stdout.readline()  # type: ignore[union-attr]  # it is a pipe
        if not line.endswith(b"\n"):
            raise _WorkerDied(f"exit code {process.wait()}{self._stderr_tail()}")
        answer: dict[str, Any] = json.loads(line)
        if answer.get("error") == "MemoryError":
            raise _WorkerDied(answer["sentence"])
        if "error" in answer:
            raise error_of(answer)
        return answer

    def _stderr_tail(self) -> str:
        """The last line that a process wrote to stderr, where that was kept."""
        if self.stderr is None:
            return ""
        self.stderr.seek(0)
        lines = self.stderr.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1][:200]}" if lines else ""

    def _alive(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise _WorkerDied("it was not started")
        return self.process


class _WorkerDied(Exception):
    """A worker ended without an answer."""


@dataclass
class Processes:
    """An engine: worker processes, started side by side; none is left behind."""

    workers: list[Worker]

    @staticmethod
    @contextmanager
    def started(job: Job, count: int) -> Iterator["Processes"]:
        """So many of them."""
        with ExitStack() as stack:
            workers = [Worker(job) for _ in range(count)]
            for worker in workers:
                stack.callback(worker.stop)
                worker.start()
            yield Processes(workers)

    def introduce(self) -> dict[str, Any]:
        """The versions and the models of all workers; an error that one met as it loaded the model is raised again."""
        first, *others = [worker.introduced() for worker in self.workers]
        for introduction in others:
            check_worker(introduction, first)
        return first

    def run(self, pending: PendingWork) -> Iterator[tuple[int, Part]]:
        """Each part as it is finished, in any order, and how much of the corpus had been read for it."""
        return _side_by_side(pending.tasks(), list(self.workers))


def _side_by_side(tasks: Iterator[Task], hands: Sequence[Worker]) -> Iterator[tuple[int, Part]]:
    """At most a few windows are held at once."""
    free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    for hand in hands:
        free.put(hand)

    def work(window: Window, retry: bool) -> tuple[int, Part]:
        hand = free.get()
        try:
            return window.read, hand(window.number, window.table, retry)
        finally:
            free.put(hand)

    pending: set[Future[tuple[int, Part]]] = set()
    with ThreadPoolExecutor(len(hands)) as threads:
        try:
            for window, retry in tasks:
                pending.add(threads.submit(work, window, retry))
                while len(pending) >= _AHEAD * len(hands):
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        finally:
            for future in pending:
                future.cancel()
