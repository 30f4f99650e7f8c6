"""Networks, classifiers and model folders; every network keeps the contract below."""

from typing import Protocol

from torch import Tensor, nn

from attribkit.errors import InputTypeError
from attribkit.models.attention_rnn import AttentionRNN, AttentionRNNSettings
from attribkit.models.cnn import CNNSettings, TextCNN
from attribkit.models.lstm import LSTMClassifier, LSTMSettings

__all__ = [
    "AttentionRNN",
    "AttentionRNNSettings",
    "CNNSettings",
    "LSTMClassifier",
    "LSTMSettings",
    "Network",
    "TextCNN",
    "check_contract",
    "keeps_contract",
]


class Network(Protocol):
    """The contract of a network: ids (B, T) int64 and mask (B, T) bool, real tokens first, to logits (B, C), C ≥ 2.

    A network with attention also has `attend(ids, mask) -> (logits, weights (B, T))`. One with a closed form of
    integrated gradients has `convolutions` and `output`; that its logits are those of the closed form is checked
    (`attribkit.attribution.cnn.closed_form_check`). One whose gradients need texts of one length says so by
    `equal_lengths = True`. One whose words pass through no `nn.Embedding` has None there.
    """

    embedding: nn.Embedding | None

    def __call__(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C)."""
        ...


def keeps_contract(network: object) -> bool:
    """Whether an object has what `Network` names: an `embedding` that is an `nn.Embedding`, or None, and a call.

    Not `isinstance` with a runtime-checkable protocol: since Python 3.12 that does not see the submodules of a module.
    """
    embedding = getattr(network, "embedding", network)
    return callable(network) and (embedding is None or isinstance(embedding, nn.Embedding))


def check_contract(network: object) -> None:
    """Refuse what does not keep the contract of `Network`.

    Raises:
        TypeError: if it cannot be called or has no `embedding`.
    """
    name = type(network).__name__
    if not callable(network):
        raise InputTypeError(
            f"the network must be callable, as logits = network(ids, mask), {name} is not; wrap it with "
            "attribkit.models.adapters.Adapted"
        )
    if not keeps_contract(network):
        raise InputTypeError(
            f"the network must have an `embedding: nn.Embedding`, {name} has none; wrap it with "
            "attribkit.models.adapters.Adapted"
        )
