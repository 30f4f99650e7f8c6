"""The memory that a process may use here, and about how much a worker needs.

A native library that gets no memory ends its process, whatever Python would have done about it. So if memory is scarce,
the work is done in processes of its own, which may die, with allocators that reserve no addresses in advance.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

try:
    import resource
except ImportError:  # Windows, where a process has no such limit
    resource = None  # type: ignore[assignment]  # a module elsewhere

SCARCE = 4 * 2**30
"""Below this limit a run takes care: no window of a usual model has needed as much."""

FRUGAL = {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""The environment of a process that reserves no more addresses than it uses: half of what it takes otherwise."""

_LIBRARIES = 600 * 2**20  # what Python, Arrow and the rest take of a process' addresses, beside PyTorch's own files
_PER_WEIGHT_BYTE = 4  # the file, the tensors, the tables of the closed form
_PER_CHARACTER = 150  # of a window: tokens, their places, their scores, and the part that is written


def limit() -> int | None:
    """The bytes that a process may use by its address-space limit (`ulimit -v`) or its container's; else None."""
    limits = [*_address_space(), *_container()]
    return min(limits, default=None)


def scarce() -> bool:
    """Whether there is a limit under which native libraries might be refused memory."""
    return (limit() or SCARCE) < SCARCE


def needed(weights: int, characters: int) -> int:
    """About how many bytes a worker needs, for weights of so many bytes and a window of so many characters."""
    torch = find_spec("torch")  # found, not imported: this process need not hold it
    files = Path(torch.origin or "").parent.glob("lib/*") if torch else ()
    libraries = _LIBRARIES + sum(file.stat().st_size for file in files)
    return libraries + _PER_WEIGHT_BYTE * weights + _PER_CHARACTER * characters


def _address_space() -> Iterator[int]:
    if resource is not None and hasattr(resource, "RLIMIT_AS"):
        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            yield soft


def _container() -> Iterator[int]:
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # of the second and the first kind of control groups
        path = Path("/sys/fs/cgroup") / name
        if path.is_file() and (content := path.read_text().strip()).isdigit() and int(content) < 2**60:
            yield int(content)
