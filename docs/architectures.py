"""Measures the table of architectures in transformers.md anew, on the tests' tiny models: python docs/architectures.py.

The two last columns, what the attention view shows and what differs, are kept as they are written.
"""

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

import attribkit as ak

PAGE = Path(__file__).with_name("transformers.md")
TABLE = re.compile(r"(<!-- architectures -->\n(?:\|.*\n){2})((?:\|.*\n)*)(<!-- end of architectures -->)")


def measured(name: str) -> dict[str, Any]:
    """What was found of one architecture on single texts and pairs.

    Returns:
        baseline: the usual one's name.
        apart: the largest difference from the pipeline's probabilities.
        steps: the most gradients that a text took.
        converged: whether all texts did.
        pooling: the place whose vector the head reads.
    """
    from huggingface.tiny import INPUTS, TEXTS, pipeline_of, tiny

    model, inputs = ak.load(tiny(name)), [*TEXTS, *INPUTS]
    answers = pipeline_of(*tiny(name))(inputs)
    theirs = [[{row["label"]: row["score"] for row in rows}[label] for label in model.labels] for rows in answers]
    panels = [why.token_scores for why in ak.explain(model, inputs, views="attribution")]
    return {
        "baseline": panels[0].baseline,
        "apart": float(np.abs(model.probabilities(inputs) - theirs).max()),
        "steps": max(panel.steps for panel in panels),
        "converged": all(panel.converged for panel in panels),
        "pooling": model.capabilities.pooling,
    }


def rows_of(page: str) -> dict[str, list[str]]:
    """The cells of each architecture's row."""
    table = TABLE.search(page)
    if table is None:
        raise SystemExit("transformers.md has no table between its marks")
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table[2].splitlines()]
    return {row[0]: row for row in rows}


def with_table(page: str) -> str:
    """The page with the figures of this machine."""
    lines = []
    for name, row in rows_of(page).items():
        figures = measured(name)
        steps = f"{figures['steps']:,}" + ("" if figures["converged"] else ", not converged")
        row[1:5] = [figures["baseline"], f"{figures['apart']:.0e}", steps, figures["pooling"]]
        lines.append(f"| {' | '.join(row)} |\n")
    return TABLE.sub(lambda part: part[1] + "".join(lines) + part[3], page)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
