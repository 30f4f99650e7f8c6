"""What a network is given beside the text: numbers, characters, another text; fixed while the text is explained."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from attribkit.data.label_cells import is_missing
from attribkit.errors import InputError, InputTypeError, NetworkError, NotGivenError, did_you_mean
from attribkit.models.lock import lock_of
from attribkit.plurals import number_of
from attribkit.text.encode import encode_texts
from attribkit.text.encoded import Encoded, TextEncoder, shortened

_SHOWN = 6  # numbers of one input in a note


@dataclass(frozen=True, eq=False)
class OtherInputs:
    """The other inputs of N texts, by the name that the network's forward gives them.

    Attributes:
        values: (N,) arrays of each input, of any shape; a text is its token ids.
        words: (N,) the tokens of each input that was given as text.
        texts: (N,) likewise the texts.
    """

    values: Mapping[str, tuple[NDArray[Any], ...]]
    words: Mapping[str, tuple[Encoded, ...]]
    texts: Mapping[str, tuple[str, ...]]

    @staticmethod
    def of(cells: Mapping[str, Sequence[Any]], tokenizer: TextEncoder) -> "OtherInputs":
        """Make arrays of what a user gave: strings are tokenised, numbers and lists of them taken as they are.

        Args:
            cells: by name, what each of N texts has.
            tokenizer: reads those that are strings.

        Raises:
            InputError: for a cell that is missing, or neither a string nor numbers.
        """
        values: dict[str, tuple[NDArray[Any], ...]] = {}
        words, texts = {}, {}
        for name, column in cells.items():
            if column and all(isinstance(cell, str) for cell in column):
                texts[name] = tuple(column)
                words[name] = tuple(encode_texts(tokenizer, column))
                values[name] = tuple(encoded.ids for encoded in words[name])
            else:
                values[name] = tuple(_numbers(cell, name, row) for row, cell in enumerate(column))
        return OtherInputs(values, words, texts)

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))

    def rows(self, rows: Sequence[int] | NDArray[np.int64]) -> "OtherInputs":
        """Those of some of the texts, by their numbers."""
        chosen = [int(row) for row in rows]
        return OtherInputs(
            {name: tuple(column[row] for row in chosen) for name, column in self.values.items()},
            {name: tuple(column[row] for row in chosen) for name, column in self.words.items()},
            {name: tuple(column[row] for row in chosen) for name, column in self.texts.items()},
        )

    def of_batch(self, rows: NDArray[np.int64]) -> "OtherInputs":
        """Those of a batch's texts; where one text's stand for all, these."""
        return self if len(self) == 1 else self.rows(rows)

    def shapes(self, row: int) -> tuple[tuple[int, ...], ...]:
        """The shapes of one text's inputs; only texts whose are the same can be run together."""
        return tuple(column[row].shape for column in self.values.values())

    def tensors(self, count: int, device: torch.device, fractions: torch.dtype) -> dict[str, Tensor]:
        """By name (count, …), fractions in the type of this name; those of one text for as many texts as asked."""
        tensors = {}
        for name, column in self.values.items():
            stacked = torch.from_numpy(np.stack(column)).to(device)
            if stacked.is_floating_point():
                stacked = stacked.to(fractions)
            tensors[name] = stacked.repeat(count, *(1 for _ in column[0].shape)) if len(column) == 1 else stacked
        return tensors

    def described(self) -> str:
        """The inputs of the first text in words, such as "numbers 3, 1.5"."""
        return "; ".join(f"{name} {self._shown(name)}" for name in self.values)

    def _shown(self, name: str) -> str:
        if name in self.texts:
            return repr(shortened(self.texts[name][0]))
        value = self.values[name][0]
        if value.size > _SHOWN:
            return f"of {' × '.join(map(str, value.shape))} numbers"
        return ", ".join(f"{number:.3g}" for number in value.reshape(-1).tolist())


def cells_of(
    names: Sequence[str], count: int, also: Mapping[str, Any] | None, table: pd.DataFrame | None, single: bool = False
) -> dict[str, list[Any]]:
    """What each of `count` texts is given by each name, from an argument `also` or a table's columns.

    Args:
        names: the network's other inputs.
        count: how many texts there are.
        also: by name: of several texts one entry per text, of a single text its own value.
        table: whose columns of these names are taken where `also` has none.
        single: whether the texts were given as one string.

    Raises:
        InputError: for a name that the network does not have, or another number of entries.
    """
    if also is not None and not isinstance(also, Mapping):
        cure = f"give also={{{names[0]!r}: …}}" if names else "leave it out, for this network takes the text alone"
        raise InputTypeError(
            f"`also` must be a mapping from the names of inputs to values, got {type(also).__name__}; {cure}"
        )
    for name in also or {}:
        if name not in names:
            known = f"its other inputs are {', '.join(names)}" if names else "it takes the text alone"
            advice = did_you_mean(name, names, f"wrap it in Adapted(network, also=({name!r},))")
            raise InputError(f"`also` gives {name!r}, which this network does not take: {known}{advice}")
    cells: dict[str, list[Any]] = {}
    for name in names:
        if also is not None and name in also:
            cells[name] = [also[name]] if single else list(_listed(also[name]))
        elif table is not None and name in table:
            cells[name] = table[name].tolist()
        else:
            raise missing(names, name)
        if len(cells[name]) != count:
            raise InputError(
                f"`also` must give {name!r} once per text, got {len(cells[name])} for {number_of(count, 'text')}"
            )
    return cells


