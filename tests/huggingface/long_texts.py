"""A text that is longer than a tiny model reads, and the windows that its tokenizer makes of it."""

import copy
from typing import Any

from huggingface.tiny import TEXTS, tiny

LIMIT, STRIDE = 24, 5
LONG = " ".join([*TEXTS, *reversed(TEXTS)])


def limited(name: str, limit: int = LIMIT) -> tuple[Any, Any]:
    """A tiny model with a tokenizer of its own, which knows a limit."""
    model, tokenizer = tiny(name)
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.model_max_length = limit
    return model, tokenizer


def windows_by_hand(tokenizer: Any, text: str, limit: int = LIMIT, stride: int = STRIDE) -> list[dict[str, Any]]:
    """The tokenizer's own windows, with special tokens in each."""
    encoded = tokenizer(
        text,
        truncation=True,
        max_length=limit,
        stride=stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
    )
    return [{name: encoded[name][row] for name in encoded} for row in range(len(encoded["input_ids"]))]
