"""A worker process of the local engine: reads windows from stdin, writes parts, answers on stdout.

A process of its own kind rather than one of `multiprocessing`: the user's script is not run again in it, and only data
goes back and forth: a line of JSON for the job, then for each window a line that announces it and an Arrow stream.
"""

import gc
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import torch

from attribkit.corpus.faults import error_record
from attribkit.corpus.job import Job
from attribkit.corpus.work import PartWriter


def windows(stream: BinaryIO) -> Iterator[tuple[dict[str, Any], pa.Table]]:
    """What was announced, and the window, until the other side ends."""
    while line := stream.readline():
        order = json.loads(line)
        with pa.ipc.open_stream(stream.read(order["bytes"])) as content:
            yield order, content.read_all()


def main() -> None:
    """Work until stdin ends."""
    torch.set_num_threads(1)  # one process per core: more threads would only wait for one another
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer

    def answer(content: dict[str, Any]) -> None:
        print(json.dumps(content), file=answers, flush=True)

    stream = sys.stdin.buffer
    try:
        job = Job.from_json(json.loads(stream.readline()))
        work = PartWriter.of(job)
        answer({"introduction": work.introduce()})
        # a window makes millions of small tuples, which no cycle holds: garbage is looked for after it, not amid it
        gc.disable()
        gc.freeze()
        for order, window in windows(stream):
            answer({"part": work(order["number"], window, order["retry"], order["slices"]).to_json()})
            gc.collect()
    except Exception as error:  # whatever it is, the process that waits for the answer is told
        answer(error_record(error))
        sys.exit(1)
