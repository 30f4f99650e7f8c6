"""The model card of a model folder."""

from collections.abc import Mapping
from typing import Any

from attribkit.data.split_record import SplitRecord
from attribkit.models.model_files import SPLITS, TRAINING

_KINDS = {
    "multiclass": "A text classifier ({architecture}) with the labels {named}.",
    "multilabel": "A multi-label text classifier ({architecture}): {named}, each of which holds or not by itself.",
    "regression": "A regression of texts ({architecture}): it predicts {named}, a number in {unit}.",
}


def model_card(config: Mapping[str, Any], splits: SplitRecord | None, training: bool = False) -> str:
    """The model card, in Markdown; it says whether the folder holds the beginning of training texts."""
    lines = [f"# {config['name']}", ""]
    lines += [_KINDS[config.get("task", "multiclass")].format(**config, named=", ".join(config["labels"])), ""]
    sections = {"Network": config["settings"], "Text": config["text"], **config["provenance"]}
    for title, content in sections.items():
        lines += [f"## {str(title).capitalize()}", ""]
        if isinstance(content, Mapping):
            lines += ["| | |", "|---|---|"]
            lines += [f"| {_cell(key)} | {_cell(value)} |" for key, value in content.items()]
        else:
            lines += [str(content)]
        lines += [""]
    known = "It is not known which rows it was trained on."
    if splits is not None:
        count = len(splits.train) + len(splits.validation) + len(splits.test)
        known = (
            f"{SPLITS} holds a 64-bit hash of each of its {count:,} texts, so that those it was trained on are known "
            "again in any file and figures are taken on the others."
        )
    if training:
        known += (
            f" {TRAINING} holds the beginning of each training text, its label, and what the last layer reads of it."
        )
    return "\n".join([*lines, "## Rows", "", known, ""])


def _cell(value: Any) -> str:
    shown = f"{value:.4f}" if isinstance(value, float) else str(value)
    if len(shown) > 300:
        shown = shown[:299] + "…"
    return shown.replace("|", "\\|").replace("\n", " ")
