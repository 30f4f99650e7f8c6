"""Texts with their tokens and the network's logits for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from attribkit.models.classifier import Classifier
from attribkit.models.logits import check_finite
from attribkit.models.other_inputs import OtherInputs
from attribkit.progress import Progress, silent
from attribkit.text.encoded import Encoded


@dataclass(frozen=True, eq=False)
class EncodedBatch:
    """Some texts with their tokens and the network's logits for them.

    Attributes:
        texts: (N,) as the user wrote them.
        encoded: (N,) their tokens.
        logits: (N, C) float64, from the network's own forward pass.
        also: what the network is given beside each text; None if it takes the text alone.

    Example:
        >>> import attribkit as ak
        >>> from attribkit.models.encoded_batch import EncodedBatch
        >>> batch = EncodedBatch.of(ak.load("imdb-cnn"), ["A great film", "It was a horrible movie"])
        >>> [encoded.tokens for encoded in batch.encoded]
        [('a', 'great', 'film'), ('it', 'was', 'a', 'horrible', 'movie')]
        >>> batch.logits.shape
        (2, 2)
    """

    texts: tuple[str, ...]
    encoded: tuple[Encoded, ...]
    logits: NDArray[np.float64]
    also: OtherInputs | None = None

    @staticmethod
    def of(
        classifier: Classifier, texts: Sequence[str], batch_size: int | None = None, progress: Progress = silent
    ) -> "EncodedBatch":
        """Encode the texts and compute their logits.

        Args:
            classifier: the model.
            texts: N strings.
            batch_size: the most texts at once; None chooses by their length.
            progress: is called with the number of texts that are done.

        Raises:
            TypeError: for what is no string.
            ValueError: for a text that is empty, broken or holds no token; the sentence names it.
            RuntimeError: if the network's outputs for a text are NaN or infinite; the sentence names the text.
        """
        encoded = classifier.encode(texts)
        logits = classifier.logits([text.ids for text in encoded], batch_size, progress)
        plain = tuple(text.item() if isinstance(text, np.str_) else text for text in texts)
        return EncodedBatch(plain, tuple(encoded), check_finite(logits, texts), classifier.also)

    def part(self, rows: NDArray[np.int64]) -> "EncodedBatch":
        """Some of the texts, by their numbers, in this order."""
        return replace(
            self,
            texts=tuple(self.texts[row] for row in rows),
            encoded=tuple(self.encoded[row] for row in rows),
            logits=self.logits[rows],
            also=self.also and self.also.rows(rows),
        )
