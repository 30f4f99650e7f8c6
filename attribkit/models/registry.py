"""The networks that can be trained, saved and loaded by name; `register_network` adds a user's own."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, cast

from torch import nn

from attribkit.errors import InputError, InputTypeError, did_you_mean
from attribkit.models import keeps_contract
from attribkit.models.attention_rnn import AttentionRNN, AttentionRNNSettings
from attribkit.models.cnn import CNNSettings, TextCNN
from attribkit.models.lstm import LSTMClassifier, LSTMSettings

_SIZES = {"vocabulary", "classes"}
_PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True)
class Architecture:
    """How a network is made.

    Attributes:
        network: the class, made from its settings alone, which it keeps as `settings`.
        settings: a dataclass of numbers, strings and lists of them; it has `vocabulary` and `classes`.
        defaults: options of a training with this network that differ from the usual ones.
    """

    network: type[nn.Module]
    settings: Callable[..., Any]
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> set[str]:
        """The settings that a user chooses; the others follow from the data."""
        return {option.name for option in fields(cast(Any, self.settings))} - _SIZES

    def build(self, **settings: Any) -> Any:
        """A network with new weights.

        Raises:
            TypeError: for a setting that it does not have.
            InputTypeError: if a setting is no plain value, or the network does not keep the contract of
                `attribkit.models.Network`.
        """
        chosen = self.settings(**settings)
        try:
            json.dumps(asdict(chosen), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InputTypeError(
                f"the settings of a network must be numbers, strings and lists of them, {chosen!r} are not ({error})"
            ) from error
        network = self.network(chosen)
        if not keeps_contract(network) or getattr(network, "settings", None) != chosen:
            raise InputTypeError(
                f"a network must have an `embedding: nn.Embedding` and keep its `settings`, {self.network.__name__} "
                "does not; set both in its __init__"
            )
        return network


_RECURRENT = {"max_train_length": 256, "max_length": 512, "precision": "auto"}  # they take time with a text's length

ARCHITECTURES: dict[str, Architecture] = {
    "cnn": Architecture(TextCNN, CNNSettings, {"max_train_length": 400, "precision": "auto"}),
    "attention-rnn": Architecture(AttentionRNN, AttentionRNNSettings, _RECURRENT),
    "lstm": Architecture(LSTMClassifier, LSTMSettings, _RECURRENT),
}


def register_network(
    name: str, network: type[nn.Module], settings: type, *, defaults: Mapping[str, Any] | None = None
) -> None:
    """Make your own network trainable, savable and loadable by name, like the built-in ones.

    Call it in the module that defines the network. A model folder holds data only, never code: to load a saved model,
    import that module first; on the command line `attribkit --import MODULE …` does.

    Args:
        name: what `attribkit.train` and model folders call it.
        network: its class. It is made from its settings alone, keeps them as `settings`, and keeps the contract of
            `attribkit.models.Network`: an `embedding`, and a forward pass from ids (B, T) int64 and mask (B, T) bool to
            logits (B, C).
        settings: a dataclass of numbers, strings and lists of them. The fields `vocabulary` (rows of the embedding) and
            `classes` are filled in; every other field is an option of `attribkit.train`.
        defaults: training options whose default differs for this network.

    Raises:
        InputTypeError: if `network` is no class of modules, or `settings` no dataclass with both fields.
        InputError: if the name is taken by another network.

    Example:
        >>> from dataclasses import dataclass
        >>> from torch import nn
        >>> import attribkit as ak
        >>> @dataclass(frozen=True)
        ... class MeanSettings:
        ...     vocabulary: int
        ...     classes: int
        ...     embedding_size: int = 16
        >>> class Mean(nn.Module):
        ...     def __init__(self, settings):
        ...         super().__init__()
        ...         self.settings = settings
        ...         self.embedding = nn.Embedding(settings.vocabulary, settings.embedding_size)
        ...         self.output = nn.Linear(settings.embedding_size, settings.classes)
        ...     def forward(self, ids, mask):
        ...         real = mask.unsqueeze(-1)
        ...         return self.output((self.embedding(ids) * real).sum(1) / real.sum(1))
        >>> ak.register_network("mean", Mean, MeanSettings)
        >>> ak.train("mean", ak.load_dataset("demo").sample(200), epochs=1, seed=0).name
        'demo-mean'
    """
    if not isinstance(name, str) or not name:
        raise InputTypeError(f"`name` must be a text such as 'mine', got {name!r}")
    if not isinstance(network, type) or not issubclass(network, nn.Module):
        raise InputTypeError(
            f"`network` must be a class of torch modules, got {network!r}; give the class, not a network"
        )
    if not is_dataclass(settings) or not {option.name for option in fields(settings)} >= _SIZES:
        raise InputTypeError(
            f"`settings` must be a dataclass with the fields vocabulary and classes, got {settings!r}; the network "
            "is made from it"
        )
    known = ARCHITECTURES.get(name)
    if known is not None and _place(known.network) != _place(network):
        raise InputError(f"the name {name!r} is taken by {'.'.join(_place(known.network))}; choose another name")
    ARCHITECTURES[name] = Architecture(network, settings, dict(defaults or {}))


def architecture(name: str) -> Architecture:
    """The architecture of that name.

    Raises:
        InputError: if there is none; the sentence suggests the nearest name.
    """
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    hint = did_you_mean(name, ARCHITECTURES)
    raise InputError(
        f"`architecture` must be one of {', '.join(ARCHITECTURES)}, got {name!r}{hint or ';'} a network of your own is "
        "known once the module that calls attribkit.register_network is imported (attribkit --import MODULE)"
    )


def name_of(network: object) -> str | None:
    """The name under which a network's class is registered; None if it is not."""
    return next((name for name, known in ARCHITECTURES.items() if type(network) is known.network), None)


def is_builtin(network: object) -> bool:
    """Whether a network is one of this package's own."""
    return type(network).__module__.partition(".")[0] == _PACKAGE and name_of(network) is not None


def modules() -> set[str]:
    """The modules that define the registered networks."""
    return {known.network.__module__ for known in ARCHITECTURES.values()}


def _place(network: type[nn.Module]) -> tuple[str, str]:
    return network.__module__, network.__qualname__
