"""Modules of a user's own that register networks or methods: imported here, and named for other processes."""

import sys
from importlib import import_module

from attribkit.attribution.registry import METHODS, defined_in
from attribkit.errors import InputError

_PACKAGE = __name__.partition(".")[0]


def import_registering(module: str) -> None:
    """Import a module by its name, for the networks and methods that it registers.

    Raises:
        InputError: if that fails.
    """
    try:
        import_module(module)
    except ImportError as error:
        raise InputError(
            f"the module {module!r}, which registers a network or a method, cannot be imported here ({error}); install "
            "it, or set PYTHONPATH to the folder it is in"
        ) from error


def registering_modules() -> tuple[str, ...]:
    """The modules that another process must import to know what was registered here; not the script itself."""
    networks = sys.modules.get("attribkit.models.registry")  # loading it loads torch, and nobody registered without it
    modules = {defined_in(method) for method in METHODS.values()} | (networks.modules() if networks else set())
    return tuple(sorted(name for name in modules if name.partition(".")[0] not in (_PACKAGE, "__main__")))


def only_in_script(method: str | None) -> bool:
    """Whether a method is one of the script itself, which other processes cannot import."""
    return method in METHODS and defined_in(METHODS[method]) == "__main__"
