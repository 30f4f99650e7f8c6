"""The errors of this package: each is one sentence for the user, and no other exception is."""

from collections import abc
from difflib import get_close_matches


class AttribkitError(Exception):
    """An error that the user can mend, or that was caused outside this package.

    Its text is one sentence: what was expected, what came, what to do. The command line and the server show that
    sentence. Any other exception (except the operating system's own, such as a full disk) is a fault of this package.

    Example:
        >>> import attribkit as ak
        >>> try:
        ...     ak.load("imdb-cnm")
        ... except ak.AttribkitError as error:
        ...     print(type(error).__name__, isinstance(error, FileNotFoundError))
        InputNotFoundError True
    """


class InputError(AttribkitError, ValueError):
    """An input that cannot be used: a text, an option, a column, a file's content.

    Example:
        >>> import attribkit as ak
        >>> try:
        ...     ak.explain(ak.load("imdb-cnn"), "")
        ... except ak.InputError as error:
        ...     print(error)
        the text is empty; give at least one word
    """


class InputTypeError(InputError, TypeError):
    """An input of another type than expected."""


class InputNotFoundError(InputError, FileNotFoundError):
    """What was named is not there: a file, a folder, a data set, a model, or a part of one."""


class InputExistsError(InputError, FileExistsError):
    """Something is already where the result should go."""


class InputIsFolderError(InputError, IsADirectoryError):
    """A file was expected where a folder is."""


class InputIsFileError(InputError, NotADirectoryError):
    """A folder was expected where a file is."""


class InputPermissionError(InputError, PermissionError):
    """The folder given may not be written."""


class NotGivenError(InputError):
    """The network needs other inputs beside the text, and they were not given.

    Attributes:
        needs: what it needs, as the beginning of a sentence that ends in what the caller can do.
    """

    def __init__(self, needs: str, cure: str) -> None:
        """The sentence: what is needed; what to do."""
        super().__init__(f"{needs}; {cure}")
        self.needs = needs


class TooLongError(InputError):
    """A text is longer than the model reads."""


class UnknownNameError(InputError, LookupError):
    """A name that a server does not have."""


def did_you_mean(name: object, names: abc.Iterable[str], otherwise: str = "") -> str:
    """The end of a sentence on an unknown name: "; did you mean …?" with the nearest of the names, if one is near.

    Args:
        name: what was given.
        names: what there is.
        otherwise: what to do if none is near.
    """
    near = get_close_matches(str(name), list(names), n=1, cutoff=0.5)
    advice = f"did you mean {near[0]!r}?" if near else otherwise
    return f"; {advice}" if advice else ""


class MissingPackageError(AttribkitError, ModuleNotFoundError):
    """An optional package is needed; the sentence holds the command that installs it."""


class NetworkError(AttribkitError, RuntimeError):
    """A network that does not keep its contract, or cannot be explained."""


class RunError(AttribkitError, RuntimeError):
    """Long work that could not continue: a training diverged, a worker died, a cluster failed."""


class StorageError(AttribkitError, OSError):
    """A file or folder cannot be read or written."""


class DownloadError(AttribkitError, ConnectionError):
    """A file cannot be fetched."""


def ran_out(error: BaseException) -> bool:
    """Whether an allocation failed; of PyTorch on the processor, and of a library's loading, the words alone tell."""
    if isinstance(error, ImportError):
        return "failed to map segment" in str(error) or "cannot allocate memory" in str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and any(words in str(error).lower() for words in ("allocate memory", "out of memory", "not enough memory"))
    )
