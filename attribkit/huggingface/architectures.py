"""What differs between the architectures of `transformers`, as far as an explanation must know."""

import inspect
from dataclasses import dataclass
from typing import Any, Literal

Pooling = Literal["first", "mean", "last", "end of text"]

_HUGE = 1_000_000  # tokens: a tokenizer's `model_max_length` of 1e30 says that none is known


@dataclass(frozen=True)
class Values:
    """Where a family's layers make the vectors that attention mixes, and where the heads are put together again.

    Attributes:
        layers: a regular expression: the names of the layers in the body.
        value: the module in a layer that makes them.
        output: the module that puts the heads together.
        share: they are the last 1 / share of what `value` puts out.
    """

    layers: str
    value: str
    output: str
    share: int = 1


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
        values: where the vectors are that attention mixes; None if they cannot be read.
    """

    pooling: Pooling = "first"
    offset: int = 0
    bounded: bool = True
    adds_positions: bool = True
    switches_attention: bool = False
    values: Values | None = None


_ENCODER = r"encoder\.layer\.\d+"
_BERT = Values(_ENCODER, "attention.self.value", "attention.output.dense")
_LLAMA = Values(r"layers\.\d+", "self_attn.v_proj", "self_attn.o_proj")

ARCHITECTURES: dict[str, Architecture] = {
    "albert": Architecture(
        values=Values(r"encoder\.albert_layer_groups\.\d+\.albert_layers\.\d+", "attention.value", "attention.dense")
    ),
    "bart": Architecture("end of text"),
    "bert": Architecture(values=_BERT),
    "big_bird": Architecture(switches_attention=True, values=_BERT),
    "camembert": Architecture(offset=2, values=_BERT),
    "deberta": Architecture(adds_positions=False, bounded=False),
    "deberta-v2": Architecture(
        adds_positions=False,
        bounded=False,
        values=Values(_ENCODER, "attention.self.value_proj", "attention.output.dense"),
    ),
    "distilbert": Architecture(values=Values(r"transformer\.layer\.\d+", "attention.v_lin", "attention.out_lin")),
    "electra": Architecture(values=_BERT),
    "funnel": Architecture(adds_positions=False, bounded=False),
    "gpt2": Architecture("last", values=Values(r"h\.\d+", "attn.c_attn", "attn.c_proj", 3)),
    "llama": Architecture("last", adds_positions=False, values=_LLAMA),
    "longformer": Architecture(offset=2),
    "mistral": Architecture("last", adds_positions=False, values=_LLAMA),
    "mobilebert": Architecture(values=_BERT),
    "modernbert": Architecture(adds_positions=False, values=Values(r"layers\.\d+", "attn.Wqkv", "attn.Wo", 3)),
    "mpnet": Architecture(offset=2, values=Values(_ENCODER, "attention.attn.v", "attention.attn.o")),
    "qwen2": Architecture("last", adds_positions=False, values=_LLAMA),
    "roberta": Architecture(offset=2, values=_BERT),
    "t5": Architecture("end of text", adds_positions=False, bounded=False),
    "xlm-roberta": Architecture(offset=2, values=_BERT),
    "xlnet": Architecture("last", adds_positions=False, bounded=False),
}
OTHER = Architecture(adds_positions=False)
"""An architecture that is not in the list: nothing is taken for granted."""


def architecture_of(config: Any) -> Architecture:
    """That of a model's configuration."""
    return ARCHITECTURES.get(config.model_type, OTHER)


def pooling_of(config: Any) -> Pooling:
    """Whose vector the head of a model with this configuration reads."""
    chosen: Pooling = architecture_of(config).pooling
    if config.model_type == "modernbert":  # which has a setting for it
        chosen = "mean" if config.classifier_pooling == "mean" else "first"
    return chosen


def hidden_states_of(config: Any) -> int:
    """How many states of the text a model with this configuration makes, its embeddings first; 0 if they are no rows.

    Of an encoder and a decoder they are the decoder's, which the head reads.
    """
    if config.model_type == "funnel":  # whose later layers have fewer places
        return 0
    layers = {"t5": "num_decoder_layers", "bart": "decoder_layers"}.get(config.model_type, "num_hidden_layers")
    return int(getattr(config.get_text_config(), layers)) + 1


def takes_token_types(model: Any) -> bool:
    """Whether a model tells one token type from another: its body has the argument, and its table more than one row."""
    named = "token_type_ids" in inspect.signature(model.base_model.forward).parameters
    return named and getattr(model.config, "type_vocab_size", None) != 1  # XLNet, without a table, compares them


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
