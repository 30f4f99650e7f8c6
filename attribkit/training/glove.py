"""Pretrained word vectors in GloVe's text format, as the rows of an embedding."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attribkit.errors import InputError
from attribkit.progress import Progress, shown
from attribkit.text.tokenizer import PAD_ID, UNK_ID
from attribkit.training.vector_file import decoded, entries, opened, vector


@dataclass(frozen=True)
class Coverage:
    """How much of a vocabulary a file of vectors contains.

    Attributes:
        file: its name.
        size: E, the width of its vectors.
        found: how many words of the vocabulary it contains.
        words: how many words the vocabulary has, without PAD and UNK.
        tokens: share of the training tokens whose word was found; None if their counts were not given.
    """

    file: str
    size: int
    found: int
    words: int
    tokens: float | None = None

    @property
    def share(self) -> float:
        """Share of the vocabulary's words that were found."""
        return self.found / self.words

    def __str__(self) -> str:
        tokens = "" if self.tokens is None else f", {self.tokens:.1%} of the training tokens"
        return f"{self.file}: {self.found:,} of {self.words:,} words ({self.share:.1%}){tokens}, {self.size} dimensions"


_SPREAD = 0.1  # of words the file lacks, as a share of the found vectors' deviation


def read_vectors(
    path: str | Path,
    vocabulary: Mapping[str, int],
    *,
    size: int | None = None,
    counts: ArrayLike | None = None,
    seed: int = 0,
    progress: bool | Progress | None = None,
) -> tuple[NDArray[np.float32], Coverage]:
    """The vectors of a vocabulary's words, read in one pass that keeps no other word in memory.

    A word is searched as it is spelt, then in the first spelling that differs only in case. The vector of a word that
    the file lacks, and of UNK, is drawn near the mean of the found vectors, with a tenth of their standard deviation in
    each dimension, so that it has little effect until it is trained; PAD is zero. Words may contain spaces (GloVe
    840B): a line is split from the right. Tabs and repeated spaces are separators too. A byte order mark and a word2vec
    header line are accepted; of a word that is listed twice the first counts.

    Source: Pennington, Socher & Manning, "GloVe: Global Vectors for Word Representation", EMNLP 2014.

    Args:
        path: a text file, plain, .gz or .zip; a member of an archive of several is named `file.zip/member.txt`.
        vocabulary: words to row numbers 0 … V − 1; row 0 is PAD, row 1 UNK.
        size: E, if smaller than the file's width: the leading principal components of the found vectors.
        counts: (V,) how often each row's word occurs in the training texts.
        seed: draws the vectors of words that the file lacks.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        (V, E) float32, and how much of the vocabulary was found.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a line is not a word and E finite numbers in UTF-8 (the sentence names the line), the file or
            archive is damaged or holds several files, none of its words is in the vocabulary, or there are fewer than
            `size` dimensions or words.
    """
    wanted: dict[str, list[tuple[bytes, int]]] = {}
    for entry, row in vocabulary.items():
        if row not in (PAD_ID, UNK_ID):
            wanted.setdefault(entry.lower(), []).append((entry.encode(), row))
    words = sum(map(len, wanted.values()))
    if not words:
        raise InputError("the vocabulary holds no word besides PAD and UNK; train the tokenizer on more texts")
    exact: dict[int, NDArray[np.float32]] = {}
    alike: dict[int, NDArray[np.float32]] = {}
    with shown(progress) as tell, opened(Path(path), tell) as lines:
        for number, word, numbers in entries(lines):
            for spelling, row in wanted.get(decoded(word, number).lower(), ()):
                into = exact if spelling == word else alike
                if row not in into and row not in exact:
                    into[row] = vector(word, numbers, number)
    vectors = alike | exact
    if not vectors:
        raise InputError(
            f"none of the {words:,} words of the vocabulary is in {Path(path).name}; check that it is a file of "
            "word vectors in the language of the texts"
        )
    rows = np.array(list(vectors))
    found_vectors = np.stack(list(vectors.values()))
    if size is not None:
        found_vectors = _reduced(found_vectors, size)
    matrix = np.empty((len(vocabulary), found_vectors.shape[1]), dtype=np.float32)
    known = np.zeros(len(vocabulary), dtype=bool)
    known[rows] = True
    matrix[rows] = found_vectors
    mean, deviation = found_vectors.mean(0), found_vectors.std(0)
    matrix[~known] = np.random.default_rng(seed).normal(
        mean, _SPREAD * deviation, (int((~known).sum()), matrix.shape[1])
    )
    matrix[PAD_ID] = 0.0
    tokens = None if counts is None else float(np.asarray(counts)[rows].sum() / max(np.asarray(counts).sum(), 1))
    return matrix, Coverage(Path(path).name, matrix.shape[1], len(rows), words, tokens)


def _reduced(vectors: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """(N, size) coordinates along the principal components, the strongest first.

    A component's sign is chosen so that its largest entry is positive: the same file gives the same numbers anywhere.
    """
    if not 1 <= size <= min(vectors.shape):
        raise InputError(
            f"`size` must be at least 1 and at most the vectors' width and the words found, here {min(vectors.shape)}, "
            f"got {size}"
        )
    from sklearn.decomposition import PCA  # which takes a second to load

    reduced: NDArray[np.float32] = (
        PCA(size, svd_solver="covariance_eigh").fit_transform(vectors.astype(np.float64)).astype(np.float32)
    )
    return reduced
