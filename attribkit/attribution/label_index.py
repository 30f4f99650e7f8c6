"""A label asked for by its place, where its name could be taken for another."""

from dataclasses import dataclass

import numpy as np

from attribkit.errors import InputTypeError


@dataclass(frozen=True)
class Index:
    """The label at a place among `Classifier.labels`, counted from 0: `target=Index(1)` is the second one.

    Where labels are numbers, `target=1` is the label 1, wherever it stands.

    Attributes:
        index: its place, from 0 to C − 1.

    Raises:
        TypeError: for what is no integer.

    Example:
        >>> import attribkit as ak
        >>> model = ak.load("imdb-cnn")
        >>> model.labels
        ('neg', 'pos')
        >>> ak.explain(model, "It was a horrible movie", target=ak.Index(1)).token_scores.target
        'pos'
    """

    index: int

    def __post_init__(self) -> None:
        if isinstance(self.index, bool) or not isinstance(self.index, (int, np.integer)):
            raise InputTypeError(f"`Index` must be given an integer, got {self.index!r}; a label is given as it is")
        object.__setattr__(self, "index", int(self.index))


LabelName = str | int | Index
