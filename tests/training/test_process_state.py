import ctypes
import platform
from typing import ClassVar

import pytest
import torch

from attribkit.training.process_state import kept_memory

SYSTEMS = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="memory is kept with the C library of Linux only"
)


class MallInfo(ctypes.Structure):
    _fields_: ClassVar = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]


def from_the_system() -> int:
    """Bytes in blocks that go back to the system as soon as they are freed."""
    library = ctypes.CDLL(None)
    library.mallinfo2.restype = MallInfo
    return int(library.mallinfo2().hblkhd)


def asked_for(tensor_bytes: int) -> int:
    before = from_the_system()
    tensor = torch.zeros(tensor_bytes // 4)
    return from_the_system() - before if tensor.numel() else 0


@SYSTEMS
def test_what_is_freed_is_kept_for_a_while_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    size = 64 << 20
    assert asked_for(size) >= size
    with kept_memory():
        assert asked_for(size) == 0
    assert asked_for(size) >= size
    with pytest.raises(KeyError), kept_memory():
        raise KeyError
    assert asked_for(size) >= size


@SYSTEMS
@pytest.mark.parametrize(
    ("name", "value"), [("MALLOC_ARENA_MAX", "4"), ("GLIBC_TUNABLES", "glibc.rtld.nns=4:glibc.malloc.arena_max=4")]
)
def test_who_has_set_up_the_memory_keeps_it_so(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    size = 64 << 20
    with kept_memory():
        assert asked_for(size) >= size
