"""A small corpus with every kind of bad row, and a model folder to explain it with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from attribkit.models.classifier import Classifier

TEXTS = [
    f"{start} {word} {noun} , {end}"
    for start in ("a", "the", "such a", "it was a")
    for word in ("good", "bad", "horrible", "great", "dull", "unheardof")
    for noun in ("film", "movie", "story")
    for end in ("and that is all !", "ever", "a delight")
]
LABELS = ["pos" if "good" in text or "great" in text else "neg" for text in TEXTS]


@pytest.fixture(scope="session")
def model_folder(make_classifier: Callable[..., Classifier], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_classifier().save(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="session")
def classifier(model_folder: Path) -> Classifier:
    return Classifier.load(model_folder, "cpu")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A JSONL file of good rows with bad ones among them."""
    rows: list[Any] = [
        {"id": f"t{n}", "text": text, "label": label} for n, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))
    ]
    rows[3]["text"] = None
    rows[5]["text"] = 7
    rows[8]["text"] = "  "
    rows[9]["text"] = "half \ud83d of it"
    rows[12]["text"] = "\u200b\u200b"
    rows[14] = ["no object"]
    lines = [json.dumps(row) for row in rows]
    lines[20] = lines[20][:-4]
    path = tmp_path / "corpus.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def table_of() -> Callable[[Path], pa.Table]:
    """All rows of a result, as any reader of Parquet folders sees them."""

    def read(folder: Path) -> pa.Table:
        return ds.dataset(folder).to_table()

    return read