def missing(names: Sequence[str], name: str | None = None) -> NotGivenError:
    """The error for an input that nobody gave."""
    asked = ", ".join(repr(each) for each in ([name] if name else names))
    return NotGivenError(
        f"the network also needs {asked}, which nobody gave",
        f"pass also={{{(name or names[0])!r}: …}}, one value per text, or a table with a column of that name",
    )


def check_text_alone(names: Sequence[str], asked: str) -> None:
    """Refuse a network with these other inputs where a text is all that there is.

    Raises:
        ValueError: if there are any.
    """
    if names:
        raise InputError(
            f"{asked} gives a network the text alone, and this one has the other inputs {', '.join(names)}; explain, "
            "predict, evaluate, errors, word_importance, faithfulness, sanity, plausibility and project take them from "
            "a table's columns"
        )


@contextmanager
def held(network: Any, also: OtherInputs | None, tokens: int | None = None) -> Iterator[None]:
    """Give an adapted network these other inputs, for this thread alone; afterwards those that it had before.

    Args:
        network: an `attribkit.models.adapters.Adapted` if there are any.
        also: of as many texts as are run, or of one, for all versions of a text; None changes nothing.
        tokens: of that one text; the other inputs may take no text of another length.
    """
    if also is None:
        yield
        return
    with lock_of(network):
        before = network.seen.held, network.seen.tokens
        network.seen.held, network.seen.tokens = also, tokens
        try:
            yield
        finally:
            network.seen.held, network.seen.tokens = before


def _listed(value: Any) -> Any:
    """One entry per text: a table's rows, a tensor's, a list's."""
    if isinstance(value, Tensor):
        return value.detach().cpu().numpy()
    return value.to_numpy() if isinstance(value, (pd.DataFrame, pd.Series)) else value


def _numbers(cell: Any, name: str, row: int) -> NDArray[Any]:
    if not isinstance(cell, (list, tuple, np.ndarray, Tensor)) and is_missing(cell):
        raise InputError(f"the other input {name!r} of text {row} is missing; fill it in, or leave the text out")
    try:
        value = np.asarray(_listed(cell))
    except ValueError:  # numpy's own, of lists of different lengths
        value = np.asarray(None)
    if value.dtype.kind in "iu":
        return value.astype(np.int64)
    if value.dtype.kind not in "bf":
        raise InputError(
            f"the other input {name!r} must be a number, an array of numbers or a text for every text, got "
            f"{type(cell).__name__} for text {row}"
        )
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise InputError(f"the other input {name!r} of text {row} holds NaN or infinity; fill it in")
    return value


def failed_with(also: OtherInputs, error: RuntimeError) -> NetworkError:
    """The error for what torch raised as the network was given these inputs."""
    shapes = ", ".join(f"{name} (B, {', '.join(map(str, column[0].shape))})" for name, column in also.values.items())
    words = f", of which {', '.join(also.texts)} were strings and so tokenised" if also.texts else ""
    return NetworkError(
        f"the network failed with the other inputs {shapes}{words}: {str(error).splitlines()[0]}; give each text's in "
        "the shape that its forward expects"
    )


def check_inputs(network: nn.Module, inputs: str, also: Sequence[str]) -> None:
    """Compare what a network is to be given with what its forward takes, as far as that can be seen.

    Raises:
        InputError: for a name that it does not take, or an input that it needs and that is not named.
    """
    if any(isinstance(module, torch.jit.ScriptModule) for module in network.modules()):
        return
    parameters = list(inspect.signature(network.forward).parameters.values())
    named = [each for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    beside = named[len(inputs.split(", ")) :]
    wrong = [name for name in also if name not in {each.name for each in beside}]
    if wrong and not any(each.kind == each.VAR_KEYWORD for each in parameters):
        taken = ", ".join(each.name for each in beside) or "nothing"
        raise InputError(f"`also` names {wrong[0]!r}, beside {inputs} the network's forward takes {taken}; name it so")
    needed = [each.name for each in beside if each.default is each.empty and each.name not in also]
    if needed:
        listed = ", ".join(repr(name) for name in (*also, *needed))
        raise InputError(
            f"the network's forward also takes {needed[0]!r}; pass also=({listed},) and give it with each text, or say "
            "inputs='ids, lengths' or 'ids, mask' if it is one of these"
        )
