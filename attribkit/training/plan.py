"""From texts and options to a network, a tokenizer and vectors: everything before the first step."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import torch

from attribkit.data import Dataset, load_dataset
from attribkit.data.readers import SPLITS
from attribkit.data.source import Source
from attribkit.errors import InputError, InputTypeError
from attribkit.models import precision, registry
from attribkit.progress import Progress
from attribkit.task import Task
from attribkit.text.split_tokenizer import SplitTokenizer
from attribkit.text.tokenizer import Tokenizer
from attribkit.text.word_index import Split
from attribkit.training.encoding import Texts, encode
from attribkit.training.glove import Coverage, read_vectors
from attribkit.training.objectives import Standard, check_last_layer
from attribkit.training.settings import Options, as_json

Trainable: TypeAlias = Dataset | pd.DataFrame | Mapping[str, pd.DataFrame] | Source | str | Path
"""Labelled texts, as `train` takes them."""


@dataclass(frozen=True)
class Plan:
    """Everything decided before the first step."""

    options: Options
    tokenizer: Tokenizer
    labels: tuple[str, ...]
    texts: Texts
    validation: Texts
    network: Any
    vectors: dict[str, Any] | None
    task: Task = "multiclass"
    standard: Standard | None = None

    @property
    def cropped(self) -> Texts:
        """The training texts, cut to the length that is read while training."""
        return self.texts.cropped(self.options.training.max_train_length, self.options.text.truncate)

    def identity(self, data: Dataset) -> dict[str, Any]:
        """What must be the same in a resumed training as in the interrupted one."""
        task: dict[str, Any] = {} if self.task == "multiclass" else {"task": self.task}
        if isinstance(self.tokenizer, SplitTokenizer):
            task |= {"split": self.tokenizer.digest}
        return task | {
            "architecture": self.options.architecture,
            "network": as_json(self.network.settings),
            "text": as_json(self.options.text),
            "training": as_json(self.options.training),
            "data": data.fingerprint,
            "vectors": self.vectors,
        }


def labelled_data(
    data: Trainable,
    text: str | None,
    label: str | None,
    progress: bool | Progress | None,
    task: str | None = None,
    label_separator: str | None = None,
    encoding: str | None = None,
) -> Dataset:
    """The data set itself, or one made of a table, a name or a path.

    Args:
        data: a `Dataset`, or anything that `load_dataset` takes.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        progress: as `attribkit.progress.shown` takes it.
        task: as `load_dataset` takes it; of a `Dataset` its own.
        label_separator: as `load_dataset` takes it.
        encoding: of a file, as `load_dataset` takes it.

    Raises:
        TypeError: for texts without labels.
        ValueError: as `load_dataset`; for a data set of another task.
    """
    if isinstance(data, Dataset):
        if text is not None or label is not None or encoding is not None:
            raise InputError(
                "`text`, `label` and `encoding` say how a table or file is read, a Dataset has been read; leave them "
                "out"
            )
        if task not in (None, data.task) or label_separator is not None:
            raise InputError(
                f"the labels of {data.name!r} are {data.task}, got task={task!r} and "
                f"label_separator={label_separator!r}; give them to attribkit.load_dataset"
            )
        return data
    if not isinstance(data, (pd.DataFrame, Mapping, Source, str, Path)):
        raise InputTypeError(
            f"`data` must be labelled texts, got {type(data).__name__}; give a table with a column of labels, a data "
            "set's name or a file, or make a Dataset with attribkit.load_dataset(…)"
        )
    return load_dataset(
        data,
        text=text,
        label=label,
        encoding=encoding,
        task=task,
        label_separator=label_separator,
        progress=progress,
    )


def check_data(data: Dataset) -> None:
    """Check that the data can be trained on.

    Raises:
        ValueError: if the labels of the splits do not fit together, or a text of them holds half of a surrogate pair.
    """
    for split in SPLITS:
        for row, text in getattr(data, split)["text"].items():
            if isinstance(text, str) and not text.isascii() and re.search("[\ud800-\udfff]", text):
                raise InputError(
                    f"the {split} text of row {row} of {data.name!r} holds a lone surrogate, which is no character; "
                    "repair it with text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')"
                )
    if data.task != "multiclass":
        if not len(data.train) or not data.labels:
            raise InputError(
                f"training needs labelled texts, {data.name!r} has none to train on; check the label column"
            )
        return
    if len(data.labels) < 2:
        raise InputError(
            f"training needs at least two classes, the training texts of {data.name!r} have "
            f"{', '.join(map(repr, data.labels)) or 'none'}; check the label column"
        )
    for split in ("validation", "test"):
        unseen = sorted(set(getattr(data, split)["label"].astype(str)) - set(data.labels))
        if unseen:
            raise InputError(
                f"the {split} texts have labels that training does not: {', '.join(map(repr, unseen))}; training has "
                f"{', '.join(map(repr, data.labels))}"
            )


def check_task_options(data: Dataset, options: Options, unit: str | None) -> None:
    """Check that the options go with the task of the data.

    Raises:
        ValueError: for weights of classes or a unit where there are none.
    """
    if data.task == "regression" and options.training.class_weights is not None:
        raise InputError("`class_weights` weigh labels, and a regression has none; leave it out")
    if data.task != "regression" and unit is not None:
        raise InputError(
            f"`unit` is that of a regression's number, the labels of {data.name!r} are {data.task}; leave it out"
        )


def check_precision(options: Options, device: torch.device) -> None:
    """Check that the device has the precision for every layer of the network.

    Raises:
        ValueError: if it lacks it; the sentence names the layer.
    """
    if options.training.precision != "bfloat16":
        return
    with torch.device("meta"):  # its layers, none of their weights
        network = registry.architecture(options.architecture).build(vocabulary=1, classes=2, **options.network)
    precision.check_bfloat16(network, device)


def prepare(
    data: Dataset,
    options: Options,
    glove: str | Path | None,
    vector_size: int | None,
    progress: Progress,
    split: Split | None = None,
) -> Plan:
    """Train the tokenizer, encode the texts, make the network and fill its embedding.

    Args:
        data: the texts.
        options: of the training, the network and the text.
        glove: a file of pretrained vectors, if any.
        vector_size: as `attribkit.train` takes it.
        progress: called as `attribkit.progress.Progress` says.
        split: the user's function that splits texts; None for this package's tokenizer.

    Raises:
        ValueError: if a split or a class is left without texts, or the vectors do not fit.
    """
    texts_read = data.train["text"]
    if split is None:
        tokenizer = Tokenizer.train(texts_read, options.text)
    else:
        tokenizer = SplitTokenizer.learnt(texts_read, options.text, split)
    labels = data.labels
    texts = encode(tokenizer, data.train, labels, data.task)
    validation = encode(tokenizer, data.validation, labels, data.task)
    if not len(validation):
        raise InputError(
            "the validation split holds no text, and the best epoch is chosen on it; give load_dataset a share, such "
            "as validation=0.1"
        )
    if data.task == "multiclass":
        present = set(texts.labels.tolist())
        lost = [label for place, label in enumerate(labels) if place not in present]
        if lost:
            raise InputError(f"no training text of {', '.join(map(repr, lost))} holds a token; check the text settings")
    elif not len(texts):
        raise InputError("no training text holds a token; check the text settings")
    standard = None
    if data.task == "regression":
        standard = Standard.of(texts.labels)
        texts, validation = (replace(part, labels=standard.standardised(part.labels)) for part in (texts, validation))
    chosen = dict(options.network)
    matrix, vectors = None, None
    if glove is not None:
        counts = texts.counts(len(tokenizer))
        matrix, coverage = read_vectors(
            glove,
            tokenizer.vocabulary,
            size=vector_size,
            counts=counts,
            seed=options.training.seed,
            progress=progress,
        )
        if chosen.setdefault("embedding_size", coverage.size) != coverage.size:
            raise InputError(
                f"the vectors in {coverage.file} are {coverage.size} wide, `embedding_size` is "
                f"{chosen['embedding_size']}; leave `embedding_size` out, or reduce them with `vector_size`"
            )
        vectors = _describe(coverage, matrix)
    made = registry.architecture(options.architecture)
    network = made.build(vocabulary=len(tokenizer), classes=len(labels), **chosen)
    if matrix is not None:
        with torch.no_grad():
            network.embedding.weight.copy_(torch.from_numpy(matrix))
    if standard is not None:
        check_last_layer(network)
    return Plan(options, tokenizer, labels, texts, validation, network, vectors, data.task, standard)


def _describe(coverage: Coverage, matrix: np.ndarray) -> dict[str, Any]:
    return {
        "file": coverage.file,
        "size": coverage.size,
        "words_found": coverage.found,
        "share_of_vocabulary": coverage.share,
        "share_of_training_tokens": coverage.tokens,
        "sha256": hashlib.sha256(matrix.tobytes()).hexdigest(),
    }
