"""What other people's networks return, as logits: the container unpacked, probabilities turned back."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from attribkit.errors import InputError
from attribkit.plurals import number_of
from attribkit.task import Task

Outputs = Literal["logits", "log_probabilities", "probabilities", "logit", "probability"]
KINDS: tuple[Outputs, ...] = get_args(Outputs)
_PROBABILITIES: dict[str, Outputs] = {
    "sigmoid": "probability",
    "softmax": "probabilities",
    "log_softmax": "log_probabilities",
}
_SUM = 1e-3  # by how much a row of probabilities may miss 1: half precision has 11 bits


def tensor_of(returned: Any, texts: int) -> Tensor:
    """The outputs (B, C) or (B,) among what a network returned for B texts.

    A tensor is taken as it is; of an object its `logits`; of a mapping the entry "logits", or its only tensor with a
    row per text; of a tuple or list the first such tensor. An axis of length 1 before or after that of the texts is
    dropped, and the axis of one text that `squeeze` has dropped is put back.

    Raises:
        InputError: if there is no such tensor, or more than one in a mapping.
    """
    if isinstance(returned, Tensor):
        if not returned.is_floating_point():
            raise InputError(
                f"the network must return logits or probabilities, got whole numbers ({returned.dtype}), as of argmax; "
                "return what it is taken of"
            )
        return _by_text(returned, texts)
    own = returned.get("logits") if isinstance(returned, Mapping) else getattr(returned, "logits", None)
    if isinstance(own, Tensor):
        return _by_text(own, texts)
    values = list(returned.values()) if isinstance(returned, Mapping) else returned
    if isinstance(values, (tuple, list)):
        usable = [value for value in values if isinstance(value, Tensor) and _fits(value, texts)]
        if usable and (len(usable) == 1 or not isinstance(returned, Mapping)):
            return _by_text(usable[0], texts)
    raise InputError(
        f"the network must return a tensor with a row per text, a tuple that starts with one, or something with "
        f"`logits`, got {_described(returned)}; wrap it in a module whose forward returns the logits alone"
    )


def to_logits(outputs: Tensor, kind: Outputs) -> Tensor:
    """Logits (B, C) whose softmax is the network's own probabilities.

    Args:
        outputs: (B, C), or (B,) or (B, 1) of a network with one output, which becomes the log-odds of the second label.
        kind: what they are.

    Raises:
        InputError: for a shape that does not go with the kind.
    """
    if kind in ("logit", "probability"):
        single = outputs.reshape(len(outputs), -1)
        if single.shape[1] != 1:
            raise InputError(
                f"a single-{'logit' if kind == 'logit' else 'probability'} network must return (B,) or (B, 1), got "
                f"{tuple(outputs.shape)}"
            )
        if kind == "probability":
            single = single.logit(torch.finfo(single.dtype).eps)
        return torch.cat((torch.zeros_like(single), single), dim=1)
    if outputs.ndim != 2 or outputs.shape[1] < 2:
        raise InputError(
            f"the network must return {kind.replace('_', '-')} of shape (B, C) with C ≥ 2, got "
            f"{tuple(outputs.shape)}; pass outputs='logit' for a single-logit network"
        )
    if kind == "probabilities":
        return outputs.clamp(min=torch.finfo(outputs.dtype).tiny).log()
    return outputs


def by_itself(outputs: Tensor, kind: Outputs) -> Tensor:
    """Logits (B, C) of outputs (B, C) or (B,) that stand for themselves: labels that hold or not, or one number."""
    columns = outputs.reshape(len(outputs), -1)
    return columns.logit(torch.finfo(columns.dtype).eps) if kind == "probability" else columns


def kind_by_itself(made: Outputs | None, declared: Outputs | None, outputs: Tensor) -> Outputs:
    """What the outputs (B, C) of a multi-label network are: "logit" or "probability".

    Args:
        made: by which function they were made, if that was seen.
        declared: what the user says.
        outputs: of several texts, by whose numbers it is told if nothing else tells it.

    Raises:
        InputError: for a network that ends in a softmax.
    """
    if made in ("probabilities", "log_probabilities"):
        raise InputError(
            "the network ends in a softmax, so that its labels exclude each other, got task='multilabel'; leave `task` "
            "out"
        )
    if made == "probability" or declared is not None:
        return made or declared or "logit"
    values = outputs.detach()
    return "probability" if bool(((values >= 0) & (values <= 1)).all()) else "logit"


def check_outputs(task: Task, outputs: Outputs | None) -> None:
    """Refuse outputs that do not go with a task.

    Raises:
        InputError: for those.
    """
    allowed = {"multiclass": KINDS, "multilabel": ("logit", "probability"), "regression": ()}[task]
    if outputs is not None and outputs not in allowed:
        cure = "'logit' or 'probability' of each label" if task == "multilabel" else "nothing, it is the number itself"
        raise InputError(f"with task={task!r} `outputs` is {cure}, got {outputs!r}")


def last_function(run: Callable[[], Any], texts: int) -> Outputs | None:
    """What a network's outputs are by the function that made them: a sigmoid, a softmax, its logarithm; else None.

    Seen by watching torch's functions, so that it does not depend on the numbers; what only changes the shape is seen
    through, since it shares the memory.
    """
    with _Watch() as watch:
        outputs = tensor_of(run(), texts)
    name = watch.made.get(outputs.untyped_storage().data_ptr())
    return None if name is None else _PROBABILITIES[name]


def looks_like(outputs: Tensor) -> Outputs:
    """What the outputs (B, C) of several texts are by their numbers: rows that sum to 1 are probabilities."""
    if outputs.ndim != 2 or outputs.shape[1] < 2:
        return "logit"
    values = outputs.detach().double()
    for kind, shares in (("probabilities", values), ("log_probabilities", values.exp())):
        if bool((shares >= 0).all()) and bool(((shares.sum(1) - 1).abs() < _SUM).all()):
            return "probabilities" if kind == "probabilities" else "log_probabilities"
    return "logits"


class _Watch(TorchFunctionMode):
    """Notes the memory of what a sigmoid or a softmax returns, and holds it so that it is not used again."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[int, str] = {}
        self._held: list[Tensor] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "").rstrip("_")
        if isinstance(result, Tensor):
            place = result.untyped_storage().data_ptr() if result.layout == torch.strided else None
            if name in _PROBABILITIES and place is not None:
                self.made[place] = name
                self._held.append(result)
            elif place in self.made and name in _CHANGES_IN_PLACE:
                del self.made[place]
        return result


