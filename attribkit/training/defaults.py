"""A training's options where the user leaves them out: by the number of rows, their length and their labels."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from attribkit.data import Dataset
from attribkit.data.label_cells import counted_labels
from attribkit.models import registry
from attribkit.plurals import number_of
from attribkit.text.language import WITHOUT_SPACES, language_of
from attribkit.text.settings import TextSettings

_FEWEST, _FEW = 2_000, 8_000
"""Training texts up to which small batches and short vectors help; up to which every word does."""

_STEPS, _MOST_EPOCHS, _FEWEST_EPOCHS = 12_000, 40, 8
"""Steps that a training should at least be allowed, for it stops by itself."""

_LONG, _LONGEST = 400, 1_000
"""Tokens of a long text, of which the CNN then reads more while training, and the most that it reads."""

_RARE = 5
"""How much rarer than the mean a label is before it is weighted up."""

_TUNED = ("cnn", "attention-rnn", "lstm")
"""Networks that get more than epochs, batches and patience; what they get was tried out on the CNN."""

_PHRASES = {
    "epochs": "at most {} epochs",
    "batch_size": "batches of {}",
    "patience": "stopping after {} epochs without progress",
    "learning_rate": "Adam's step {:g}",
    "word_dropout": "{:.0%} of the words blanked",
    "averaging": "weights averaged ({})",
    "min_frequency": "least count of a word that is kept {}",
}
"""How a sentence says an option."""


@dataclass(frozen=True)
class Defaults:
    """The options of `attribkit.train` that the data decide, with sentences that say why.

    Attributes:
        options: by name.
        sentences: why.
    """

    options: Mapping[str, Any]
    sentences: tuple[str, ...]


def defaults(
    architecture: str,
    data: Dataset,
    given: Mapping[str, Any],
    *,
    vectors: bool = False,
    text_settings: TextSettings | None = None,
) -> Defaults:
    """Choose by the number of training texts, their length, the labels' shares, the language, and the vectors.

    Args:
        architecture: the network's name; what is tuned for the CNN alone is left out for another.
        data: split and cleaned.
        given: options that the user chose, which stay, whatever they are; each takes the place of itself alone.
        vectors: whether the embedding begins with pretrained vectors.
        text_settings: how texts are cut into tokens, if the user chose that; all of it then stays.

    Example:
        >>> import attribkit as ak
        >>> from attribkit.training.defaults import defaults
        >>> chosen = defaults("cnn", ak.load_dataset("demo"), {"batch_size": 64})
        >>> chosen.options["epochs"], "batch_size" in chosen.options
        (40, False)
    """
    rows = len(data.train)
    few = rows <= _FEW
    batch = given.get("batch_size", 32 if rows <= _FEWEST else 64)
    epochs = int(min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, -(-_STEPS * batch // rows))))
    options: dict[str, Any] = {"epochs": epochs, "batch_size": batch, "patience": 5 if few else 3}
    tuned = architecture in _TUNED
    if tuned:
        options |= _regularised(architecture, rows, vectors, given.get("epochs", epochs))
    decided = {*given, *(() if tuned else registry.architecture(architecture).defaults)}
    if text_settings is not None:
        decided |= {field.name for field in fields(TextSettings)}
    phrases = [
        phrase.format(options[name]) for name, phrase in _PHRASES.items() if name in options and name not in decided
    ]
    sentences = [f"{number_of(rows, 'training text')}: {', '.join(phrases)}"] if phrases else []
    for more, sentence in (_of_texts(architecture, data), _of_labels(data)):
        options |= more
        sentences += [sentence] if sentence and not decided.issuperset(more) else []
    return Defaults({name: value for name, value in options.items() if name not in decided}, tuple(sentences))


def _of_texts(architecture: str, data: Dataset) -> tuple[dict[str, Any], str]:
    """How much of long texts is read, and whether words or characters."""
    options: dict[str, Any] = {}
    longest = int(data.train["text"].str.count(r"\S+").quantile(0.95))
    if architecture == "cnn" and longest > _LONG:
        options["max_train_length"] = min(_LONGEST, longest)
    language = language_of(data.train["text"].tolist())
    if language not in WITHOUT_SPACES:
        return options, ""
    return options | {"level": "character"}, f"{language} is written without spaces: read character by character"


def _of_labels(data: Dataset) -> tuple[dict[str, Any], str]:
    """Whether rare labels are weighted up."""
    if data.task != "multiclass":
        return {}, ""
    counts = counted_labels(data.train["label"])
    rarest = min(counts, key=counts.__getitem__)
    if counts[rarest] * _RARE * len(counts) >= len(data.train):
        return {}, ""
    sentence = f"rare labels ({rarest!r} has {number_of(counts[rarest], 'text')}): they are weighted up"
    return {"class_weights": "balanced"}, sentence


def _regularised(architecture: str, rows: int, vectors: bool, epochs: int) -> dict[str, Any]:
    """What keeps few texts from being learnt by heart, chosen on validation texts by benchmarks/defaults.py."""
    options: dict[str, Any] = {
        "learning_rate": 0.002,
        "word_dropout": 0.1,
        "averaging": 0.99,
        "min_frequency": 1 if rows <= _FEW else 2,
    }
    if vectors:
        options["freeze_epochs"] = min(2, epochs // 2)
    else:
        options["embedding_size"] = 200 if rows <= _FEWEST else 300
    if architecture == "cnn":
        options |= {"widths": (1, 2, 3), "filters": 100}
    return options
