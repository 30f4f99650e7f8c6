"""Training rows: what attributions predict of networks that are trained anew on halves of the rows.

A text CNN is trained on 5,000 IMDB reviews, several times with other seeds, and then on each of 40 random halves of
them, each half several times too: a network trained twice on the same rows differs, and the mean of its answers is what
the rows taught. What is trained is kept in a folder, so that the figures are computed anew in minutes.

    python benchmarks/retrained_halves.py --vectors VECTORS.txt.gz --folder halves
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import attribkit as ak
from attribkit.data import Dataset

ROWS, VALIDATION, TEXTS = 5_000, 500, 100
SETTINGS: dict[str, Any] = {
    "vector_size": 100,
    "filters": 32,
    "vocabulary_size": 5_000,
    "max_train_length": 300,
    "max_length": 300,
    "epochs": 4,
    "patience": None,
    "learning_rate": 2e-3,
}


def main() -> None:
    """Train what the folder lacks, then print the scores."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--vectors", required=True)
    options.add_argument("--folder", type=Path, required=True)
    options.add_argument("--halves", type=int, default=40)
    options.add_argument("--seeds", type=int, default=3, help="trainings of each half")
    options.add_argument("--members", type=int, default=5, help="trainings on all rows")
    given = options.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    rows, validation, test = _data()
    for member in range(given.members):
        if not (given.folder / f"all-{member}").exists():
            _train(rows, validation, test, member, given, out=given.folder / f"all-{member}", snapshots=[1, 2, 3, 4])
    for seed in range(given.seeds):
        for number in range(given.halves):
            file = given.folder / f"half-{number}-{seed}.npy"
            if not file.exists():
                model = _train(
                    rows[_half(number)].reset_index(drop=True), validation, test, 1 + 1_000 * seed + number, given
                )
                np.save(file, model.logits(model.ids(test["text"].tolist())))
                print(file, flush=True)


def _data() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The rows that are trained on, those by which the epoch is chosen, and those that are asked about."""
    data = ak.load_dataset("imdb")
    random = np.random.default_rng(11)
    order = random.permutation(len(data.train))
    drawn = random.choice(len(data.test), TEXTS, replace=False)
    parts = (data.train.iloc[order[:ROWS]], data.train.iloc[order[ROWS : ROWS + VALIDATION]], data.test.iloc[drawn])
    return tuple(part.reset_index(drop=True) for part in parts)


def _half(number: int) -> NDArray[np.bool_]:
    half = np.zeros(ROWS, dtype=bool)
    half[np.random.default_rng(100 + number).choice(ROWS, ROWS // 2, replace=False)] = True
    return half


def _train(
    rows: pd.DataFrame, validation: pd.DataFrame, test: pd.DataFrame, seed: int, given: Any, **more: Any
) -> ak.Classifier:
    data = Dataset("reviews", rows, validation, test, "imdb")
    return ak.train("cnn", data, glove=given.vectors, seed=seed, device="cpu", progress=False, **SETTINGS, **more)


if __name__ == "__main__":
    main()
