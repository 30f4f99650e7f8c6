"""Which rows of a data set a command works on."""

from pathlib import Path
from typing import Any

from attribkit.cli.arguments import Split
from attribkit.cli.console import errors


def trained_on(classifier: Any, data: str) -> bool:
    """Whether the model was trained on a data set of that name."""
    return classifier.provenance.get("data", {}).get("source") == Path(data).name


def rows_of(classifier: Any, data: str, split: Split | None, text: str | None, label: str | None) -> tuple[Any, str]:
    """The rows to evaluate on, and what to call them; rows the model was trained on only if asked for."""
    import pandas as pd

    from attribkit.training.data import load_dataset, rows_to_evaluate

    if split is None:
        table, part = rows_to_evaluate(data, text=text, label=label)
        if part == "test split" or not trained_on(classifier, data):
            return table, part
        split = Split.test
    dataset = load_dataset(data, text=text, label=label)
    if dataset.fingerprint != classifier.provenance.get("data", {}).get("fingerprint"):
        errors.print("note: the model was trained on another split of this data: some rows may be known to it")
    if split is Split.all:
        return pd.concat([dataset.train, dataset.validation, dataset.test], ignore_index=True), "all rows"
    return getattr(dataset, split.value), f"{split.value} split"


def training_texts(classifier: Any, data: str, text: str | None, label: str | None) -> Any | None:
    """The texts the model was trained on, if `data` is the very set they came from; None otherwise."""
    from attribkit.training.data import load_dataset

    if not trained_on(classifier, data):
        return None
    dataset = load_dataset(data, text=text, label=label)
    same = dataset.fingerprint == classifier.provenance.get("data", {}).get("fingerprint")
    return dataset.train if same else None


def texts_of(classifier: Any, data: str, split: Split | None, text: str | None, label: str | None) -> Any:
    """The rows as `rows_of` gives them; of a file without labels, all of its texts."""
    from attribkit.training.data.tables import read_file, table_suffix

    path = Path(data)
    if split is None and label is None and path.is_file() and table_suffix(path) is not None:
        table = read_file(path)
        others = [name for name in table.columns if name != "rationale"]
        if len(others) == 1 and text in (None, others[0]):
            return table.rename(columns={others[0]: "text"})
    return rows_of(classifier, data, split, text, label)[0]
