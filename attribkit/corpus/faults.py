"""Errors in a worker, sent to the main process: a user's error as it was, any other as a fault with its traceback."""

import traceback
from collections.abc import Mapping
from typing import Any

from attribkit import errors
from attribkit.errors import AttribkitError, RunError, ran_out


class WorkerFault(Exception):
    """An error in a worker that is a fault of this package; a note holds its traceback."""


def error_record(error: Exception) -> dict[str, Any]:
    """An error as JSON, to be called while it is handled."""
    if ran_out(error):
        return {"error": "MemoryError", "sentence": str(error) or "out of memory"}
    if isinstance(error, AttribkitError):
        return {"error": type(error).__name__, "sentence": str(error)}
    if isinstance(error, OSError) and error.errno is not None:
        return {"error": "OSError", "system": [error.errno, error.strerror, error.filename]}
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return {"error": "WorkerFault", "sentence": line, "trace": traceback.format_exc()}


def error_of(answer: Mapping[str, Any]) -> Exception:
    """The error that `error_record` wrote, to be raised here."""
    if answer["error"] == "WorkerFault":
        fault = WorkerFault(answer["sentence"])
        fault.add_note(f"In a worker:\n{answer['trace']}")
        return fault
    if answer["error"] == "OSError":
        return OSError(*answer["system"])
    if answer["error"] == "MemoryError":
        return MemoryError(answer["sentence"])
    kind = getattr(errors, answer["error"], RunError)
    return kind(answer["sentence"])