_CHANGES_IN_PLACE = {
    "add",
    "sub",
    "mul",
    "div",
    "log",
    "exp",
    "clamp",
    "__iadd__",
    "__imul__",
    "__isub__",
    "__itruediv__",
}


def _fits(tensor: Tensor, texts: int) -> bool:
    shape = [size for size in tensor.shape if size != 1] if tensor.ndim > 2 else list(tensor.shape)
    return tensor.is_floating_point() and 1 <= len(shape) <= 2 and (shape[0] == texts or texts == 1)


def _by_text(outputs: Tensor, texts: int) -> Tensor:
    """Outputs with the texts' axis first and at most one more."""
    if outputs.ndim == 0 and texts == 1:
        return outputs.reshape(1, 1)
    if outputs.ndim == 1 and texts == 1 and len(outputs) > 1:
        return outputs.unsqueeze(0)
    if outputs.ndim == 3 and outputs.shape[0] == 1 and outputs.shape[1] == texts:
        return outputs.squeeze(0)
    if outputs.ndim == 3 and outputs.shape[1] == 1 and outputs.shape[0] == texts:
        return outputs.squeeze(1)
    if outputs.ndim not in (1, 2) or len(outputs) != texts:
        raise InputError(
            f"the network must return one row per text, (B, C) for {number_of(texts, 'text')}, got "
            f"{tuple(outputs.shape)}; pool "
            "over the tokens in it, or pass batch_first=False if it takes ids (T, B)"
        )
    return outputs


def _described(returned: Any) -> str:
    """What came, with the shapes of its tensors."""
    if isinstance(returned, Mapping):
        return f"{type(returned).__name__} of " + ", ".join(
            f"{key!r} {_shape(value)}" for key, value in returned.items()
        )
    if isinstance(returned, (tuple, list)):
        return f"{type(returned).__name__} of " + ", ".join(_shape(value) for value in returned)
    return type(returned).__name__


def _shape(value: Any) -> str:
    return str(tuple(value.shape)) if isinstance(value, Tensor) else type(value).__name__
