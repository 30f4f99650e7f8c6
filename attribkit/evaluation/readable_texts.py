"""The texts of a set that a model can read; the others are counted and listed."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.data.readable import Skipped, tokenise
from attribkit.models.answered import answered
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.plurals import number_of


@dataclass(frozen=True, eq=False)
class ReadableTexts:
    """The texts of a set that a model can read.

    Attributes:
        batch: the N texts with their tokens and logits.
        places: (N,) the place of each among the texts given, from 0.
        skipped: the others.
        notes: sentences on what was left out or cut; empty if nothing was.
    """

    batch: EncodedBatch
    places: NDArray[np.int64]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]

    @staticmethod
    def of(
        model: Classifier,
        texts: Iterable[object],
        batch_size: int | None = None,
        numbers: Iterable[int] | None = None,
    ) -> "ReadableTexts":
        """Read a set's texts, whatever stands among them; `numbers` is what a user knows their rows by.

        Args:
            model: any classifier.
            texts: cells of any kind.
            batch_size: the most texts at once; None chooses by their length.
            numbers: the users' numbers of the rows; None counts them from 0.

        Raises:
            ValueError: if the model can read none of them.
            RuntimeError: if the network's outputs are NaN or infinite for all of them.
        """
        read, logits = answered(model, tokenise(model.tokenizer, texts, numbers, spans=True), batch_size)
        batch = EncodedBatch(read.texts, read.encoded, logits, model.also and model.also.rows(read.places))
        cut = sum(encoded.total > len(encoded.ids) for encoded in read.encoded)
        notes = (
            [f"{number_of(cut, 'text is', 'texts are')} longer than the model reads; only what it read counts"]
            if cut
            else []
        )
        return ReadableTexts(batch, read.places, read.skipped, (*read.notes, *notes))
