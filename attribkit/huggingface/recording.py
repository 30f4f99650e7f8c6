"""What a transformer computes inside, recorded in a forward pass of its own, after which it is as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from torch import nn

_INSTALLED = "_output_capturing_hooks_installed"
"""The mark that transformers 5 leaves on a model when it adds hooks to record its layers."""


@contextmanager
def recorded(model: Any, *wanted: str) -> Iterator[dict[str, Any]]:
    """Within, the passes of the model leave what its body returned in the mapping that is yielded.

    Args:
        model: a classifier of `transformers`, or one that has its `base_model`.
        wanted: "output_attentions", for which the attention is computed by its plain implementation, since the fused
            ones return no weights; "output_hidden_states".
    """
    recording: dict[str, Any] = {}
    body = model.base_model
    forward = body.forward

    @wraps(forward)
    def recording_forward(*inputs: Any, **named: Any) -> Any:
        output = forward(*inputs, **{**named, **dict.fromkeys(wanted, True)})
        recording.update(output)
        return output

    before = vars(body).get("forward")
    with _hooks_kept(model), _plain_attention(model, "output_attentions" in wanted):
        body.forward = recording_forward  # no hook: sentence-transformers calls it by its name, past all hooks
        try:
            yield recording
        finally:
            if before is None:
                del body.forward
            else:
                body.forward = before


@contextmanager
def _plain_attention(model: nn.Module, wanted: bool) -> Iterator[None]:
    """Compute attention step by step, in every part: an encoder and a decoder have settings of their own."""
    configs = {id(config): config for module in model.modules() if (config := getattr(module, "config", None))}
    before = {key: config._attn_implementation for key, config in configs.items()}
    try:
        if wanted:
            for config in configs.values():
                config._attn_implementation = "eager"
        yield
    finally:
        for key, config in configs.items():
            config._attn_implementation = before[key]


@contextmanager
def _hooks_kept(model: nn.Module) -> Iterator[None]:
    """Take away the hooks that the library leaves behind, and its mark that they are there."""
    before = {module: (set(module._forward_hooks), _INSTALLED in vars(module)) for module in model.modules()}
    try:
        yield
    finally:
        for module, (hooks, marked) in before.items():
            for key in set(module._forward_hooks) - hooks:
                del module._forward_hooks[key]
            if not marked:
                vars(module).pop(_INSTALLED, None)
