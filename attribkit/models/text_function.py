"""A function from texts to probabilities, brought to the contract of a network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from attribkit.errors import InputError, InputTypeError
from attribkit.models.capabilities import Capabilities
from attribkit.plurals import number_of
from attribkit.text.text_splitter import TextSplitter

_SUM = 1e-3  # how far from 1 a row of probabilities may sum, as half precision does
Probabilities = Callable[[list[str]], Any]


FUNCTION = Capabilities(gradients=False, layers=False, own_spans=True, kind="function")
"""What any function of texts can be asked for."""


@dataclass(frozen=True)
class LogProbabilities:
    """The logarithms of a function's probabilities, whose softmax they are again.

    A probability of 0 counts as the smallest difference from 1 that its number type knows.

    Attributes:
        predict_proba: from a list of N texts to probabilities (N, C).
        classes: C, how many columns are expected.
    """

    predict_proba: Probabilities
    classes: int

    def __post_init__(self) -> None:
        if not callable(self.predict_proba):
            raise InputTypeError(
                "`predict_proba` must be a function from texts to probabilities, got "
                f"{type(self.predict_proba).__name__}; give model.predict_proba, or a function of your own"
            )

    def __call__(self, texts: list[str]) -> Tensor:
        """Logits (N, C) float64 of N texts."""
        return log_probabilities(self.predict_proba(texts), len(texts), self.classes)


class ClosedForm(Protocol):
    """What the tokens of texts add to the decision values of a linear model."""

    def contributions(self, texts: list[str]) -> Any:
        """As `attribkit.models.pipelines.linear.LinearForm.contributions`."""
        ...


class TextFunction(nn.Module):
    """A function from texts to logits as a network `(ids, mask) -> logits`: ids name words, and words make a text.

    Args:
        answers: from a list of N texts to logits (N, C) float64.
        splitter: makes texts of ids.
        capabilities: what it can be asked for.
        form: the closed form, of a model that is linear.
    """

    embedding = None

    def __init__(
        self,
        answers: Callable[[list[str]], Tensor],
        splitter: TextSplitter,
        capabilities: Capabilities = FUNCTION,
        form: ClosedForm | None = None,
    ) -> None:
        super().__init__()
        self.answers, self.splitter, self.capabilities = answers, splitter, capabilities
        self.form = form

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) float64 of ids (B, T), mask (B, T) True at words; equal texts are asked once."""
        texts = self.texts(ids, mask)
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        answers = self.answers(list(places))
        return answers if len(places) == len(texts) else answers[[places[text] for text in texts]]

    def texts(self, ids: Tensor, mask: Tensor) -> list[str]:
        """The texts of ids (B, T)."""
        return self.splitter.texts(ids.cpu().numpy(), mask.cpu().numpy())

    def __deepcopy__(self, memo: dict[int, Any]) -> "TextFunction":
        # what the function reads from elsewhere is not ours to copy
        return type(self)(self.answers, self.splitter, self.capabilities, self.form)


def log_probabilities(returned: Any, texts: int, classes: int) -> Tensor:
    """Logits (N, C) float64 of what a function returned for N texts; NaN stays NaN.

    Raises:
        InputError: for what is not a row of C probabilities for each text.
    """
    values = _array(returned)
    if values.ndim == 1 and classes == 2 and len(values) == texts:
        raise InputError(
            f"`predict_proba` must return a column for each of the {classes} labels, ({texts}, {classes}), got "
            f"({texts},); of one probability p return np.stack((1 - p, p), axis=1)"
        )
    if values.ndim != 2 or len(values) != texts:
        raise InputError(
            f"`predict_proba` must return a row of probabilities for each text, ({texts}, {classes}), got "
            f"{values.shape}; it is given a list of strings"
        )
    if values.shape[1] != classes:
        raise InputError(
            f"`predict_proba` must return a column for each of the {classes} labels, got "
            f"{number_of(values.shape[1], 'column')}; "
            "give `labels` in the order of its columns"
        )
    own = values[np.isfinite(values).all(1)]
    wrong = ((own < 0) | (own > 1)).any(1) | (np.abs(own.sum(1) - 1) > _SUM)
    if wrong.any():
        row = ", ".join(f"{value:.3g}" for value in own[wrong][0][:5])
        raise InputError(
            f"`predict_proba` must return probabilities, from 0 to 1 and with a sum of 1 for each text, got [{row}]; "
            "let it return a softmax of what it returns now"
        )
    least = np.finfo(values.dtype).eps
    return torch.from_numpy(np.log(np.maximum(values.astype(np.float64), least)))


def _array(returned: Any) -> NDArray[np.floating[Any]]:
    values = returned.detach().cpu().numpy() if isinstance(returned, Tensor) else np.asarray(returned)
    if values.dtype.kind in "iub":
        values = values.astype(np.float64)
    if values.dtype.kind != "f":
        raise InputError(
            f"`predict_proba` must return numbers, got an array of {values.dtype}; give the function that returns "
            "probabilities, not labels"
        )
    return values
