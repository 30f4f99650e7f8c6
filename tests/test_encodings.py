"""Every function that reads a file reads it in its encoding, and a guess is said where the result is read."""

import html
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commands import run

import attribkit as ak
from attribkit import influence
from attribkit.evaluation import errors as error_analysis
from attribkit.models.classifier import Classifier
from attribkit.results.panels import Table

WORDS = ("größe", "naïve", "café", "déjà", "señor", "fête")
TEXTS = [f"un {first} film et une {second} idée" for first in WORDS for second in ("très bien", "très mal")]
LABELS = ["pos", "neg"] * 6
GUESSED: dict[str, str | None] = {"latin-1": "Windows-1252", "utf-16": "UTF-16", "utf-8-sig": None}
NO_FILE = {
    "compare": "it takes two results",
    "load": "it reads a model",
    "register_method": "it reads nothing",
    "register_network": "it reads nothing",
}
TAKES_DATA = {"data", "train", "texts", "name_or_path"}


def written(path: Path, encoding: str) -> Path:
    """A CSV file of the texts, in which a byte order mark stands where the encoding has one."""
    rows = "".join(f'"{text}",{label},"[[3, 8]]"\n' for text, label in zip(TEXTS, LABELS, strict=True))
    path.write_text(f"text,label,rationale\n{rows}", encoding=encoding)
    return path


def shown(result: Any) -> str:
    return "\n".join(dict.fromkeys(note for panel in result.panels() for note in getattr(panel, "notes", ())))


def _explain(model: Classifier, file: Any, options: dict[str, Any], folder: Path) -> tuple[Any, str]:
    rows = ak.explain(model, file, views="attribution", **options)
    page = html.unescape(rows.to_html())
    for note in rows[0].provenance.get("notes", ()):
        assert f"<li>{note}</li>" in page and f"– {note}" in str(rows) and f"– {note}" in str(rows[0])
    return rows.to_frame(), str(rows)


def _predict(model: Classifier, file: Any, options: dict[str, Any], folder: Path) -> tuple[Any, str]:
    frame = model.predict(file, **options)
    return frame, "\n".join(frame.attrs.get("notes", ()))


def _layers(model: Classifier, file: Any, options: dict[str, Any], folder: Path) -> tuple[Any, str]:
    outputs = ak.layer_outputs(model, file, ["embedding"], **options)
    return outputs.to_frame(), outputs.summary()


def _reference(model: Classifier, file: Any, options: dict[str, Any], folder: Path) -> tuple[Any, str]:
    reference = ak.keep_reference(model, file, **options)
    model.reference = None
    return pd.DataFrame(reference.points), reference.source


def _train(model: Classifier, file: Any, options: dict[str, Any], folder: Path) -> tuple[Any, str]:
    trained = ak.train("cnn", file, **SMALL, **options)
    return trained.predict(TEXTS), " ".join(trained.provenance["data"]["notes"])


def _load(model: Classifier, file: Any, options: dict[str, Any], folder: Path) -> tuple[Any, str]:
    data = ak.load_dataset(file, **options)
    return data.train, " ".join(data.notes)


def _corpus(model: Classifier, file: Any, options: dict[str, Any], folder: Path) -> tuple[Any, str]:
    return ak.explain_corpus(model, file, folder / "out", workers=1, words=True, **options).words(), ""


def _frame(call: Callable[..., Any], said: Callable[[Any], str] = shown) -> Any:
    def made(model: Classifier, file: Any, options: dict[str, Any], folder: Path) -> tuple[Any, str]:
        result = call(model, file, **options)
        return result.to_frame(), said(result)

    return made


def _influence(model: Classifier, file: Any, **options: Any) -> Any:
    return ak.training_influence(model, file, Path(file), other_rows=True, most=1, checked=0, **options)


def _datamodelling(model: Classifier, file: Any, **options: Any) -> Any:
    layer = influence.RefittedLayer.of(model, file, other_rows=True, checked=0, **options)
    return influence.datamodelling_score(layer, file, subsets=3, **options)


