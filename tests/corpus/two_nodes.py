"""A Ray cluster of two single-core nodes on this machine explains a corpus; one of its workers is killed on the way."""

import logging
import os
import signal
import sys
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from attribkit.corpus import explain_corpus


def workers() -> list[int]:
    """The actors' process ids: Ray gives its processes titles."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if title.startswith(b"ray::") and b"Explain" in title:
            found.append(int(folder.name))
    return found


def main(model: str, corpus: str, out: str, window: str = "12", method: str | None = None) -> None:
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 1,
            "object_store_memory": 80 * 2**20,
            "include_dashboard": False,
        },
    )
    cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    killed: list[int] = []

    def kill_one(done: int, total: int, what: str) -> None:
        if not killed:
            killed.append(workers()[0])
            os.kill(killed[0], signal.SIGKILL)

    try:
        ray.init(cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        assert len([node for node in ray.nodes() if node["Alive"]]) == 2
        run = explain_corpus(
            model,
            corpus,
            out,
            window=int(window),
            method=method,
            words=True,
            engine="ray",
            workers=2,
            progress=kill_one,
        )
        print(f"killed {len(killed)}; rows {run.rows}")
    finally:
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
