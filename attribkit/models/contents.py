"""What is kept of a classifier in a model folder, and what a classifier is made of again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from attribkit.data.split_record import SplitRecord
from attribkit.errors import InputError
from attribkit.models import registry
from attribkit.models.reference import Reference
from attribkit.models.training_features import TrainingFeatures
from attribkit.text.saved_tokenizer import SavedTokenizer
from attribkit.text.settings import TextSettings
from attribkit.text.split_tokenizer import SplitTokenizer, split_of
from attribkit.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Contents:
    """A classifier as data.

    Attributes:
        config: its name, architecture, settings, labels and provenance, and those of the tokenizer as `text`; its task
            and unit, if it is no classifier of one label a text.
        tokenizer: its JSON.
        weights: of the network, by name.
        history: one row per epoch, if it was trained here.
        snapshots: weights by epoch.
        reference: points of some texts, if any are kept.
        training: what the last layer read of the training rows, if that is kept.
        splits: which texts it was trained on, if it was trained here.
    """

    config: dict[str, Any]
    tokenizer: str
    weights: Mapping[str, Tensor]
    history: pd.DataFrame | None
    snapshots: dict[int, dict[str, Tensor]]
    reference: Reference | None
    training: TrainingFeatures | None
    splits: SplitRecord | None

    @staticmethod
    def of(model: Any, half: bool = False) -> "Contents":
        """What is kept of a classifier; its weights in 16 bits if `half`.

        Raises:
            ValueError: if its network or tokenizer is not one of this toolkit's own, or a weight is too large for 16
                bits.
        """
        if model.capabilities.own_spans:
            raise InputError(
                f"a {model.capabilities.kind} cannot be saved as data; keep the code that makes it, and make the "
                "Classifier anew"
            )
        architecture = registry.name_of(model.network)
        if architecture is None or not isinstance(model.tokenizer, Tokenizer):
            raise InputError(
                "only networks known by name and this toolkit's tokenizers can be saved as data, got "
                f"{type(model.network).__name__} with {type(model.tokenizer).__name__}; register its class with "
                "attribkit.register_network, or keep its state_dict() and build the Classifier anew"
            )
        config = {
            "name": model.name,
            "architecture": architecture,
            "settings": asdict(model.network.settings),
            "text": asdict(model.tokenizer.settings),
            "labels": list(model.labels),
            "provenance": model.provenance,
        }
        if isinstance(model.tokenizer, SplitTokenizer):
            config["split"] = {"name": model.tokenizer.name, "digest": model.tokenizer.digest}
            if isinstance(model.tokenizer.split, SavedTokenizer):
                config["split"] |= {"json": model.tokenizer.split.content}
        if model.task != "multiclass":
            config |= {"task": model.task, "unit": model.unit}
        weights = model.network.state_dict()
        return Contents(
            config,
            model.tokenizer.to_json(),
            _halved(weights) if half else weights,
            model.history,
            model.snapshots,
            model.reference,
            model.training_features,
            model.splits,
        )

    def arguments(self, tokenizer: Any = None) -> dict[str, Any]:
        """What a `Classifier` is called with; the network, with its weights, in eval mode.

        Args:
            tokenizer: the user's own that the model was trained with, if any.

        Raises:
            ValueError: if the config is one that this version does not know, or the weights do not fit it.
        """
        config = self.config
        try:
            network = registry.architecture(config["architecture"]).build(**config["settings"])
            text = TextSettings(**config["text"])
            named = {name: config[name] for name in ("labels", "name", "provenance")}
            named |= {name: config[name] for name in ("task", "unit") if name in config}
        except (KeyError, TypeError) as error:
            raise InputError(f"this version cannot build the model's settings or architecture ({error})") from error
        words = self._tokenizer(text, tokenizer)
        fill(network, self.weights)
        return {"network": network.eval(), "tokenizer": words, "history": self.history, **named}

    def _tokenizer(self, text: TextSettings, own: Any) -> Tokenizer:
        """The tokenizer, with the user's own splitter if the model was trained with one, and with no other."""
        usual, trained = Tokenizer.from_json(self.tokenizer, text), self.config.get("split")
        if trained is None:
            if own is not None:
                raise InputError("the model has this package's tokenizer; leave `tokenizer` out")
            return usual
        if own is None and "json" in trained:
            own = SavedTokenizer(trained["json"])
        if own is None:
            raise InputError(
                f"the model was trained with a tokenizer of yours, {trained['name']!r}, and a folder holds no code; "
                "pass it: attribkit.load(folder, tokenizer=…)"
            )
        split = SplitTokenizer(usual.vocabulary, text, split_of(own))
        if split.digest != trained["digest"]:
            raise InputError(
                f"`tokenizer` splits texts otherwise than {trained['name']!r}, with which the model was trained; pass "
                "that one, unchanged"
            )
        return split


def fill(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights into a network of their shapes; half-precision storage is widened to the network's own type.

    Raises:
        ValueError: if names or shapes do not fit.
    """
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise InputError(f"the weights do not fit the model's settings ({error}); save the model anew") from error


def _halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The floating-point tensors in 16 bits.

    Raises:
        ValueError: for a weight too large for them.
    """
    halved = {key: value.half() if value.is_floating_point() else value for key, value in tensors.items()}
    for key, value in halved.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise InputError(f"the weights {key!r} do not fit into 16 bits; save them without `half`")
    return halved
