"""The options of a training, and to which settings each belongs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from numbers import Real
from typing import Any, Literal

from attribkit.errors import InputError, InputTypeError, did_you_mean
from attribkit.models import registry
from attribkit.text.settings import TextSettings


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained. Epochs count from 1; 0 is the moment before the first.

    Attributes:
        epochs: the most epochs.
        learning_rate: Adam's learning rate.
        unfrozen_learning_rate: the learning rate from the epoch on in which the embedding is trained, after
            `freeze_epochs`; None keeps the one before.
        batch_size: the most texts in a batch.
        batch_tokens: the most tokens in a batch, padding included; a longer text is a batch by itself.
        patience: epochs without a lower validation loss after which training stops; None never stops early.
        gradient_clip: the largest norm of all gradients together; None does not limit it.
        weight_decay: share of each weight, times the learning rate, subtracted at each step (AdamW).
        plateau: factor on the learning rate after an epoch without a lower validation loss; None keeps it.
        word_dropout: share of every text's tokens replaced by PAD at each step, so that the network depends on no
            single word, and texts from which words are removed to test an explanation resemble those seen in training.
        averaging: how much of the weights' moving average stays at each step, such as 0.99; the average is what is
            validated and kept. None validates and keeps the weights as they are.
        class_weights: "balanced" weights a text by N / (C · texts of its class), in training and validation loss.
        freeze_epochs: for how many epochs the embedding stays bit-identical.
        precision: "bfloat16" multiplies matrices in 16 bits while training; weights, losses and validation stay in 32;
            it is refused if torch has no bfloat16 for one of the network's layers on that processor. "auto" does so if
            the processor has instructions for it and torch has every layer in it, "float32" never.
        max_train_length: the most tokens of a text that are read while training; None reads as many as the tokenizer
            does.
        snapshots: epochs whose weights are kept, 0 = before training.
        seed: the same seed on the same machine gives the same weights, bit for bit on a CPU.
    """

    epochs: int = 10
    learning_rate: float = 1e-3
    unfrozen_learning_rate: float | None = None
    batch_size: int = 64
    batch_tokens: int = 32_768
    patience: int | None = 2
    gradient_clip: float | None = 1.0
    weight_decay: float = 0.0
    plateau: float | None = None
    word_dropout: float = 0.0
    averaging: float | None = None
    class_weights: Literal["balanced"] | None = None
    freeze_epochs: int = 0
    precision: Literal["auto", "bfloat16", "float32"] = "float32"
    max_train_length: int | None = None
    snapshots: tuple[int, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least, optional in (
            ("epochs", 1, False),
            ("batch_size", 1, False),
            ("batch_tokens", 1, False),
            ("patience", 1, True),
            ("freeze_epochs", 0, False),
            ("max_train_length", 1, True),
            ("seed", 0, False),
        ):
            _check_integer(name, getattr(self, name), least, optional)
        for name, most, optional in (
            ("learning_rate", float("inf"), False),
            ("unfrozen_learning_rate", float("inf"), True),
            ("gradient_clip", float("inf"), True),
            ("plateau", 1.0, True),
            ("averaging", 1.0, True),
        ):
            _check_number(name, getattr(self, name), most, optional)
        if self.weight_decay != 0:
            _check_number("weight_decay", self.weight_decay, float("inf"), False)
        if self.word_dropout != 0:
            _check_number("word_dropout", self.word_dropout, 1.0, False)
        if self.unfrozen_learning_rate is not None and not self.freeze_epochs:
            raise InputError("`unfrozen_learning_rate` needs `freeze_epochs` of at least 1, got 0; set `learning_rate`")
        if self.class_weights not in (None, "balanced"):
            raise InputError(f"`class_weights` must be 'balanced' or None, got {self.class_weights!r}")
        if self.precision not in ("auto", "bfloat16", "float32"):
            raise InputError(f"`precision` must be 'auto', 'bfloat16' or 'float32', got {self.precision!r}")
        if isinstance(self.snapshots, str) or not isinstance(self.snapshots, Sequence):
            raise InputTypeError(f"`snapshots` must be a list of epochs such as [0, 1], got {self.snapshots!r}")
        for epoch in self.snapshots:
            _check_integer("snapshots", epoch, 0, False)
            if epoch > self.epochs:
                raise InputError(f"`snapshots` must be epochs from 0 to {self.epochs}, got {epoch}")
        object.__setattr__(self, "snapshots", tuple(sorted(set(self.snapshots))))


def _check_integer(name: str, value: object, least: int, optional: bool) -> None:
    if optional and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputTypeError(f"`{name}` must be an integer, got {value!r}")
    if value < least:
        raise InputError(f"`{name}` must be at least {least}, got {value}")


def _check_number(name: str, value: object, most: float, optional: bool) -> None:
    if optional and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputTypeError(f"`{name}` must be a number, got {value!r}")
    if not 0 < float(value) < most:
        below = "" if most == float("inf") else f" and below {most:g}"
        raise InputError(f"`{name}` must be above 0{below}, got {value}")


@dataclass(frozen=True)
class Options:
    """The options of one training by settings class; `network` lacks what the data decide."""

    architecture: str
    training: TrainingSettings
    network: Mapping[str, Any]
    text: TextSettings


def sort_options(architecture: str, options: Mapping[str, Any], text: TextSettings | None = None) -> Options:
    """Assign each option to the settings that have its name: of the training, the network or the text.

    Args:
        architecture: a name in `attribkit.models.registry.ARCHITECTURES`.
        options: values by name; those left out have the architecture's defaults.
        text: how texts are split; options by name change it.

    Raises:
        ValueError: if the architecture is unknown or a value is out of its range.
        TypeError: if an option is unknown (the sentence suggests the nearest name) or of the wrong kind.
    """
    known_network = registry.architecture(architecture)
    names = {
        "training": {field.name for field in fields(TrainingSettings)},
        "network": known_network.options,
        "text": {field.name for field in fields(TextSettings)},
    }
    known = set().union(*names.values())
    for name in options:
        if name not in known:
            raise InputTypeError(_unknown(name, architecture, known))
    defaults = dict(known_network.defaults)
    if text is not None:  # whoever passes text settings has chosen all of them
        defaults = {name: value for name, value in defaults.items() if name not in names["text"]}
    values = defaults | dict(options)
    part = {kind: {name: value for name, value in values.items() if name in names[kind]} for kind in names}
    return Options(
        architecture,
        TrainingSettings(**part["training"]),
        part["network"],
        replace(text or TextSettings(), **part["text"]),
    )


def _unknown(name: str, architecture: str, known: set[str]) -> str:
    if name in ("vocabulary", "classes"):
        return f"`{name}` is decided by the data and cannot be set; limit the vocabulary with `vocabulary_size`"
    hint = did_you_mean(name, sorted(known), f"the options are {', '.join(sorted(known))}")
    return f"training {architecture!r} has no option {name!r}{hint}"


def as_json(settings: Any) -> dict[str, Any]:
    """A settings dataclass as it is after a round trip through JSON: tuples are lists."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(settings).items()}
