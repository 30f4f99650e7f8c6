"""A processor smaller than this one: the environment in which torch, NumPy and OpenBLAS use AVX2 at most.

`python tests/smaller_processor.py COMMAND …` runs a command in it. Where there is no more than AVX2 nothing changes.
"""

import os
import platform
import sys

import numpy as np


def environment() -> dict[str, str]:
    """This process's environment with what makes the processor smaller."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return dict(os.environ)
    limits = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell"}
    disabled = " ".join([*os.environ.get("NPY_DISABLE_CPU_FEATURES", "").split(), *_beyond_avx2()])
    return os.environ | limits | ({"NPY_DISABLE_CPU_FEATURES": disabled} if disabled else {})


def _beyond_avx2() -> list[str]:
    """What NumPy uses here beyond AVX2, by its own names: it warns of those it was not built with."""
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    return [name for name in extensions.get("found", []) if "AVX512" in name or name == "X86_V4"]


if __name__ == "__main__":
    os.execvpe(sys.argv[1], sys.argv[1:], environment())
