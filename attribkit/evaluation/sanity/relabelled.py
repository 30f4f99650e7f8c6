"""The data randomisation test: a network retrained on shuffled labels must get other scores.

Source: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, the data randomisation test.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data import Dataset, load_dataset
from attribkit.errors import InputError
from attribkit.evaluation.cells import in_words, interval, number
from attribkit.evaluation.performance import evaluate
from attribkit.evaluation.sanity.randomised import correlations
from attribkit.evaluation.scores import MethodScores, check_methods, scores_for
from attribkit.evaluation.statistics import Estimate, estimate
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.plurals import number_of
from attribkit.results.panels import Convergence, Panel, Table
from attribkit.results.result import Result
from attribkit.training.train import train

_SMALL: dict[str, dict[str, Any]] = {
    "cnn": {"filters": 16, "embedding_size": 32},
    "attention-rnn": {"hidden": 16, "embedding_size": 32},
    "lstm": {"hidden": 16, "embedding_size": 32},
}
"""Sizes that learn the demo reviews in seconds."""


@dataclass(frozen=True, eq=False, repr=False)
class Relabelled(Result):
    """Rank correlations of N test texts' scores between networks trained on true and on shuffled labels.

    Source: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, the data randomisation test.

    Attributes:
        architecture: the network's name.
        method: the method's name.
        shuffled: (N,) Spearman's correlation of the scores with those of a network trained on shuffled labels.
        again: (N,) with those of a network trained on the true labels from another seed, for comparison.
        accuracy: on the test texts: of the first network, of that with shuffled labels, of that from another seed.
        convergence: how many explanations by the three networks converged, to the rough tolerance that suffices for
            their order.
        seed: of the first network and the shuffling.
    """

    architecture: str
    method: str
    shuffled: NDArray[np.float64]
    again: NDArray[np.float64]
    accuracy: tuple[float, float, float]
    convergence: Convergence
    seed: int

    def estimate(self, which: str) -> Estimate:
        """The mean correlation, "shuffled" or "again", with its 95 % interval."""
        if which not in ("shuffled", "again"):
            raise InputError(f"`which` must be 'shuffled' or 'again', got {which!r}")
        return estimate(getattr(self, which), self.seed)

    def to_frame(self) -> pd.DataFrame:
        """Two rows: trained_on, correlation, low, high, texts, accuracy."""
        rows = []
        for which, accuracy in (("again", self.accuracy[2]), ("shuffled", self.accuracy[1])):
            estimate = self.estimate(which)
            rows.append((_NAMES[which], estimate.mean, estimate.low, estimate.high, estimate.texts, accuracy))
        table = pd.DataFrame(rows, columns=["trained_on", "correlation", "low", "high", "texts", "accuracy"])
        table.attrs["convergence"] = self.convergence.to_json()
        return table

    def panels(self) -> tuple[Panel, ...]:
        """One table."""
        rows = []
        for which, accuracy in (("again", self.accuracy[2]), ("shuffled", self.accuracy[1])):
            estimate = self.estimate(which)
            rows.append((_NAMES[which], number(estimate.mean), interval(estimate), number(accuracy)))
        notes = (
            f"Spearman's correlation of {self.method} with that of a network trained on the true labels, right on "
            f" {self.accuracy[0]:.1%} of the test texts; that of shuffled labels should be near 0",
            self.convergence.sentence,
        )
        columns = ("a network of the same kind trained on", "correlation", "95 % interval", "its accuracy")
        return (Table("Label randomisation", columns, tuple(rows), notes),)

    def summary(self) -> str:
        """How alike the networks' scores are, how often each is right, and how many explanations converged."""
        lines = [
            f"{self.method} for a network ({self.architecture}) that is right on {self.accuracy[0]:.1%} of the texts: "
            f"Spearman's correlation of its scores on {number_of(len(self.again), 'text')} with those of a network "
            "trained on"
        ]
        for which, accuracy in (("again", self.accuracy[2]), ("shuffled", self.accuracy[1])):
            lines.append(f"{_NAMES[which]}: {in_words(self.estimate(which))}, right on {accuracy:.1%}")
        return "\n".join([*lines, self.convergence.sentence])


_NAMES = {"again": "the true labels, another seed", "shuffled": "shuffled labels"}


def relabelled(
    architecture: str = "cnn",
    data: Dataset | None = None,
    method: str | None = None,
    *,
    texts: int = 100,
    seed: int = 0,
    **options: Any,
) -> Relabelled:
    """Train a network on true labels, on shuffled labels and on true labels again, and compare their scores.

    Source: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, the data randomisation test.

    Args:
        architecture: as `attribkit.train` takes it.
        data: None for the demo reviews.
        method: as `explain(method=…)` takes it, or "attention".
        texts: how many of the test texts are explained, for the class that the first network predicts.
        seed: of the first two networks and the shuffling; the third one's is the next.
        **options: of `attribkit.train`; by default small sizes, a learning rate of 0.01 and 8 epochs.

    Returns:
        the correlations of the scores, and the three networks' accuracies.

    Raises:
        TypeError: as `attribkit.train`.
        ValueError: as `attribkit.train`; for a method that does not fit the network.
        RuntimeError: as `attribkit.train`.
    """
    data = load_dataset("demo") if data is None else data
    random = np.random.default_rng(seed)
    settings = {"epochs": 8, "learning_rate": 1e-2, **_SMALL.get(architecture, {}), "progress": False, **options}
    shuffled = replace(data, train=_shuffled(data.train, random), validation=_shuffled(data.validation, random))
    models = [
        train(architecture, dataset, seed=network_seed, **settings)
        for dataset, network_seed in ((data, seed), (shuffled, seed), (data, seed + 1))
    ]
    name = check_methods(models[0], method)[0]
    test = data.to_measure()[1]["text"].tolist()[:texts]
    targets = EncodedBatch.of(models[0], test).logits.argmax(1)
    own, other, again = (_scores(model, test, targets, name, seed) for model in models)
    first, second, third = (evaluate(model, data).accuracy for model in models)
    return Relabelled(
        architecture,
        name,
        correlations(own.scores, other.scores),
        correlations(own.scores, again.scores),
        (first, second, third),
        own.convergence + other.convergence + again.convergence,
        seed,
    )


def _scores(model: Classifier, texts: list[str], targets: NDArray[np.int64], method: str, seed: int) -> MethodScores:
    return scores_for(model, EncodedBatch.of(model, texts), targets, method, seed=seed, tolerance=1e-2)


def _shuffled(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return table.assign(label=table["label"].to_numpy()[random.permutation(len(table))])
