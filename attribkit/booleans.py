"""Arguments that are True or False."""

from attribkit.errors import InputTypeError


def check_booleans(**values: object) -> None:
    """Refuse strings where True or False was expected: Python takes "no" for true.

    Args:
        **values: what was given, by the argument's name.

    Raises:
        TypeError: for a string.
    """
    for name, value in values.items():
        if isinstance(value, str):
            raise InputTypeError(f"`{name}` must be True or False, got the string {value!r}; leave out the quotes")
