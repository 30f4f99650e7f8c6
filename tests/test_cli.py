"""The command line: what it prints, what it writes, and one sentence for every mistake."""

import errno
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from commands import run
from lexicon import votes
from typer.testing import CliRunner

from attribkit.cli import app
from attribkit.errors import InputError, MissingPackageError, NetworkError
from attribkit.models.classifier import Classifier
from attribkit.models.model_folder import bundled, bundled_transformers
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.panels import Heatmap, Pairs, Scatter
from attribkit.results.several_panels import Panels


@pytest.fixture
def model(make_classifier: Callable[..., Classifier], tmp_path: Path) -> str:
    return str(make_classifier("attention-rnn").save(tmp_path / "model"))


@pytest.fixture
def table(tmp_path: Path) -> str:
    rows = [
        ("a good film", "pos"),
        ("the best show", "pos"),
        ("horrible and bad", "neg"),
        ("the worst movie", "neg"),
    ] * 6
    path = tmp_path / "reviews.csv"
    pd.DataFrame([(f"{text} {i}", label) for i, (text, label) in enumerate(rows)], columns=["text", "label"]).to_csv(
        path, index=False
    )
    return str(path)


def test_explain_prints_a_line_and_writes_every_format(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / f"why{suffix}" for suffix in (".html", ".png", ".svg", ".pdf", ".json", ".tex")]
    assert run("explain", model, "It was a HORRIBLE movie", *(f"--out={file}" for file in files)) == 0
    printed = capsys.readouterr().out
    assert "HORRIBLE" in printed
    assert "tiny-attention-rnn" not in printed or "scores sum to the model’s output" in printed
    assert all(file.stat().st_size > 500 for file in files)
    assert Explanation.load(tmp_path / "why.json").text == "It was a HORRIBLE movie"


def test_explain_as_json_can_be_read_back(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", model, "a good film", "--json", "--target", "pos,neg", "--baseline", "unk") == 0
    why = Explanations.from_json(capsys.readouterr().out)[0]
    assert (why.token_scores.target, why.token_scores.baseline) == ("pos − neg", "unk")
    assert run("explain", model, "a good film", "bad", "--json") == 0
    assert len(Explanations.from_json(capsys.readouterr().out)) == 2


def test_explain_with_several_baselines_and_beside_attention(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--json", "--baseline", "unk", "--baseline", "pad", "--compare")
    assert run("explain", model, "a good film", *arguments) == 0
    why = Explanations.from_json(capsys.readouterr().out)[0]
    assert why.token_scores.band is not None and why.token_scores.band.baselines == ("unk", "pad")
    (panel,) = (panel for panel in why.panels() if isinstance(panel, Heatmap))
    assert [row.name for row in panel.rows] == ["attention", "integrated gradients", "leave-one-out"]
    assert run("explain", model, "a good film", "--baseline", "unk", "--baseline", "unk") == 2
    assert "must name each baseline once, got 'unk' twice" in capsys.readouterr().err
    assert run("explain", model, "a good film", "--view", "attribution", "--compare") == 2
    assert "which is not among attribution" in capsys.readouterr().err


def test_explain_reads_a_text_from_stdin(
    model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("ein Café film\n".encode())))
    assert run("explain", model, "-", "--json") == 0
    assert Explanations.from_json(capsys.readouterr().out)[0].text == "ein Café film"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"film \xff")))
    assert run("explain", model, "-") == 2
    assert "stdin must be UTF-8 text, byte 5 is not" in capsys.readouterr().err


