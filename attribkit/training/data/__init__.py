"""Labelled texts: named sets, files, folders and tables in memory, cleaned and split."""

from attribkit.training.data.dataset import NAMED_SETS, Dataset, load_dataset, rows_to_evaluate
from attribkit.training.data.sources import SOURCES

__all__ = ["NAMED_SETS", "SOURCES", "Dataset", "load_dataset", "rows_to_evaluate"]
