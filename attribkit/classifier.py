"""A classifier: a network, the tokenizer it reads with, the labels it knows, and where it came from."""

import copy
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from attribkit import batches, model_folder
from attribkit.capture import Layer, before_last, find_layers
from attribkit.errors import InputError, InputTypeError
from attribkit.models import ARCHITECTURES
from attribkit.reference import Reference
from attribkit.text import Encoded, TextEncoder, TextSettings, Tokenizer, check_encoded, check_text

_AT_ONCE = 1_000  # texts; the tokenizers library's encodings hold far more than the ids that are kept of them


def choose_device(device: str | torch.device | None = None) -> torch.device:
    """The device asked for, else the first accelerator there is, else the CPU.

    Raises: ValueError if the device asked for is unknown or not on this machine.
    """
    if device is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:  # a torch built without CUDA asserts
        raise InputError(f"`device` must name a device of this machine, such as 'cpu', got {str(device)!r}") from error
    return chosen


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """The network in evaluation mode; afterwards, error or not, every module's own mode flag as it was."""
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


class Classifier:
    """Anything that turns texts into labels through a network that keeps the contract of `attribkit.models.Network`.

    It need not have been trained here.

    Attributes:
        network: the network, used as it is and never changed by predicting or explaining.
        tokenizer: text → ids, with each token's place in the text.
        labels: (C,) one per logit, in order.
        name: what pictures call the model.
        provenance: where it came from: data, settings, metrics, versions.
        history: one row per epoch, if it was trained here.
        snapshots: weights by epoch, if any were kept while it was trained.
        reference: points of some texts to place others among, if any are kept.
    """

    def __init__(
        self,
        network: nn.Module,
        tokenizer: TextEncoder,
        labels: Sequence[str],
        *,
        name: str = "model",
        provenance: Mapping[str, Any] | None = None,
        history: pd.DataFrame | None = None,
        device: str | torch.device | None = None,
    ) -> None:
        labels = tuple(str(label) for label in labels)
        if len(labels) < 2 or len(set(labels)) != len(labels):
            raise InputError(
                f"`labels` must be at least two different labels, got {list(labels)}; a yes/no network needs two, wrap "
                "a single-logit one with attribkit.models.adapters.Adapted(network, outputs='logit')"
            )
        if not isinstance(getattr(network, "embedding", None), nn.Embedding):
            raise InputTypeError(
                f"the network must have an `embedding: nn.Embedding`, {type(network).__name__} has none; wrap it with "
                "attribkit.models.adapters.Adapted"
            )
        self.network: Any = network if device is None else network.to(choose_device(device))
        self.tokenizer = tokenizer
        self.labels = labels
        self.name = name
        self.provenance: dict[str, Any] = dict(provenance or {})
        self.history = history
        self.snapshots: dict[int, dict[str, Tensor]] = {}
        self.reference: Reference | None = None

    def __repr__(self) -> str:
        parameters = sum(p.numel() for p in self.network.parameters())
        return (
            f"Classifier({self.name!r}, {type(self.network).__name__}, {parameters:,} parameters, labels={self.labels})"
        )

    @property
    def device(self) -> torch.device:
        """Where the network's embedding is."""
        return self.network.embedding.weight.device

    @property
    def has_attention(self) -> bool:
        """Whether the network can say where it looked."""
        return hasattr(self.network, "attend")

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's tokens.

        Raises: TypeError for what is no string; ValueError for a text that is empty, broken or holds no token. With
            several texts the sentence names the one.
        """
        for number, text in enumerate(texts):
            with _naming(number, texts):
                check_text(text)
        encoded = self.tokenizer.encode(list(texts))
        for number, (text, one) in enumerate(zip(texts, encoded, strict=True)):
            with _naming(number, texts):
                check_encoded(one, text)
        return encoded

    def batch(self, ids: Sequence[NDArray[np.int64]]) -> tuple[Tensor, Tensor]:
        """Ids (B, T) and mask (B, T) on the network's device."""
        padded, mask = batches.pad(ids, self.tokenizer.pad_id)
        return torch.from_numpy(padded).to(self.device), torch.from_numpy(mask).to(self.device)

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Each text's token ids alone, many times faster than `encode`, which also finds their places.

        Raises: as `encode`.
        """
        for number, text in enumerate(texts):
            with _naming(number, texts):
                check_text(text)
        found: list[NDArray[np.int64]] = []
        for start in range(0, len(texts), _AT_ONCE):
            found += self.tokenizer.ids(list(texts[start : start + _AT_ONCE]))
        for number, row in enumerate(found):
            if not len(row):
                with _naming(number, texts):
                    check_encoded(self.tokenizer.encode([texts[number]])[0], texts[number])
        return found

    def inside(self) -> list[Layer]:
        """Every layer that takes part in the network's forward pass, in the order in which they finish."""
        with evaluating(self.network), torch.inference_mode():
            return find_layers(self.network, self.network, self.tokenizer.unk_id, self.device)

    def before_last(self) -> Layer:
        """The layer that the network's last one reads: what it decides by. ValueError if there is none to name."""
        with evaluating(self.network), torch.inference_mode():
            return before_last(self.network, self.network, self.tokenizer.unk_id, self.device)

    def layers(self) -> pd.DataFrame:
        """What `attribkit.layer_outputs` and `attribkit.project` can look into, in the order of the forward pass.

        Returns: one row per layer: `layer` (its name), `module` (what it is) and `shape` (of its output, B texts of T
            tokens). A layer that is called several times is seen at its last call.
        """
        rows = [(layer.name, layer.module, layer.shape) for layer in self.inside() if layer.sizes is not None]
        return pd.DataFrame(rows, columns=["layer", "module", "shape"])

    def logits(self, ids: Sequence[NDArray[np.int64]], batch_size: int | None = None) -> NDArray[np.float64]:
        """Logits (N, C) of encoded texts, in their order; batched by length, without gradients."""
        results = np.zeros((len(ids), len(self.labels)))
        with evaluating(self.network), torch.inference_mode():
            for rows in batches.by_length([len(row) for row in ids], batch_size):
                found = self.network(*self.batch([ids[row] for row in rows]))
                if found.ndim != 2 or found.shape[1] != len(self.labels):
                    raise InputError(
                        f"the network must return logits of shape (B, {len(self.labels)}), one per label, got "
                        f"{tuple(found.shape)}; give `labels` in the order of its outputs"
                    )
                results[rows] = found.double().cpu().numpy()
        return results

    def predict(self, texts: str | Sequence[str], batch_size: int | None = None) -> pd.DataFrame:
        """What the model says of each text.

        Returns: one row per text, in order: text, label, and one column of probabilities per class.
        Raises: as `encode`.
        """
        texts = [texts] if isinstance(texts, str) else list(texts)
        ids = [encoded.ids for encoded in self.encode(texts)]
        probabilities = softmax(self.logits(ids, batch_size))
        best = probabilities.argmax(1) if len(texts) else np.empty(0, dtype=int)
        frame = pd.DataFrame({"text": texts, "label": [self.labels[i] for i in best]})
        return pd.concat([frame, pd.DataFrame(probabilities, columns=list(self.labels))], axis=1)

    def at_epoch(self, epoch: int) -> "Classifier":
        """The classifier as it was after an epoch of its training, 0 = before the first; this one stays as it is.

        Raises: ValueError if no snapshot of that epoch was kept.
        """
        if epoch not in self.snapshots:
            kept = ", ".join(map(str, sorted(self.snapshots)))
            what = f"snapshots of the epochs {kept}" if kept else "no snapshots"
            raise InputError(f"the model keeps {what}, got {epoch!r}; train it with snapshots=[…] for others")
        network = copy.deepcopy(self.network)
        model_folder.fill(network, self.snapshots[epoch])
        return Classifier(
            network, self.tokenizer, self.labels, name=f"{self.name}, epoch {epoch}", provenance=self.provenance
        )

    def on(self, device: str | torch.device | None) -> "Classifier":
        """The classifier itself, or a copy of it elsewhere: the user's own stays where it is."""
        if device is None or choose_device(device).type == self.device.type:
            return self
        moved = copy.copy(self)
        moved.network = copy.deepcopy(self.network).to(choose_device(device))
        return moved

    def fingerprint(self) -> str:
        """A hash of every weight and label as they are now: it changes whenever an answer could."""
        digest = hashlib.blake2b(repr(self.labels).encode(), digest_size=16)
        for name, tensor in self.network.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy())
        return digest.hexdigest()

    def save(self, path: str | Path, *, overwrite: bool = False, half: bool = False) -> Path:
        """Write a model folder: config.json, tokenizer.json, weights.safetensors and a model card; data only.

        With it go the training's history and snapshots and the reference points, if there are any.

        Whole or not at all: until every file is in place, an older model in that folder stays what it was.

        Args:
            path: the folder.
            overwrite: replace the model that is in it.
            half: store the weights in 16 bits, in half the space; loaded, they are 32 bits wide again, rounded.

        Raises:
            FileExistsError: if the folder already holds a model and `overwrite` is False.
            ValueError: if the network or tokenizer is not one of this toolkit's own.
            OSError: if the folder cannot be written.
        """
        architecture = next((n for n, (kind, _) in ARCHITECTURES.items() if type(self.network) is kind), None)
        if architecture is None or not isinstance(self.tokenizer, Tokenizer):
            raise InputError(
                "only this toolkit's own networks and tokenizers can be saved as data, got "
                f"{type(self.network).__name__} with {type(self.tokenizer).__name__}; keep your own class's "
                "state_dict() and build the Classifier anew"
            )
        return model_folder.write(
            Path(path),
            architecture=architecture,
            network=self.network,
            tokenizer=self.tokenizer,
            labels=self.labels,
            name=self.name,
            provenance=self.provenance,
            history=self.history,
            snapshots=self.snapshots,
            reference=self.reference,
            overwrite=overwrite,
            half=half,
        )

    @staticmethod
    def load(path: str | Path, device: str | torch.device | None = None) -> "Classifier":
        """Read a model folder, or a bundled model by its name; on `device`, or the best there is.

        Raises:
            FileNotFoundError: if there is no such folder or name; the sentence lists the bundled names.
            ValueError: if a file is missing, changed, cut short or of a newer format.
        """
        chosen = choose_device(device)
        contents = model_folder.read(model_folder.find(path))
        config = contents.config
        try:
            network_class, settings_class = ARCHITECTURES[config["architecture"]]
            network = network_class(settings_class(**config["settings"]))
            tokenizer = Tokenizer.from_json(contents.tokenizer, TextSettings(**config["text"]))
            labels, name, provenance = config["labels"], config["name"], config["provenance"]
        except (KeyError, TypeError) as error:
            raise InputError(f"this version cannot build the model's settings or architecture ({error})") from error
        model_folder.fill(network, contents.weights)
        classifier = Classifier(
            network.eval(),
            tokenizer,
            labels,
            name=name,
            provenance=provenance,
            history=contents.history,
            device=chosen,
        )
        classifier.snapshots, classifier.reference = contents.snapshots, contents.reference
        return classifier


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities (N, C) of logits (N, C)."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return shifted / shifted.sum(axis=1, keepdims=True)


@contextmanager
def _naming(number: int, texts: Sequence[str]) -> Iterator[None]:
    """Errors about one text of many say which."""
    try:
        yield
    except InputError as error:
        if len(texts) == 1:
            raise
        raise type(error)(f"text {number}: {error}") from error
