"""A body that makes vectors of texts, of sentence-transformers, with a head that classifies them, as SetFit has it."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from attribkit.errors import InputError, InputTypeError
from attribkit.huggingface.architectures import Pooling

_PROBES = 16  # vectors by which a scikit-learn head is compared with its copy
_CLOSE = 1e-5
_POOLING: dict[str, Pooling] = {"cls": "first", "mean": "mean", "lasttoken": "last"}


def _chosen(config: dict[str, Any], mode: str) -> bool:
    """Whether a pooling module's settings name a mode: as one word, or in older versions by a switch of its own."""
    switches = {"cls": "cls_token", "mean": "mean_tokens"}
    return config.get("pooling_mode") == mode or bool(config.get(f"pooling_mode_{switches.get(mode, mode)}"))


class HeadedBody(nn.Module):
    """A sentence-transformers body and a linear head as one model: token ids to logits.

    Args:
        body: a `SentenceTransformer`, used as it is.
        head: from its vectors to logits.
    """

    def __init__(self, body: Any, head: nn.Linear) -> None:
        super().__init__()
        self.body, self.head = body, head
        self.config: Any = self.base_model.config

    @property
    def pooling(self) -> Pooling:
        """Whose vector the body puts out; of several together, the mean."""
        modes = [module.get_config_dict() for module in self.body if type(module).__name__ == "Pooling"]
        chosen = {mode for config in modes for mode in _POOLING if _chosen(config, mode)}
        return _POOLING[chosen.pop()] if len(chosen) == 1 else "mean"

    @property
    def base_model(self) -> Any:
        """The transformer in the body."""
        from transformers import PreTrainedModel

        return next(module for module in self.body.modules() if isinstance(module, PreTrainedModel))

    def get_input_embeddings(self) -> Any:
        """The layer that looks up words."""
        return self.base_model.get_input_embeddings()

    def forward(self, **inputs: Tensor) -> Tensor:
        """Logits (B, C)."""
        logits: Tensor = self.head(self.body(inputs)["sentence_embedding"])
        return logits


def linear_head(head: Any) -> tuple[nn.Linear, tuple[str, ...]]:
    """A head as a linear layer that gives a logit for each label, and the labels.

    Args:
        head: an `nn.Linear` with an output for each label, or a linear classifier of scikit-learn with `predict_proba`.

    Raises:
        InputTypeError: for anything else.
        InputError: for a head whose probabilities are no softmax of a linear function.
    """
    if isinstance(head, nn.Linear):
        if head.out_features < 2:
            raise InputError("the head must have an output for each of two labels or more, got one")
        return head, tuple(f"LABEL_{number}" for number in range(head.out_features))
    if not all(hasattr(head, part) for part in ("coef_", "intercept_", "classes_", "predict_proba")):
        raise InputTypeError(
            f"a head of scikit-learn that was fitted, with coef_ and predict_proba, or an nn.Linear was expected, got "
            f"{type(head).__name__}"
        )
    weights, bias = np.atleast_2d(head.coef_), np.atleast_1d(head.intercept_)
    if len(weights) == 1:  # of two labels the second one's log-odds
        weights, bias = np.vstack([np.zeros_like(weights), weights]), np.append(0.0, bias)
    layer = nn.Linear(weights.shape[1], len(weights))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights))
        layer.bias.copy_(torch.from_numpy(bias))
        probes = np.random.default_rng(0).normal(size=(_PROBES, weights.shape[1])) / np.sqrt(weights.shape[1])
        own = layer(torch.from_numpy(probes).float()).softmax(1).numpy()
    if np.abs(own - head.predict_proba(probes)).max() > _CLOSE:
        raise InputError(
            f"the probabilities of {type(head).__name__} are no softmax of a linear function; give a "
            "LogisticRegression over all labels at once"
        )
    return layer, tuple(str(label) for label in head.classes_)
