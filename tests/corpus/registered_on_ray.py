"""A Ray cluster on this machine explains a corpus with a network and a method of the user's own modules."""

import logging
import sys
from importlib import import_module

import ray

from attribkit.corpus import explain_corpus


def main(model: str, corpus: str, out: str) -> None:
    import_module("my_network")
    import_module("my_method")
    ray.init(
        num_cpus=1,
        object_store_memory=80 * 2**20,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    try:
        run = explain_corpus(model, corpus, out, window=20, method="distance", engine="ray", workers=1)
        print(f"rows {run.rows}")
    finally:
        ray.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
