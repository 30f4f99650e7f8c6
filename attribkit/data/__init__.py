"""Labelled texts: named sets, files, folders and tables in memory, cleaned and split."""

from attribkit.data.dataset import Dataset
from attribkit.data.eraser import read_eraser
from attribkit.data.load import load_dataset
from attribkit.data.registry import SOURCES
from attribkit.data.tables import NAMED_SETS

__all__ = ["NAMED_SETS", "SOURCES", "Dataset", "load_dataset", "read_eraser"]
