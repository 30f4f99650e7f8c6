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
from attribkit.evaluation.statistics import estimate
from attribkit.influence import RefittedLayer, trak
from attribkit.influence.datamodelling import all_effects, correlations, likeness_of_repeats
from attribkit.last_layer.targets import Answer

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
    _measure(rows, test, given)


def _measure(rows: pd.DataFrame, test: pd.DataFrame, given: Any) -> None:
    """The scores against the answers of one training of each half, and against the mean of all."""
    texts = test["text"].tolist()
    models = [ak.load(given.folder / f"all-{member}", "cpu") for member in range(given.members)]
    own = models[0]
    answers = [Answer.of(None, own.labels, logits) for logits in own.logits(own.ids(texts))]
    layers = [RefittedLayer.of(model, rows, other_rows=True, checked=0) for model in models]
    several = [all_effects(layer, layer.read(texts), answers, 5, 0) for layer in layers]
    effects = {f"{name}, one network": values for name, values in several[0].items()}
    for name in ("leave-one-out", "KNN-Shapley"):
        effects[f"{name}, mean of {len(models)}"] = np.mean([each[name] for each in several], axis=0)
    effects["TRAK, snapshots of one network"] = trak(own, layers[0].rows, texts)
    halves = np.array([_half(number) for number in range(given.halves)])
    taught = np.zeros((given.seeds, given.halves, len(texts)))
    for seed, number in np.ndindex(given.seeds, given.halves):
        logits = np.load(given.folder / f"half-{number}-{seed}.npy")
        taught[seed, number] = [answer.log_odds(logits[place : place + 1])[0] for place, answer in enumerate(answers)]
    print(f"{ROWS:,} rows, {len(texts)} texts, {given.halves} halves")
    print(*likeness_of_repeats(taught))
    for name, values in effects.items():
        for count in sorted({1, given.seeds}):
            score = estimate(correlations(values, halves, taught[:count].mean(0)), 0)
            print(f"{name}; {count} trained: {score.mean:.3f} ({score.low:.3f} to {score.high:.3f})", flush=True)


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
