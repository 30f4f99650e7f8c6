"""Labelled texts: named sets, files, folders and tables in memory, cleaned and split."""

from attribkit.training.data.dataset import NAMED_SETS, Dataset, load_dataset, load_tables
from attribkit.training.data.eraser import read_eraser
from attribkit.training.data.sources import SOURCES

__all__ = ["NAMED_SETS", "SOURCES", "Dataset", "load_dataset", "load_tables", "read_eraser"]
