"""Contexts that prepare a network for an explanation and leave it exactly as it was, also after an error."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from threading import Lock
from typing import Any

import torch
from torch import nn

from attribkit.models.devices import device_of
from attribkit.models.lock import lock_of
from attribkit.random_state import preserve_random_state


@contextmanager
def eval_mode(network: nn.Module) -> Iterator[None]:
    """Put the network in evaluation mode, for this thread alone; afterwards every module has its own mode again.

    Other threads that need the network wait, so this thread must not wait for them meanwhile. On a GPU, TF32 is off:
    the network's outputs there equal those on a processor.
    """
    with lock_of(network), _FULL_PRECISION() if device_of(network).type == "cuda" else nullcontext():
        training = [module for module in network.modules() if module.training]
        if training:
            network.eval()
        try:
            yield
        finally:
            for module in training:
                module.training = True


@contextmanager
def preserve_state(network: nn.Module) -> Iterator[None]:
    """Prepare the network for gradients with respect to its inputs; afterwards it is exactly as before.

    Preserved are every module's mode, every parameter's gradient and `requires_grad`, the random states of Python,
    NumPy and torch, TF32's flags, and the caller's grad and inference mode. Other threads that need the network wait
    meanwhile; the settings of the whole process are restored by the last of the threads that explain.
    """
    with ExitStack() as stack:
        stack.enter_context(_RANDOM_STATES())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(eval_mode(network))
        stack.enter_context(_parameters(network))
        if device_of(network).type == "cuda":
            stack.enter_context(recurrent_gradients(network))
        yield


@contextmanager
def recurrent_gradients(network: nn.Module) -> Iterator[None]:
    """Put a network's recurrent layers alone in training mode, without dropout; afterwards they are as before.

    cuDNN's recurrent layers have a backward pass in training mode only. With cuDNN off, each step of a text takes
    dozens of kernels, and a GPU is slower than a processor.
    """
    layers = [module for module in network.modules() if isinstance(module, nn.RNNBase)]
    before = [(layer.training, layer.dropout) for layer in layers]
    try:
        for layer in layers:
            layer.training, layer.dropout = True, 0.0
        yield
    finally:
        for layer, (training, dropout) in zip(layers, before, strict=True):
            layer.training, layer.dropout = training, dropout


@contextmanager
def _parameters(network: nn.Module) -> Iterator[None]:
    before = [(parameter, parameter.grad, parameter.requires_grad) for parameter in network.parameters()]
    try:
        yield
    finally:
        for parameter, gradient, wanted in before:
            parameter.grad = gradient
            parameter.requires_grad_(wanted)


class _SharedContext:
    """A context that changes something of the whole process: the first thread in it enters, the last one leaves."""

    def __init__(self, context: Callable[[], AbstractContextManager[None]]) -> None:
        self._context, self._lock, self._inside = context, Lock(), 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if not self._inside:
                self._entered = self._context()
                self._entered.__enter__()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self._entered.__exit__(None, None, None)


@contextmanager
def full_precision() -> Iterator[None]:
    """Switch TF32 off, which keeps 10 of a factor's 23 binary digits: too few for an explanation."""
    layers = torch.backends.cudnn
    try:
        before = torch.get_float32_matmul_precision(), layers.allow_tf32
    except RuntimeError:  # the caller uses the flags of torch 2.9, and then the older ones cannot be read
        with _ieee():
            yield
        return
    try:
        torch.set_float32_matmul_precision("highest")
        layers.allow_tf32 = False
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        layers.allow_tf32 = before[1]


@contextmanager
def _ieee() -> Iterator[None]:
    """Switch TF32 off by the flags that torch has had since 2.9."""
    layers: Any = torch.backends.cudnn
    operations = (torch.backends.cuda.matmul, layers.conv, layers.rnn)
    before = [operation.fp32_precision for operation in operations]
    try:
        for operation in operations:
            operation.fp32_precision = "ieee"
        yield
    finally:
        for operation, precision in zip(operations, before, strict=True):
            operation.fp32_precision = precision


_RANDOM_STATES, _FULL_PRECISION = _SharedContext(preserve_random_state), _SharedContext(full_precision)
