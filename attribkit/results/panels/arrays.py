"""Read-only arrays, and equality of the objects that hold them."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import Field
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attribkit.errors import InputError

T = TypeVar("T")


def frozen_array(values: ArrayLike, dtype: type, name: str, dimensions: int = 1) -> NDArray[Any]:
    """A read-only copy of `values` with so many dimensions; NaN and infinity are refused: no picture can show them."""
    array: NDArray[Any] = np.array(values, dtype=dtype)
    if array.ndim != dimensions:
        words = {1: "one-dimensional", 2: "two-dimensional"}[dimensions]
        raise InputError(f"`{name}` must be {words}, got shape {array.shape}; pass one number per token or point")
    if dtype is float and not np.isfinite(array).all():
        at = np.argwhere(~np.isfinite(array))[0].tolist()
        place = at[0] if dimensions == 1 else tuple(at)
        raise InputError(
            f"`{name}` must be finite, got {array[tuple(at)]} at position {place}; check the model's weights for NaN"
        )
    array.setflags(write=False)
    return array


def freeze(panel: Any, **kinds: type) -> None:
    """Make each named field of a frozen dataclass a read-only one-dimensional array of its kind; None stays None."""
    for name, kind in kinds.items():
        if getattr(panel, name) is not None:
            object.__setattr__(panel, name, frozen_array(getattr(panel, name), kind, name))


def check_tokens(panel: Any, what: str, *columns: str) -> None:
    """Refuse a panel whose columns do not have one entry per token, or whose token spans are not in order.

    Args:
        panel: has `tokens`, `starts`, `ends` and `known`.
        what: what the panel is: the beginning of the error's sentence.
        columns: its other columns with one entry per token.
    """
    lengths = {name: len(getattr(panel, name)) for name in ("starts", "ends", "tokens", *columns, "known")}
    if len(set(lengths.values())) != 1:
        raise InputError(f"{what} need one entry per token in every column, got lengths {lengths}")
    if len(panel.tokens) and (np.any(panel.starts < 0) or np.any(panel.ends < panel.starts)):
        raise InputError("every token's span must satisfy 0 <= start <= end")
    if np.any(panel.starts[1:] < panel.ends[:-1]):
        raise InputError("the tokens' spans must be in reading order and must not overlap")


def nested(cls: type[T], value: Any) -> T:
    """The value itself, or the dataclass made of the mapping that JSON has for it."""
    return value if isinstance(value, cls) else cls(**value)


class MadeLater(ABC):
    """Fields that may be given as a function without arguments, which is called when the field is first asked for.

    A subclass is a frozen dataclass in which such a field has a `default_factory`, for a plain default would be found
    before the function is.
    """

    _makers: dict[str, Callable[[], Any]]

    def _defer(self, *names: str) -> None:
        """Put off those of the named fields that were given as functions; `_made` sees what they return."""
        object.__setattr__(self, "_makers", {})
        for name in names:
            if callable(given := vars(self)[name]):
                self._makers[name] = given
                del vars(self)[name]

    @abstractmethod
    def _made(self, name: str, value: Any) -> Any:
        """The field as the panel keeps it, checked."""

    def __getattr__(self, name: str) -> Any:
        make = vars(self).get("_makers", {}).get(name)
        if make is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        object.__setattr__(self, name, self._made(name, make()))
        self._makers.pop(name, None)
        return vars(self)[name]

    def __getstate__(self) -> dict[str, Any]:
        for name in tuple(self._makers):  # a copy, or a pickle, holds what was made
            getattr(self, name)
        return vars(self)


class ArrayEquality:
    """Equality field by field, arrays by all their elements and their type; not hashable, as numpy's arrays are not."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented

        def same(a: Any, b: Any) -> bool:
            if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
                return a.dtype == b.dtype and np.array_equal(a, b)
            if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
                return False
            return bool(a == b)

        names = self.__dataclass_fields__
        return all(same(getattr(self, name), getattr(other, name)) for name in names)
