"""A model's last layer refitted on its training rows: prepared once, asked of any text."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.last_layer.features import Features, read_features, with_bias
from attribkit.last_layer.leave_one_out import LeaveOneOut
from attribkit.last_layer.rows_left_out import weights_without
from attribkit.last_layer.second_step import second_steps
from attribkit.last_layer.softmax_regression import SoftmaxRegression, fit
from attribkit.last_layer.targets import log_odds
from attribkit.last_layer.training_rows import TrainingRows, rows_key
from attribkit.models.classifier import Classifier
from attribkit.plurals import number_of
from attribkit.progress import Progress, shown

_STRENGTHS = tuple(10.0 ** (-half / 2) for half in range(13))  # 1 to 1e-6


@dataclass(frozen=True)
class Check:
    """What one Newton step, and two, said of some rows, beside true refits without each of them.

    Attributes:
        rows: how many were left out, one by one.
        texts: of how many texts the log-odds were compared: the rows' own.
        effect: the median size of the true effects, in log-odds.
        one_step: the largest difference of one step from a true refit, in log-odds.
        two_steps: that of two steps.
    """

    rows: int
    texts: int
    effect: float
    one_step: float
    two_steps: float

    @property
    def sentence(self) -> str:
        """The figures in words."""
        return (
            f"leave-one-out beside true refits without {number_of(self.rows, 'row')}: largest difference "
            f"{self.two_steps:.2g} "
            f"log-odds ({self.one_step:.2g} after one Newton step), median effect {self.effect:.2g}"
        )


@dataclass(frozen=True, eq=False)
class RefittedLayer:
    """A model's last layer, refitted on the features of its training rows with L2, to zero gradient.

    Attributes:
        model: whose layer it is.
        rows: N labelled texts.
        features: what the layer reads of them.
        leave_one_out: the layer, and what one Newton step says of each row left out.
        distance: how far the layer's answers on the training rows are from the network's own: the mean and the largest
            difference of the log-odds of the network's label, and the share of rows to which both give the same label.
        l2: λ for each row.
        seed: of the sample that is checked.
        checked: how many rows are truly refitted to check leave-one-out.
    """

    model: Classifier
    rows: TrainingRows
    features: Features
    leave_one_out: LeaveOneOut
    distance: tuple[float, float, float]
    l2: float
    seed: int = 0
    checked: int = field(default=20)

    @staticmethod
    def of(
        model: Classifier,
        train: Data,
        *,
        l2: float | None = None,
        folder: str | Path | None = None,
        other_rows: bool = False,
        checked: int = 20,
        seed: int = 0,
        text: str | None = None,
        label: str | None = None,
        encoding: str | None = None,
        batch_size: int | None = None,
        progress: bool | Progress | None = None,
    ) -> "RefittedLayer":
        """Read the features of the training rows once, and refit the last layer on them.

        Args:
            model: a classifier whose last layer is linear; it stays as it is.
            train: the rows it was trained on, as `attribkit.load_dataset` takes them.
            l2: λ for each row; None for the strength that leaves the layer's answers nearest to the network's own.
            folder: where the features are kept in a file, to be streamed and used again; None for in memory.
            other_rows: whether rows are taken that are not those the model was trained on.
            checked: how many rows are truly refitted without, to check leave-one-out.
            seed: draws them.
            text: the column of the texts; guessed from usual names if not given.
            label: the column of the labels; likewise.
            encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
            batch_size: the most texts at once; None chooses by their length.
            progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function.

        Raises:
            ValueError: as `attribkit.training_influence`.

        Example:
            >>> import attribkit as ak
            >>> from attribkit.last_layer.refitted_layer import RefittedLayer
            >>> data = ak.load_dataset("demo").sample(200)
            >>> layer = RefittedLayer.of(ak.load("imdb-cnn"), data, other_rows=True)
            >>> layer.features.values.shape, layer.regression.gradient < 1e-9
            ((200, 192), True)
        """
        check_strength(l2)
        rows = TrainingRows.of(
            model, train, other_rows=other_rows, text=text, label=label, encoding=encoding, progress=progress
        )
        place = None if folder is None else Path(folder)
        key = "" if place is None else rows_key(model, rows.ids)
        with shown(progress) as tell:
            features = read_features(model, rows.ids, folder=place, key=key, batch_size=batch_size, progress=tell)
        return RefittedLayer.fitted(model, rows, features, l2, checked, seed)

    @staticmethod
    def fitted(
        model: Classifier,
        rows: TrainingRows,
        features: Features,
        l2: float | None = None,
        checked: int = 20,
        seed: int = 0,
    ) -> "RefittedLayer":
        """The layer refitted on features that have been read."""
        if l2 is None:
            regression, l2 = _nearest(features, rows.labels, len(model.labels))
        else:
            regression = fit(features, rows.labels, len(model.labels), l2)
        loo, apart = LeaveOneOut.of(features, regression), distance(features, regression)
        return RefittedLayer(model, rows, features, loo, apart, l2, seed, min(checked, len(rows.labels)))

    @property
    def regression(self) -> SoftmaxRegression:
        """The layer."""
        return self.leave_one_out.regression

    @cached_property
    def refined(self) -> LeaveOneOut:
        """The same with a second step for the rows that need it; computed once, in some seconds for 25,000 rows."""
        return self.leave_one_out.refined(self.features)

    def check_model(self, model: Classifier) -> None:
        """Refuse another model than the one whose layer it is.

        Raises:
            ValueError: for one whose predictions may be others.
        """
        if self.model is not model and self.model.fingerprint() != model.fingerprint():
            raise InputError(
                f"a layer refitted for this model was expected, got one of {self.model.name!r}; prepare it anew with "
                "RefittedLayer.of(model, train)"
            )

    def read(self, texts: list[str]) -> Features:
        """What the layer reads of other texts."""
        return read_features(self.model, self.model.ids(texts))

    @property
    def distance_sentence(self) -> str:
        """The distance in words."""
        mean, largest, same = self.distance
        return (
            f"the last layer refitted with L2 of {self.l2:.2g} on {number_of(len(self.rows.labels), 'row')} (largest "
            "gradient "
            f"{self.regression.gradient:.0e}): its log-odds are {mean:.2f} from the network's on average, at most "
            f"{largest:.2f}; {100 * same:.1f} % of its labels are the network's"
        )

    @cached_property
    def check(self) -> Check | None:
        """Leave-one-out beside true refits without some rows; None if none are to be checked."""
        if not self.checked:
            return None
        drawn = np.sort(np.random.default_rng(self.seed).choice(len(self.rows.labels), self.checked, replace=False))
        texts = with_bias(self.features.values[drawn])
        before = self.regression.logits(texts)
        labels = before.argmax(1)
        single, true = (weights_without(self.features, self.regression, drawn, steps) for steps in (0, None))
        results = []
        for weights in (single, single + second_steps(self.features, self.regression, drawn), true):
            after = np.einsum("td,mkd->mtk", texts, weights) @ self.regression.basis.T
            flat = log_odds(after.reshape(-1, after.shape[2]), np.tile(labels, len(drawn))).reshape(after.shape[:2])
            results.append(flat - log_odds(before, labels))
        first, second, refitted = results
        return Check(
            rows=len(drawn),
            texts=len(drawn),
            effect=float(np.median(np.abs(refitted))),
            one_step=float(np.abs(first - refitted).max()),
            two_steps=float(np.abs(second - refitted).max()),
        )


def check_strength(l2: float | None) -> None:
    """Refuse an L2 of 0 or less.

    Raises:
        ValueError: for one that is no number above 0.
    """
    if l2 is not None and not (isinstance(l2, (int, float)) and 0 < l2 < np.inf):
        raise InputError(
            f"`l2` must be a number above 0, got {l2!r}: without it the Hessian may be singular and the refit have no "
            "minimum; leave it out to have it chosen"
        )


def distance(features: Features, regression: SoftmaxRegression) -> tuple[float, float, float]:
    """How far the layer's answers are from the network's: mean, largest, share of the same labels."""
    apart, same = _apart(features, regression)
    return float(apart.mean()), float(apart.max()), float(same.mean())


def _apart(features: Features, regression: SoftmaxRegression) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(N,) how far the log-odds of the network's label are apart, and whether both give the same label."""
    apart, same = [], []
    for rows, block in features.blocks():
        own, refitted = features.logits[rows], regression.logits(block)
        labels = own.argmax(1)
        apart.append(np.abs(log_odds(own, labels) - log_odds(refitted, labels)))
        same.append(refitted.argmax(1) == labels)
    return np.concatenate(apart), np.concatenate(same)


def _nearest(features: Features, labels: NDArray[np.int64], classes: int) -> tuple[SoftmaxRegression, float]:
    """The refit, from strong L2 to weak, whose log-odds are nearest to the network's own on average; and its L2."""
    strength = _STRENGTHS[0]
    best = fit(features, labels, classes, strength)
    nearest = float(_apart(features, best)[0].mean())
    for l2 in _STRENGTHS[1:]:
        regression = fit(features, labels, classes, l2, start=best.weights)
        apart = float(_apart(features, regression)[0].mean())
        if apart >= nearest:
            break
        best, strength, nearest = regression, l2, apart
    return best, strength
