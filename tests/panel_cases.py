"""How panels of tests were made, where a test does not care."""

from typing import Any

SCORES: dict[str, Any] = {
    "unit": "log-odds",
    "target": "negative",
    "method": "integrated-gradients",
    "baseline": "pad",
    "steps": 64,
    "output_text": 0.75,
    "output_baseline": -0.25,
    "tolerance": 1e-4,
    "converged": None,
}
PAIRS: dict[str, Any] = {
    "unit": "log-odds",
    "target": "neg",
    "index": "shapley",
    "baseline": "pad",
    "output_text": 1.0,
    "output_baseline": 0.0,
    "tolerance": 1e-4,
}
