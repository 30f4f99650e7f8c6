"""Which label of each text is followed as tokens are taken away: its log p, and its log-odds."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from attribkit.attribution.outputs import Target
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.task import Task

Ids = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FollowedLabels:
    """A label of each of N texts: the predicted one against the runner-up, or one of several that hold by themselves.

    Attributes:
        labels: (N,) its number.
        rivals: (N,) the runner-up; None with several labels a text, where a label stands against its own absence.
    """

    labels: Ids
    rivals: Ids | None

    @staticmethod
    def of(batch: EncodedBatch, task: Task) -> tuple["FollowedLabels", EncodedBatch]:
        """The labels followed, and the texts with each as often as it has labels that are predicted; at least once."""
        if task == "multilabel":
            predicted = batch.logits >= 0
            predicted[np.arange(len(predicted)), batch.logits.argmax(1)] = True
            rows, labels = np.nonzero(predicted)
            return FollowedLabels(labels, None), batch.part(rows)
        labels, others = batch.logits.argmax(1), batch.logits.copy()
        others[np.arange(len(labels)), labels] = -np.inf
        return FollowedLabels(labels, others.argmax(1)), batch

    def rows(self, rows: Ids) -> "FollowedLabels":
        """Those of some of the texts, which may repeat."""
        return FollowedLabels(self.labels[rows], None if self.rivals is None else self.rivals[rows])

    def log_p(self, logits: Numbers) -> Numbers:
        """Log p (N,), in nats, of logits (N, C)."""
        if self.rivals is None:
            return -np.logaddexp(0.0, -self._own(logits))
        return self._own(torch.from_numpy(logits).log_softmax(-1).numpy())

    def log_odds(self, logits: Numbers) -> Numbers:
        """The log-odds (N,) against the runner-up, or of the label itself, of logits (N, C)."""
        own = self._own(logits)
        return own if self.rivals is None else own - logits[np.arange(len(logits)), self.rivals]

    def target(self, row: int, copies: int) -> Target:
        """The log-odds of a text's label against all others, or of the label itself, for so many versions of it."""
        return Target("log_odds" if self.rivals is not None else "logit", torch.full((copies,), int(self.labels[row])))

    def _own(self, values: Numbers) -> Numbers:
        own: Numbers = values[np.arange(len(values)), self.labels]
        return own
