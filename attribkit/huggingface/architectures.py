"""What differs between the architectures of `transformers`, as far as an explanation must know."""

from dataclasses import dataclass
from typing import Any, Literal

Pooling = Literal["first", "mean", "last", "end of text"]

_HUGE = 1_000_000  # tokens: a tokenizer's `model_max_length` of 1e30 says that none is known


@dataclass(frozen=True)
class Architecture:
    """One family of models.

    Attributes:
        pooling: whose vector the head reads: the first token's, the last one's, that of the one that ends a text, or
            the mean.
        offset: how many positions the table keeps for padding, so that a text may be that much shorter.
        bounded: whether positions are looked up in a table, which ends.
        adds_positions: whether positions' vectors are added before the embeddings are normalised, so that a zero vector
            is harmless.
        switches_attention: whether its forward pass exchanges attention modules after a short text.
    """

    pooling: Pooling = "first"
    offset: int = 0
    bounded: bool = True
    adds_positions: bool = True
    switches_attention: bool = False


ARCHITECTURES: dict[str, Architecture] = {
    "albert": Architecture(),
    "bart": Architecture("end of text"),
    "bert": Architecture(),
    "big_bird": Architecture(switches_attention=True),
    "camembert": Architecture(offset=2),
    "deberta": Architecture(adds_positions=False, bounded=False),
    "deberta-v2": Architecture(adds_positions=False, bounded=False),
    "distilbert": Architecture(),
    "electra": Architecture(),
    "funnel": Architecture(adds_positions=False, bounded=False),
    "gpt2": Architecture("last"),
    "llama": Architecture("last", adds_positions=False),
    "longformer": Architecture(offset=2),
    "mistral": Architecture("last", adds_positions=False),
    "mobilebert": Architecture(),
    "modernbert": Architecture(adds_positions=False),
    "mpnet": Architecture(offset=2),
    "qwen2": Architecture("last", adds_positions=False),
    "roberta": Architecture(offset=2),
    "t5": Architecture("end of text", adds_positions=False, bounded=False),
    "xlm-roberta": Architecture(offset=2),
    "xlnet": Architecture("last", adds_positions=False, bounded=False),
}
OTHER = Architecture(adds_positions=False)
"""An architecture that is not in the list: nothing is taken for granted."""


def architecture_of(config: Any) -> Architecture:
    """That of a model's configuration."""
    return ARCHITECTURES.get(config.model_type, OTHER)


def longest(config: Any, tokenizer: Any) -> int | None:
    """The most tokens, special ones included, that a model reads; None for no limit.

    A table of 514 positions of RoBERTa's kind holds 512 tokens, and a tokenizer's limit of 1e30 is none.
    """
    kind = architecture_of(config)
    limits = []
    positions = getattr(config, "max_position_embeddings", None)  # some configurations call it otherwise or have none
    if kind.bounded and positions:
        limits.append(int(positions) - kind.offset)
    if tokenizer.model_max_length and tokenizer.model_max_length < _HUGE:
        limits.append(int(tokenizer.model_max_length))
    return min(limits) if limits else None