def _explore(model: Classifier, file: Any, options: dict[str, Any], folder: Path) -> tuple[Any, str]:
    from attribkit.serve.workbench.rows import DataRows  # what `explore` and `serve` show beside their page

    rows = DataRows.of([model], file, **options)
    return pd.DataFrame({"text": rows.texts}), " ".join(rows.notes)


def _report(model: Classifier, file: Any, options: dict[str, Any], folder: Path) -> tuple[Any, str]:
    page = ak.report(model, file, texts=1, tested=0, mistakes=0, **options)
    rows = [(figure.name, figure.value) for figure in page.document.figures]
    return pd.DataFrame(rows), " ".join(page.document.sentences)


def _training(model: Classifier, file: Any, options: dict[str, Any], folder: Path) -> tuple[Any, str]:
    kept = ak.keep_training(model, file, other_rows=True, **options)
    (panel,) = ak.explain(model, "un film", views="training").panels()
    model.training_features = None
    assert isinstance(panel, Table)
    return pd.DataFrame(kept.values), " ".join(panel.notes)


SMALL: dict[str, Any] = {"epochs": 1, "filters": 4, "embedding_size": 6, "min_frequency": 1, "device": "cpu"}
CALLS: dict[str, Callable[[Classifier, Any, dict[str, Any], Path], tuple[Any, str]]] = {
    "explain": _explain,
    "predict": _predict,
    "layer_outputs": _layers,
    "keep_reference": _reference,
    "keep_training": _training,
    "train": _train,
    "load_dataset": _load,
    "explain_corpus": _corpus,
    "explore": _explore,
    "report": _report,
    "project": _frame(lambda model, file, **options: ak.project(model, file, **options)),
    "word_importance": _frame(lambda model, file, **options: ak.word_importance(model, file, least=1, **options)),
    "region_importance": _frame(lambda model, file, **options: ak.region_importance(model, file, **options)),
    "faithfulness": _frame(
        lambda model, file, **options: ak.faithfulness(model, file, "saliency", oracle_texts=0, perturbed=0, **options)
    ),
    "sanity": _frame(lambda model, file, **options: ak.sanity(model, file, "saliency", draws=1, **options)),
    "plausibility": _frame(lambda model, file, **options: ak.plausibility(model, file, "saliency", **options)),
    "check": _frame(lambda model, file, **options: ak.check(model, file, texts=2, **options)),
    "evaluate": _frame(lambda model, file, **options: ak.evaluate(model, file, **options)),
    "label_errors": _frame(
        lambda model, file, **options: ak.label_errors(model, file, parts=2, most=1, words=False, **options)
    ),
    "training_influence": _frame(_influence),
    "datamodelling_score": _frame(_datamodelling),
    "errors": _frame(lambda model, file, **options: error_analysis.errors(model, file, most=1, **options)),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    file = written(tmp_path_factory.mktemp("model") / "rows.csv", "utf-8")
    return ak.train("cnn", pd.read_csv(file), **SMALL, progress=False)


@pytest.fixture(scope="module")
def wanted(model: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """What a function makes of the file in UTF-8, made once."""
    known: dict[str, Any] = {}

    def of(name: str) -> Any:
        if name not in known:
            folder = tmp_path_factory.mktemp(name)
            known[name] = CALLS[name](model, written(folder / "rows.csv", "utf-8"), {}, folder)
        return known[name][0]

    return of


def test_every_function_that_takes_data_takes_an_encoding() -> None:
    functions = {name: getattr(ak, name) for name in ak.__all__ if inspect.isfunction(getattr(ak, name))}
    functions |= {
        "predict": Classifier.predict,
        "errors": error_analysis.errors,
        "datamodelling_score": influence.datamodelling_score,
    }
    for name, function in functions.items():
        names = set(inspect.signature(function).parameters)
        assert ("encoding" in names) == (name not in NO_FILE), name
        assert bool(names & TAKES_DATA) == (name not in NO_FILE), name
    assert {*CALLS, *NO_FILE} >= {*functions} - {"quickstart"}, "each is called below; quickstart has a test of its own"


@pytest.mark.parametrize("encoding", GUESSED)
@pytest.mark.parametrize("name", CALLS)
def test_a_file_is_the_same_in_every_encoding(
    name: str, encoding: str, model: Classifier, wanted: Callable[[str], Any], tmp_path: Path
) -> None:
    file = written(tmp_path / "rows.csv", encoding)
    # a corpus is read row after row, before its end could tell what it is: there Latin-1 must be said
    options = {"encoding": "latin-1"} if (name, encoding) == ("explain_corpus", "latin-1") else {}
    frame, said = CALLS[name](model, file, options, tmp_path)
    pd.testing.assert_frame_equal(frame, wanted(name))
    title = GUESSED[encoding]
    if title is not None and name != "explain_corpus":
        assert said.count(f"was read as {title}") == 1, said
    else:
        assert "was read as" not in said
    frame, said = CALLS[name](model, file, {"encoding": encoding}, tmp_path / "again")
    pd.testing.assert_frame_equal(frame, wanted(name))
    assert "was read as" not in said, "what was given is no guess"


@pytest.mark.parametrize("name", CALLS)
def test_an_encoding_without_a_file_is_one_sentence(name: str, model: Classifier, tmp_path: Path) -> None:
    table = pd.DataFrame({"text": TEXTS, "label": LABELS, "rationale": [[[3, 8]]] * 12})
    if name == "training_influence":
        with pytest.raises(ValueError, match="`encoding` says how a file of texts is read, and none was given"):
            ak.training_influence(model, table, "un film", other_rows=True, encoding="cp1252")
        return
    with pytest.raises(ValueError, match=r"`encoding` says how (a file of texts is|files are) read"):
        CALLS[name](model, table, {"encoding": "cp1252"}, tmp_path)


@pytest.mark.parametrize("name", CALLS)
def test_a_quote_that_is_never_closed_is_told_with_its_line(name: str, model: Classifier, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    rows = [f"{text},{label}" for text, label in zip(TEXTS, LABELS, strict=True)]
    rows[3] = '"un film,neg'  # line 5; it swallows the rows up to the next quote
    rows[7] = '"tout bon",pos'
    file.write_text("\n".join(["text,label", *rows, ""]))
    told = "line 5 of 'rows.csv' opens a quote that is never closed and swallows the rows after it; close it"
    if name == "explain_corpus":  # which promises a row for each row
        result = ak.explain_corpus(model, file, tmp_path / "out", workers=1)
        table = pd.concat(map(pd.read_parquet, result.files))
        assert result.statuses == {"ok": 11, "malformed": 1}
        assert table.loc[table["status"] == "malformed", "reason"].tolist()[0].startswith(told)
        return
    with pytest.raises(ak.InputError, match=re.escape(told)):
        CALLS[name](model, file, {}, tmp_path)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le"])
def test_every_command_that_reads_a_file_takes_an_encoding(
    encoding: str, model: Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file = model.save(tmp_path / "model"), written(tmp_path / "rows.csv", encoding)
    commands: list[list[object]] = [
        ["explain", folder, "--data", file],
        ["explain", folder, file],
        ["evaluate", folder, file],
        ["words", folder, file, "--least", 1],
        ["project", folder, file],
        ["check", folder, file, "--texts", 2, "--allow-training-rows"],
        ["clean", file, "--model", folder, "--most", 0, "--no-words"],
        ["report", folder, file, "--out", tmp_path / "r.html", "--texts", 0, "--tested", 0, "--mistakes", 0],
        ["corpus", folder, file, tmp_path / "corpus", "--workers", 1],
        ["train", file, "--out", tmp_path / "m", "--epochs", 1, "--filters", 2, "--embedding-size", 4],
    ]
    for command in commands:
        assert run(*command, "--encoding", encoding) == 0, (command, capsys.readouterr().err)
        printed = " ".join("".join(capsys.readouterr()).split())
        assert "was read as" not in printed
    if encoding == "latin-1":
        assert run("explain", folder, file) == 0
        assert "note: 'rows.csv' was read as Windows-1252, for its line" in " ".join(capsys.readouterr().err.split())
    assert run("serve", folder, "--encoding", encoding) == 2
    assert "--encoding say how --data are read; give --data" in " ".join(capsys.readouterr().err.split())
