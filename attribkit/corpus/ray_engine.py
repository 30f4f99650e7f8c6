"""The engine of many machines: Ray Data. One task reads the corpus; actors, one per core, explain its windows.

The work is the local engine's own: an actor holds the model once and writes each window's part into the folder, which
every machine must reach, as it must the input and the model. Only counts and checksums come back, and only this process
writes the manifest; an actor that dies is replaced by Ray and its window done again.
"""

import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from attribkit.errors import MissingPackageError, RunError

try:
    import ray
    from ray.data import ActorPoolStrategy, DataContext, Datasource, ReadTask, read_datasource
    from ray.data.block import BlockMetadata
except ImportError as error:
    raise MissingPackageError("engine='ray' needs Ray; install it with: pip install 'attribkit[ray]'") from error
import torch

from attribkit.corpus.faults import error_of, error_record
from attribkit.corpus.job import Job, check_worker
from attribkit.corpus.parts import Part
from attribkit.corpus.windows import PendingWork
from attribkit.corpus.work import PartWriter


@dataclass
class Cluster:
    """The engine of a Ray cluster.

    Attributes:
        job: what its actors need to know.
        actors: how many; None for one per core of the cluster.
        introduction: the versions and the model of this process, which every actor must have too.
    """

    job: Job
    actors: int | None
    introduction: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    @contextmanager
    def joined(job: Job, actors: int | None, address: str | None) -> Iterator["Cluster"]:
        """The cluster at an address, or the one this process belongs to; it is left afterwards if it was joined here.

        Raises:
            ConnectionError: if there is none.
        """
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        initialized = ray.is_initialized()
        if not initialized:
            ray.init(
                address, include_dashboard=None if address else False, log_to_driver=False, logging_level=logging.ERROR
            )
        try:
            yield Cluster(job, actors)
        finally:
            if not initialized:
                ray.shutdown()

    def introduce(self) -> dict[str, Any]:
        """As `Work.introduce`; an error in the model or the settings is raised again."""
        self.introduction = PartWriter.of(self.job).introduce()
        return self.introduction

    def run(self, pending: PendingWork) -> Iterator[tuple[int, Part]]:
        """Each part as it is finished, in any order, and how much of the corpus had been read for it.

        An error in an actor is raised again, as a local worker's is.

        Raises:
            RunError: if an actor was lost.
        """
        actors = self.actors or max(1, int(ray.cluster_resources().get("CPU", 1)))
        with _context():
            parts = read_datasource(_Windows(pending), override_num_blocks=1, num_cpus=0).map_batches(
                _Explain,
                fn_constructor_args=(self.job.to_json(), self.introduction),
                batch_size=1,
                batch_format="pyarrow",
                compute=ActorPoolStrategy(size=actors),
                num_cpus=1,
            )
            try:
                for row in parts.iter_rows():
                    answer = json.loads(row["answer"])
                    if "error" in answer:
                        raise error_of(answer)
                    yield row["read"], Part(**answer["part"])
            except ray.exceptions.RayError as error:
                raise RunError(f"the cluster could not explain a window ({_last_line(error)})") from error


def _last_line(error: BaseException) -> str:
    return str(error).strip().rsplit("\n", 1)[-1]


@contextmanager
def _context() -> Iterator[None]:
    """Ray Data's settings for this run: a block per window, so that one goes to each actor; no bars of its own."""
    context = DataContext.get_current()
    before = context.target_max_block_size, context.enable_progress_bars
    context.target_max_block_size, context.enable_progress_bars = 1, False
    try:
        yield
    finally:
        context.target_max_block_size, context.enable_progress_bars = before


class _Windows(Datasource):
    """The windows that are left, one after another, each a block of one row."""

    def __init__(self, pending: PendingWork) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Ray has no types for it
        self._todo = pending

    def estimate_inmemory_data_size(self) -> int | None:
        """Not known beforehand."""
        return None

    def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
        """One: a window begins where the one before it ended."""
        return [ReadTask(lambda: _blocks(self._todo), BlockMetadata(None, None, None))]


def _blocks(pending: PendingWork) -> Iterable[pa.Table]:
    for window, retry in pending.tasks():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, window.table.schema) as writer:
            writer.write_table(window.table)
        row = {"number": window.number, "read": window.read, "retry": retry, "window": sink.getvalue().to_pybytes()}
        yield pa.Table.from_pylist([row])


class _Explain:
    """An actor: the model, loaded once."""

    def __init__(self, job: dict[str, Any], expected: dict[str, Any]) -> None:
        torch.set_num_threads(1)  # one actor per core: more threads would only wait for one another
        self._work = PartWriter.of(Job.from_json(job))
        check_worker(self._work.introduce(), expected)

    def __call__(self, batch: pa.Table) -> pa.Table:
        (row,) = batch.to_pylist()
        try:
            with pa.ipc.open_stream(row["window"]) as content:
                part = self._work(row["number"], content.read_all(), row["retry"])
            answer: dict[str, Any] = {"part": part.to_json()}
        except Exception as error:  # told as a local worker tells it: Ray would make one kind of all
            answer = error_record(error)
        return pa.Table.from_pylist([{"read": row["read"], "answer": json.dumps(answer)}])
