"""Labelled texts: named sets, files, folders and tables in memory, cleaned and split."""

from attribkit.data.dataset import NAMED_SETS, Dataset, load_dataset, load_tables
from attribkit.data.eraser import read_eraser
from attribkit.data.registry import SOURCES

__all__ = ["NAMED_SETS", "SOURCES", "Dataset", "load_dataset", "load_tables", "read_eraser"]
