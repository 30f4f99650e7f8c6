"""Anything at all as input: what comes back is right, or a refusal in one sentence; never a traceback, never a hang."""

import contextlib
import io
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from panel_cases import SCORES

import attribkit as ak
from attribkit.cli import main
from attribkit.corpus.selection import Selection
from attribkit.corpus.sources import find_sources
from attribkit.corpus.windows import Columns, Plan
from attribkit.data.readers import read_file
from attribkit.models.classifier import Classifier
from attribkit.results.json_file import envelope
from attribkit.results.panels import TokenScores
from attribkit.text.encoded import check_text
from attribkit.text.tokenizer import Tokenizer
from attribkit.training.glove import read_vectors

Tried = Callable[..., None]
FULL = os.environ.get("ATTRIBKIT_STRESS") == "1"


def often(full: int, quick: int) -> settings:
    return settings(
        max_examples=full if FULL else quick,
        deadline=None,
        database=None,
        suppress_health_check=[*HealthCheck],
    )


ANY_TEXT = st.text(max_size=60) | st.text(alphabet="ab .,'\"\u200b\ud83d\u0301字🎬<br/>[PAD]", max_size=60)
LINES = st.lists(st.binary(max_size=30) | st.sampled_from([b'"', b",", b"\n", b"\r\n", b"text", b"\xff", b"\0"])).map(
    b"".join
)


@pytest.fixture(scope="session")
def tokenizer(model_folder: Path) -> Tokenizer:
    found = Classifier.load(model_folder, "cpu").tokenizer
    assert isinstance(found, Tokenizer)
    return found


@often(60_000, 200)
@given(text=ANY_TEXT)
def test_tokenizer(text: str, tokenizer: Tokenizer, tried: Tried) -> None:
    tried("fuzz: texts tokenised")
    try:
        check_text(text)
    except ValueError:
        return
    (one,) = tokenizer.encode([text])
    assert np.array_equal(one.ids, tokenizer.ids([text])[0])
    assert ((one.starts >= 0) & (one.starts <= one.ends) & (one.ends <= len(text))).all()
    assert (one.starts[1:] >= one.ends[:-1]).all() and (one.ids > 0).all()


@often(8_000, 60)
@given(content=LINES)
def test_vector_reader(content: bytes, tmp_path_factory: pytest.TempPathFactory, tried: Tried) -> None:
    tried("fuzz: vector files")
    path = tmp_path_factory.getbasetemp() / "vectors.txt"
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        vectors, _ = read_vectors(path, {"[PAD]": 0, "[UNK]": 1, "text": 2})
        assert np.isfinite(vectors).all()


@often(20_000, 100)
@given(content=LINES, suffix=st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz"]))
def test_data_readers(content: bytes, suffix: str, tmp_path_factory: pytest.TempPathFactory, tried: Tried) -> None:
    tried("fuzz: data files")
    path = tmp_path_factory.getbasetemp() / f"data{suffix}"
    path.write_bytes(b"text,label\n" + content if suffix == ".csv" else content)
    with contextlib.suppress(ValueError):
        read_file(path)
    with contextlib.suppress(ValueError):
        plan = Plan(tuple(find_sources(path)), Columns(text="text"), Selection(), rows=7)
        rows = [row for window in plan.windows() for row in window.table.to_pylist()]
        assert [row["row"] for row in rows] == list(range(len(rows)))
        assert all((row["text"] is None) == bool(row["status"]) for row in rows)
        assert all(bool(row["status"]) == bool(row["reason"]) for row in rows)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@often(12_000, 60)
@given(content=JSON, field=st.sampled_from(["text", "prediction", "panels", "provenance", "whole", "envelope"]))
def test_explanation_loader(content: object, field: str, whole: dict, tried: Tried) -> None:
    tried("fuzz: explanations loaded")
    forged = content if field == "whole" else whole | {field: content}
    text = json.dumps(content) if field == "envelope" else None
    with contextlib.suppress(ValueError):
        text = text if text is not None else envelope("explanation", forged)
        found = ak.Explanation.from_json(text)
        assert ak.Explanation.from_json(found.to_json()) == found


@pytest.fixture(scope="session")
def whole(model_folder: Path) -> dict:
    why = ak.explain(Classifier.load(model_folder, "cpu"), "a good film", views="attribution")
    return json.loads(why.to_json())["content"]


@often(6_000, 40)
@given(content=JSON, file=st.sampled_from(["config.json", "tokenizer.json", "weights.safetensors"]))
def test_model_folder_loader(
    content: object, file: str, model_folder: Path, tmp_path_factory: pytest.TempPathFactory, tried: Tried
) -> None:
    tried("fuzz: model folders loaded")
    folder = tmp_path_factory.getbasetemp() / "forged"
    if not folder.is_dir():
        shutil.copytree(model_folder, folder)
    whole = (folder / file).read_bytes()
    (folder / file).write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"config\.json|damaged|format"):
        Classifier.load(folder, "cpu")
    (folder / file).write_bytes(whole)


@often(2_500, 25)
@given(tokens=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6), note=st.text(max_size=20))
def test_renderer(tokens: list[str], note: str, tried: Tried) -> None:
    tried("fuzz: pages rendered")
    text = " ".join(tokens)
    ends = np.cumsum([len(token) + 1 for token in tokens]) - 1
    try:
        why = ak.Explanation(
            text,
            None,
            (
                TokenScores(
                    starts=ends - [len(token) for token in tokens],
                    ends=ends,
                    tokens=tuple(tokens),
                    scores=np.linspace(-1, 1, len(tokens)),
                    known=np.ones(len(tokens), dtype=bool),
                    tokens_total=len(tokens),
                    notes=(note,),
                    **{**SCORES, "target": "<script>alert(1)</script>"},
                ),
            ),
        )
        page = why.to_html()
    except ValueError:
        return
    assert not re.search(r"<script>alert|<img|<iframe| onerror=| src=.https?:", page.replace(note, ""))
    assert why.to_latex()


ARGUMENTS = st.lists(
    st.sampled_from(
        """explain train evaluate corpus project words check report demo --help --out --target --model --limit --where
        --engine --view --json - -- --debug imdb-cnn nowhere.csv x.png 0 -1 nan pos,neg ../.. """.split()
    )
    | st.text(max_size=6),
    max_size=5,
)


@often(1_500, 20)
@given(arguments=ARGUMENTS)
def test_command_line(arguments: list[str], tmp_path_factory: pytest.TempPathFactory, tried: Tried) -> None:
    if {"demo", "serve", "reproduce", "--debug", "-"} & set(arguments):
        return  # these would work for long, wait for stdin, or show tracebacks on request
    tried("fuzz: command lines")
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(tmp_path_factory.getbasetemp()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main(list(arguments))
        except SystemExit as end:
            assert end.code in (None, 0, 1, 2, 130)
    assert "fault of attribkit" not in err.getvalue()
    assert not re.search(r"Traceback|error: unexpected", out.getvalue() + err.getvalue())
