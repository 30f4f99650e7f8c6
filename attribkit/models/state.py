"""A network is borrowed for an explanation and given back as it was found, error or not."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn

from attribkit.models.lock import lock_of
from attribkit.random_state import preserve_random_state


@contextmanager
def eval_mode(network: nn.Module) -> Iterator[None]:
    """Put the network in evaluation mode, for this thread alone; afterwards every module has its own mode again.

    Other threads that need the network wait, so this thread must not wait for them meanwhile.
    """
    with lock_of(network):
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
    NumPy and torch, cuDNN's flags, and the caller's grad and inference mode. Other threads that need the network wait
    meanwhile; the settings of the whole process are restored by the last of the threads that explain.
    """
    with ExitStack() as stack:
        stack.enter_context(_RANDOM_STATES())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(eval_mode(network))
        stack.enter_context(_parameters(network))
        if any(isinstance(module, nn.RNNBase) for module in network.modules()):
            stack.enter_context(_NO_CUDNN())
        yield


def embedding_fed(network: Any) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The network's own forward pass with the embedding's output replaced.

    The hook that replaces it exists only during the call.

    Returns:
        a function (embedded (N, T, E), ids (N, T), mask (N, T)) → logits (N, C). The network still gets the ids, and
        may use them.
    """

    def run(embedded: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        handle = network.embedding.register_forward_hook(lambda *_: embedded)
        try:
            logits: Tensor = network(ids, mask)
            return logits
        finally:
            handle.remove()

    return run


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
def _without_cudnn() -> Iterator[None]:
    """Switch cuDNN off: its recurrent layers have no backward pass in evaluation mode."""
    flags = torch.backends.cudnn
    if not flags.enabled:
        yield
        return
    with flags.flags(  # which would reset what is not named
        enabled=False, benchmark=flags.benchmark, deterministic=flags.deterministic, allow_tf32=flags.allow_tf32
    ):
        yield


_RANDOM_STATES, _NO_CUDNN = _SharedContext(preserve_random_state), _SharedContext(_without_cudnn)
