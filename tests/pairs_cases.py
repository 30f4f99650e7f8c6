"""What panels of pairs have in common."""

from typing import Any

PROVENANCE: dict[str, Any] = {
    "unit": "log-odds",
    "target": "neg",
    "index": "shapley",
    "baseline": "pad",
    "output_text": 1.0,
    "output_baseline": 0.0,
    "tolerance": 1e-4,
}