def test_a_text_that_looks_like_markup_is_printed_as_it_is(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", model, "[bold]film[/bold] [/] \x1b[31mred") == 0
    printed = capsys.readouterr().out
    assert "[bold]film[/bold]" in printed
    assert "\x1b[31mred" not in printed


def test_train_evaluate_and_explain_hang_together(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "trained"
    arguments = ("train", table, "--out", str(out), "--epochs", "2", "--filters", "4", "--embedding-size", "6")
    assert run(*arguments, "--min-frequency", "1", "--device", "cpu", "--freeze-epochs", "1") == 0
    assert "accuracy" in capsys.readouterr().out
    assert (out / "loss.png").read_bytes().startswith(b"\x89PNG")
    classifier = Classifier.load(out, "cpu")
    assert classifier.provenance["metrics"]["accuracy"] >= 0
    assert str(tmp_path) not in (out / "config.json").read_text() + (out / "README.md").read_text()

    assert run("evaluate", str(out), table, "--json") == 0
    seen = json.loads(capsys.readouterr().out)
    assert (seen["part"], seen["accuracy"]) == ("test split", classifier.provenance["metrics"]["accuracy"])
    assert run("evaluate", str(out), table, "--split", "all") == 0
    assert "24 texts (all rows)" in capsys.readouterr().out

    assert run(*arguments, "--device", "cpu") == 2
    assert "already holds a model" in capsys.readouterr().err
    assert run(*arguments, "--device", "cpu", "--min-frequency", "1", "--force") == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["explain", "MODEL", "film", "--out", "why.docx"], 2, "must be one of .html, .png"),
        (["explain", "MODEL", "film", "--out", "nowhere/why.png"], 2, "the folder 'nowhere' does not exist"),
        (["explain", "no-such-model", "film", "--out", "nowhere/why.png"], 2, "the folder 'nowhere' does not exist"),
        (["project", "no-such-model", "TABLE", "--out", "nowhere/m.html"], 2, "the folder 'nowhere' does not exist"),
        (["explain", "MODEL", "film", "--reference", "no-such-set"], 2, "neither a known data set"),
        (["explain", "MODEL", " "], 2, "the text is empty"),
        (["explain", "MODEL", "film", "--view", "atention"], 2, "`views` of this model can be attribution"),
        (["explain", "MODEL", "film", "--target", "poz"], 2, "did you mean 'pos'"),
        (["explain", "MODEL", "film", "--output", "odds"], 2, "log_odds, logit, probability"),
        (["explain", "MODEL", "film", "--method", "magic"], 2, "`method` must be one of"),
        (["explain", "no-such-model", "film"], 2, "there is no model folder 'no-such-model'"),
        (["explain", "MODEL"], 2, "either TEXT or --data was expected, got neither"),
        (["evaluate", "MODEL", "no-such-set"], 2, "neither a known data set"),
        (["evaluate", "MODEL", "nowhere.csv"], 2, "nowhere.csv"),
        (["evaluate", "MODEL", "imbd"], 2, "did you mean 'imdb'"),
        (["train", "TABLE", "--out", "OUT", "--model", "transformer"], 2, "attention-rnn"),
        (["train", "TABLE", "--out", "OUT", "--text", "body"], 2, "body"),
        (["train", "TABLE", "--out", "OUT", "--hidden", "4"], 2, "hidden"),
        (["train", "TABLE", "--out", "OUT", "--widths", "3;4"], 2, "such as 3,4,5, got '3;4'"),
        (["train", "TABLE", "--out", "OUT", "--glove", "nowhere.txt"], 2, "nowhere.txt"),
        (["train", "TABLE", "--out", "TABLE"], 2, "is a file"),
        (["train", "TABLE", "--out", "OUT", "--glove", "BROKEN"], 2, "line 2"),
        (["train", "TABLE", "--out", "OUT", "--glove", "FOREIGN"], 2, "none of the"),
        (["train", "ONE_CLASS", "--out", "OUT"], 2, "a classifier needs two classes"),
        (["train", "RARE", "--out", "OUT"], 2, "each class needs 2 rows"),
        (["train", "TABLE", "--out", "OUT", "--snapshots", "first"], 2, "--snapshots must be numbers between commas"),
        (["project", "MODEL", "TABLE", "--layer", "rn"], 2, "did you mean 'rnn'"),
        (["project", "MODEL", "TABLE", "--epochs", "all"], 2, "the model keeps none; train it with snapshots"),
        (["project", "MODEL", "TABLE", "--method", "som"], 2, "umap"),
        (["project", "MODEL", "TABLE", "--out", "map.docx"], 2, "must be one of .html, .png"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_a_mistake_gets_one_sentence_and_an_exit_code(
    model: str,
    table: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    contents = {
        "BROKEN": "film 0.1 0.2\nshow 0.3\n",
        "FOREIGN": "quux 0.1 0.2\n",
        "ONE_CLASS": "text,label\n" + "a film,pos\n" * 6,
        "RARE": "text,label\n" + "a film,pos\na bad film,neg\n" * 6 + "a show,other\n",
    }
    for name, content in contents.items():
        (tmp_path / f"{name}.csv").write_text(content)
    names = {"MODEL": model, "TABLE": table, "OUT": str(tmp_path / "out")}
    names |= {name: str(tmp_path / f"{name}.csv") for name in contents}
    assert run(*(names.get(argument, argument) for argument in arguments)) == code
    printed = capsys.readouterr()
    assert message in " ".join(printed.err.replace("│", " ").split())
    assert "Traceback" not in printed.err and "fault of attribkit" not in printed.err
    assert not (tmp_path / "out").exists()


def test_rows_that_cannot_be_used_are_counted_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("a good film null", "pos"), ("null", "pos"), ("", "pos"), ("   ", "neg"), ("a bad film", "neg")]
    table = pd.DataFrame(
        [(f"{text} {i}".strip() if text.strip() else text, label) for i in range(6) for text, label in rows]
    )
    table.columns = pd.Index(["text", "label"])
    table.to_csv(tmp_path / "reviews.csv", index=False)
    assert run("train", tmp_path / "reviews.csv", "--out", tmp_path / "out", "--epochs", "1", "--device", "cpu") == 0
    assert "12" in capsys.readouterr().out.split("accuracy")[0]


def test_project_prints_the_mixing_and_writes_the_map(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "trained")
    arguments = ("train", table, "--out", out, "--epochs", "2", "--filters", "4", "--embedding-size", "6")
    assert run(*arguments, "--min-frequency", "1", "--device", "cpu", "--snapshots", "0,2", "--reference") == 0
    trained = Classifier.load(out, "cpu")
    assert set(trained.snapshots) == {0, 2} and trained.reference is not None
    capsys.readouterr()
    files = [tmp_path / f"map{suffix}" for suffix in (".json", ".html", ".png")]
    options = ("--split", "all", "--layer", "dropout", "--epochs", "all", "--place", "a good show", "--neighbours", "5")
    assert run("project", out, table, *options, *(f"--out={file}" for file in files)) == 0
    assert "share the label" in capsys.readouterr().out
    (scatter, *_) = Panels.load(files[0]).panels()
    assert isinstance(scatter, Scatter)
    assert [one.epoch for one in scatter.maps] == [0, 2] and scatter.placed[0].excerpt == "a good show"
    assert len(scatter.excerpts) == 24 and all(file.stat().st_size > 500 for file in files)


def test_explain_marks_a_text_among_others_the_same_seed_the_same(
    model: str, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("explain", model, "a good film", "--reference", table, "--method", "gradient_shap", "--json")
    found = []
    for seed in (0, 0, 1):
        assert run(*arguments, "--seed", seed) == 0
        found.append(Explanations.from_json(capsys.readouterr().out)[0])
    (scatter,) = (panel for panel in found[0].panels() if isinstance(panel, Scatter))
    assert scatter.placed[0].excerpt == "a good film" and len(scatter.excerpts) == 24
    assert scatter.notes[0] == "the texts are all rows of reviews.csv"
    assert found[0] == found[1] and found[0].token_scores != found[2].token_scores


def test_explain_takes_the_options_of_what_is_exact_over_all_coalitions(
    make_classifier: Callable[..., Classifier], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(make_classifier("cnn").save(tmp_path / "cnn"))
    arguments = ("explain", model, "a good film", "--view", "interactions", "--json")
    assert run(*arguments, "--interactions", "integrated_hessians", "--max-tokens", "3") == 0
    (panel,) = Explanations.from_json(capsys.readouterr().out)[0].panels()
    assert isinstance(panel, Pairs) and panel.index == "integrated_hessians"
    assert run(*arguments, "--interactions", "banzhaf") == 2
    assert "must be one of shapley, integrated_hessians" in capsys.readouterr().err
    assert run("explain", model, "a good film", "--method", "shapley", "--max-tokens", "2") == 2
    assert "give max_tokens=3" in capsys.readouterr().err


def test_debug_shows_where_an_error_came_from(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", model, "", "--debug") == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "fault",
    [
        KeyError("label"),
        ValueError("shapes\ndiffer"),
        TypeError("of None"),
        RuntimeError("mat1"),
        AssertionError(),
        ModuleNotFoundError("No module named 'attribkit.nothing'"),
        OSError("without a number"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_of_the_package_is_told_as_one(
    model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: Exception
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("attribkit.explainer.explain", broken)
    assert run("explain", model, "film") == 1
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: this is a fault of attribkit ({type(fault).__name__}") and "--debug" in printed
    assert printed.count("\n") == 1 and "Traceback" not in printed
    assert run("explain", model, "film", "--debug") == 1
    printed = capsys.readouterr().err
    assert "in broken" in printed and "the trace above" in printed


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (InputError("why not"), 2, "why not"),
        (NetworkError("why not"), 1, "why not"),
        (MissingPackageError("pip install it"), 1, "pip install it"),
        (OSError(errno.ENOSPC, "No space left on device", "why.png"), 1, "No space left on device: 'why.png'"),
        (PermissionError(errno.EACCES, "Permission denied", "why.png"), 2, "Permission denied: 'why.png'"),
        (MemoryError(), 1, "there is not enough memory (MemoryError)"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 1, "there is not enough memory"),
    ],
)
def test_what_is_no_fault_of_the_package_is_one_sentence(
    model: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    code: int,
    sentence: str,
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("attribkit.explainer.explain", failing)
    assert run("explain", model, "film") == code
    printed = capsys.readouterr().err
    assert sentence in printed and "fault of attribkit" not in printed and printed.count("\n") == 1


def test_after_two_dashes_everything_is_text(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", model, "--json", "--", "--debug") == 0
    assert Explanations.from_json(capsys.readouterr().out)[0].text == "--debug"


def test_a_damaged_model_is_a_sentence(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    (Path(model) / "weights.safetensors").write_bytes(b"")
    assert run("explain", model, "film") == 2
    assert "is damaged" in capsys.readouterr().err


def test_the_version_and_the_bundled_models_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out.strip() == version("attribkit")
    assert run("models") == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in bundled()) and "attention-rnn" in printed and "neg, pos" in printed
    lines = {line.split()[0]: line for line in printed.splitlines()[1:-1]}
    assert set(lines) == {*bundled(), *bundled_transformers()}, "a line each, at 80 columns"
    assert lines["ag-news-attention"].split(maxsplit=2)[2].strip() == "Business, Sci/Tech, Sports, World"
    assert "pip install 'attribkit[hf]'" in printed and max(map(len, printed.splitlines())) <= 80


def test_a_file_s_name_is_not_explained_as_a_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, letter = tmp_path / "tickets.csv", tmp_path / "letter.txt"
    file.write_text("text\nGood\nDull film\n")
    letter.write_text("Good")
    assert run("explain", "imdb-cnn", file, "--json") == 0  # the rows of a table
    assert [row.text for row in Explanations.from_json(capsys.readouterr().out)] == ["Good", "Dull film"]
    for refused in ((file, "Good"), ("Good", file), (letter,), (letter, letter)):
        assert run("explain", "imdb-cnn", *refused) == 2
        printed = " ".join(capsys.readouterr().err.split())
        assert f"give --data {refused[0] if refused[0] != 'Good' else file}" in printed


def test_the_name_of_a_file_that_is_not_there_is_not_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tickets.csv").write_text("text\nGood\n")
    assert run("explain", "imdb-cnn", "ticket.csv") == 2
    assert (
        "there is no 'ticket.csv'" in (printed := capsys.readouterr().err) and "did you mean 'tickets.csv'" in printed
    )
    assert run("explain", "imdb-cnn", "missing.csv is a film", "--json") == 0
    assert Explanations.from_json(capsys.readouterr().out)[0].text == "missing.csv is a film"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_of_another_encoding_takes_any_text(encoding: str) -> None:
    command = [sys.executable, "-m", "attribkit", "explain", "imdb-cnn", "the bad film 👍"]
    shown = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": encoding})
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.decode(encoding)
    assert "the bad film ?" in lines and "ok: scores sum to the model" in lines
    sums = re.search(r"F\(baseline\) = (\S+) . \((\S+)\) = (\S+)", lines)
    assert sums and float(sums[1]) - float(sums[2]) == pytest.approx(float(sums[3]), abs=2e-4)  # no sign is lost


def test_json_has_one_shape(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.csv").write_text("text\na good film\n")
    for texts in (["a good film"], ["a good film", "bad"], ["--data", tmp_path / "x.csv"]):
        assert run("explain", model, *texts, "--json") == 0
        printed = capsys.readouterr().out
        envelope = json.loads(printed)
        assert envelope["attribkit"] == "explanations" and isinstance(envelope["content"], list)
        assert Explanations.from_json(printed)[0].text == "a good film"


@pytest.mark.parametrize(("command", "extra"), [("project", "attribkit[maps]"), ("corpus", "attribkit[ray]")])
def test_help_names_extras_with_their_brackets(command: str, extra: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    assert extra in " ".join(capsys.readouterr().out.replace("│", " ").split())


GROUP: Any = typer.main.get_command(app)


@pytest.mark.parametrize("command", sorted(GROUP.commands))
def test_help_cuts_no_option_s_name(command: str) -> None:
    options = GROUP.commands[command].params
    names = [name for option in options for name in (*option.opts, *option.secondary_opts) if name.startswith("--")]
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "80", "TERM": "dumb"})
    assert shown.exit_code == 0
    assert [name for name in names if not re.search(rf"{re.escape(name)}(?![\w-])", shown.output)] == []
    assert max(map(len, shown.output.splitlines())) <= 80


def test_a_sentence_that_names_an_argument_says_how_it_is_typed(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "rows.csv"
    rows = (f"T{number},a {word} film was seen,{word}" for number in range(6) for word in ("good", "bad"))
    table.write_text("\n".join(["id,what,kind", *rows]))
    for command in (["evaluate", model, table], ["train", table, "--out", tmp_path / "out"]):
        assert run(*command) == 2
        assert "(on the command line: --text 'what', --label 'kind')" in capsys.readouterr().err
    assert run("project", model, table, "--text", "what", "--label", "id", "--sample", "0") == 2
    assert "on the command line" not in capsys.readouterr().err  # it was typed
    assert run("evaluate", model, table, "--label", "kind", "--encoding", "cp1252") == 2
    assert "`label='kind'`? (on the command line: --text 'what', --label 'kind')" in capsys.readouterr().err


def test_words_written_to_a_file_are_not_printed_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pd.DataFrame({"text": ["a good film", "a bad film"] * 10}).to_csv(tmp_path / "rows.csv", index=False)
    command = ["words", "imdb-cnn", tmp_path / "rows.csv", "--device", "cpu", "--out"]
    assert run(*command, tmp_path / "words.csv") == 0
    printed = capsys.readouterr()
    assert "20 texts" in printed.out and "for pos: good" in printed.out and len(printed.out.splitlines()) < 12
    assert "wrote" in printed.err and "good" in pd.read_csv(tmp_path / "words.csv")["word"].tolist()
    assert run(*command, tmp_path / "words.doc") == 2
    assert ".tex, .csv, got 'words.doc'" in " ".join(capsys.readouterr().err.split())
    assert run(*command, tmp_path / "nowhere" / "words.csv") == 2


def test_many_texts_explained_into_a_file_are_not_printed_as_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pd.DataFrame({"text": [f"a good film {number}" for number in range(101)]}).to_csv(
        tmp_path / "rows.csv", index=False
    )
    command = ["explain", "imdb-cnn", "--data", tmp_path / "rows.csv", "--device", "cpu"]
    assert run(*command, "--out", tmp_path / "why.json") == 0
    printed = capsys.readouterr()
    assert printed.out == "" and "all 101 texts were explained; for so many `attribkit corpus` writes" in printed.err
    assert run(*command) == 0
    assert capsys.readouterr().out.count("a good film 7") >= 1


def test_the_options_of_train_stand_in_groups_below_an_example() -> None:
    shown = CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "80", "TERM": "dumb"}).output
    example = shown.index("For example: attribkit train tickets.csv")
    names = [shown.index(f"─ {name} ─") for name in ("Options", "The network", "Training", "The data and its splits")]
    assert [example, *names] == sorted([example, *names])
    ungrouped = re.findall(r"^│[ *]+(--[\w-]+)", shown[names[0] : names[1]], flags=re.M)
    grouped = re.findall(r"^│[ *]+(--[\w-]+)", shown[names[1] :], flags=re.M)
    assert len(grouped) > 2 * len(ungrouped) and "--learning-rate" in grouped and "--filters" in grouped


def test_many_labels_are_told_in_few_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = tuple(f"label {k}" for k in range(40))
    model = votes({f"word{k}": tuple(4.0 * (j == k) for j in range(40)) for k in range(40)}, labels)
    monkeypatch.setattr("attribkit.loading.load", lambda *given, **settings: model)
    rows = [{"text": f"word{k} word{k} here", "label": labels[(k + (k % 8 == 0)) % 40]} for k in range(40)]
    pd.DataFrame(rows * 2).to_csv(tmp_path / "texts.csv", index=False)
    assert run("words", "votes", tmp_path / "texts.csv", "--least", 1, "--split", "all") == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) < 80 and "word7 +" in shown and "--out words.html" in shown
    assert run("evaluate", "votes", tmp_path / "texts.csv", "--split", "all") == 0
    shown = capsys.readouterr().out
    assert "The most confused labels" in shown and "label 9" in shown and "predicted" in shown
    assert run("explain", "votes", "word3", "--target", "label 39x") == 2
    error = capsys.readouterr().err
    assert "did you mean 'label 39'?" in error and len(error) < 300


def test_a_lack_of_memory_is_said_where_there_is_none_left_for_colours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unloadable(*_: object, **__: object) -> None:
        raise ImportError("pydantic_core.so: failed to map segment from shared object")

    def unprintable(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("attribkit.cli.app", unloadable)
    monkeypatch.setattr("attribkit.cli.errors.print", unprintable)
    assert run("models") == 1
    printed = capsys.readouterr().err
    assert (
        printed.startswith("error: there is not enough memory (ImportError: pydantic_core.so")
        and "Trace" not in printed
    )
    assert "raise the limit" in printed and printed.count("\n") == 1
