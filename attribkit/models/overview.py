"""What a classifier is, in a few rows, and the tensors of its network."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from torch import nn

from attribkit.data.split_record import SplitRecord
from attribkit.models.capabilities import Capabilities
from attribkit.models.reference import Reference
from attribkit.task import Task

LABELS = 10
"""Labels that are named; of more, the first of them and how many more there are."""


def named(labels: Sequence[str]) -> str:
    """The labels, cut where there are many."""
    rest = len(labels) - LABELS
    return f"({', '.join(map(repr, labels[:LABELS]))}{f' and {rest:,} more' if rest > 0 else ''})"


def task_in_words(task: Task, unit: str | None) -> str | None:
    """What is predicted, if it is not one label of several."""
    return {"multiclass": None, "multilabel": "multilabel: each label by itself", "regression": f"a number in {unit}"}[
        task
    ]


def parameters(network: nn.Module) -> pd.DataFrame:
    """One row per tensor: parameter (its name), shape, numbers, trainable."""
    rows = [
        (name, tuple(tensor.shape), tensor.numel(), tensor.requires_grad) for name, tensor in network.named_parameters()
    ]
    return pd.DataFrame(rows, columns=["parameter", "shape", "numbers", "trainable"])


def rows(
    network: Any,
    capabilities: Capabilities,
    labels: Sequence[str],
    splits: SplitRecord | None,
    history: pd.DataFrame | None,
    snapshots: Iterable[int],
    reference: Reference | None,
) -> tuple[tuple[str, str], ...]:
    """Names and values of what a model is, and of what it keeps of its training."""
    count, table = sum(tensor.numel() for tensor in network.parameters()), network.embedding
    known = "not known"
    if splits is not None:
        known = f"{len(splits.train):,} to train on, {len(splits.validation):,} to stop by"
    kept = {
        "network": type(network).__name__,
        "parameters": f"{count:,}",
        "labels": f"{len(labels):,} {named(labels)}",
        "embedding": "none" if table is None else " × ".join(f"{size:,}" for size in table.weight.shape),
        "attention": _attention(capabilities),
        "texts it was trained on": known,
        "epochs of training": None if history is None else f"{len(history):,}",
        "snapshots": ", ".join(f"epoch {epoch}" for epoch in sorted(snapshots)),
        "reference texts": None if reference is None else f"{len(reference.points):,}",
    }
    return tuple((name, value) for name, value in kept.items() if value)


def _attention(capabilities: Capabilities) -> str:
    if capabilities.self_attention:
        return "in every layer"
    return "yes" if capabilities.attention else "none"
