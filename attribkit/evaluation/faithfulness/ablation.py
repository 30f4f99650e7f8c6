"""Ablation: a model's prediction for a text from which some tokens are removed.

There are two ways. By **deletion** the token is removed and the text closes up, so that its neighbours meet: new
phrases can arise. By **PAD** the padding token takes its place, mask True: nothing else moves, but the network may
never have read such a text. A text emptied by deletion is one PAD with mask True.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from attribkit.attribution.cnn.ablation import WindowAblation
from attribkit.errors import InputError, NetworkError
from attribkit.evaluation.faithfulness.followed import FollowedLabels
from attribkit.models.classifier import Classifier
from attribkit.plurals import number_of

How = Literal["delete", "pad"]
REMOVALS: tuple[str, ...] = get_args(How)
Ids = NDArray[np.int64]
Keep = NDArray[np.bool_]


def left(ids: Ids, keep: Keep, how: str, pad_id: int) -> Ids:
    """The ids of a text (T,) when only the tokens of `keep` (T,) stay.

    Args:
        ids: (T,) int64.
        keep: (T,) bool, True for the tokens that stay.
        how: "delete" or "pad".
        pad_id: the number of PAD in the vocabulary.
    """
    if how == "pad":
        return np.where(keep, ids, pad_id)
    return ids[keep] if keep.any() else np.array([pad_id])


def check_removals(removals: Sequence[str] | str) -> tuple[str, ...]:
    """The names of the ways to remove a token.

    Raises:
        ValueError: for another name.
    """
    names = (removals,) if isinstance(removals, str) else tuple(dict.fromkeys(removals))
    wrong = [name for name in names if name not in REMOVALS]
    if wrong or not names:
        raise InputError(
            f"`removals` must be among {', '.join(REMOVALS)}, got {wrong[0]!r}"
            if wrong
            else "`removals` must name at least one of delete, pad, got none"
        )
    return names


def finite_logits(model: Classifier, variants: Sequence[Ids], batch_size: int | None = None) -> NDArray[np.float64]:
    """Logits (N, C) of N changed texts.

    Args:
        model: the classifier.
        variants: the ids of N texts.
        batch_size: the most texts at once; None chooses by their length.

    Raises:
        RuntimeError: if some are NaN or infinite.
    """
    logits = model.logits(variants, batch_size)
    bad = int((~np.isfinite(logits).all(axis=1)).sum())
    if bad:
        raise NetworkError(
            f"the network's outputs are NaN or infinite for {bad:,} of {number_of(len(variants), 'text')} with "
            "tokens taken away; "
            "check the network's weights and what it computes"
        )
    return logits


@dataclass(frozen=True, eq=False)
class AblatedText:
    """One text, of which any tokens may be removed.

    Attributes:
        model: the classifier.
        ids: (T,).
        followed: the label whose probability is measured, of this one text.
        how: "delete" or "pad".
        windows: the windows of a text CNN, for a shortcut; None for other networks.
    """

    model: Classifier
    ids: Ids
    followed: FollowedLabels
    how: str
    windows: WindowAblation | None

    def log_p(self, keep: Keep) -> NDArray[np.float64]:
        """Log p (N,) of the text with only the tokens of each row of `keep` (N, T), by the network's forward pass."""
        variants = [left(self.ids, row, self.how, self.model.tokenizer.pad_id) for row in keep]
        return self._log_p(finite_logits(self.model, variants)) if variants else np.zeros(0)

    def each(self, keep: Keep) -> NDArray[np.float64]:
        """Log p (N, n) when one more token is removed from each row of `keep` (N, T), n of which are True in every row.

        Column i stands for the i-th token kept. A text CNN is not run: only the windows at the gap are new.
        """
        if self.windows is not None:
            return self._log_p(self.windows.each(keep, self.how))
        places = np.array([np.flatnonzero(row) for row in keep])
        without = np.repeat(keep, places.shape[1], axis=0)
        without[np.arange(len(without)), places.reshape(-1)] = False
        return self.log_p(without).reshape(places.shape)

    def guess(self, keep: Keep) -> NDArray[np.float64]:
        """`log_p` (N,) for rows that keep equally many tokens, by the shortcut if there is one."""
        if self.windows is None or not keep[0].any():
            return self.log_p(keep)
        return self._log_p(self.windows.whole(keep, self.how))

    def _log_p(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """(…,) of logits (…, C)."""
        flat = logits.reshape(-1, logits.shape[-1])
        return self.followed.rows(np.zeros(len(flat), dtype=np.int64)).log_p(flat).reshape(logits.shape[:-1])

    @property
    def quick(self) -> bool:
        """Whether `each` is far cheaper than a forward pass for every token."""
        return self.windows is not None
