"""What docs/extending.md says can be added is added here, in as many files as it says."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests
from own_modules import file_in_document
from torch import nn

import attribkit as ak
from attribkit.cli import main
from attribkit.errors import InputError, InputTypeError
from attribkit.models import registry
from attribkit.models.cnn import CNNSettings, TextCNN

TEXTS = ["It was a horrible movie", "Such a great show!", "Best film ever", "The plot is dull."]


@pytest.fixture
def only_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registries: None) -> Iterator[Path]:
    """A folder with my_network.py and my_method.py to stand in; afterwards nothing of them is left in this process."""
    for name in ("my_network.py", "my_method.py"):
        (tmp_path / name).write_text(file_in_document(name), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("my_network", "my_method"):
        sys.modules.pop(name, None)


def run_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)


def test_a_network_of_ones_own_trains_saves_loads_and_explains(only_here: Path) -> None:
    __import__("my_network")
    data = ak.load_dataset("demo").sample(300)
    model = ak.train("mean", data, hidden=8, epochs=2, device="cpu", out="mean-model", seed=0)
    assert model.network.settings.hidden == 8 and model.name == "demo-mean"
    loaded = ak.load("mean-model", "cpu")
    np.testing.assert_array_equal(loaded.probabilities(TEXTS), model.probabilities(TEXTS))
    assert loaded.fingerprint() == model.fingerprint()
    why = ak.explain(loaded, TEXTS[0], views="attribution")
    assert "scores sum to the model’s output" in repr(why) or why.to_frame()["score"].notna().all()


def test_a_fresh_process_runs_no_code_of_a_model_folder_and_says_what_to_import(only_here: Path) -> None:
    trained = run_python(
        "import attribkit as ak, my_network\n"
        "ak.train('mean', ak.load_dataset('demo').sample(200), epochs=1, device='cpu', out='mean-model')",
        only_here,
    )
    assert trained.returncode == 0, trained.stderr
    refused = run_python("import attribkit as ak\nak.load('mean-model')", only_here)
    assert "InputError" in refused.stderr and "register_network" in refused.stderr and "'mean'" in refused.stderr
    loaded = run_python(
        "import attribkit as ak, my_network\nprint(ak.load('mean-model', 'cpu').predict('Best film ever').shape)",
        only_here,
    )
    assert loaded.stdout == "(1, 4)\n", loaded.stderr


@pytest.mark.parametrize("by_name", [True, False])
def test_worker_processes_know_a_network_of_ones_own(only_here: Path, by_name: bool) -> None:
    __import__("my_network")
    model = ak.train("mean", ak.load_dataset("demo").sample(200), epochs=1, device="cpu", out="mean-model", seed=0)
    pd.DataFrame({"text": TEXTS}).to_csv("texts.csv", index=False)
    run = ak.explain_corpus("mean-model" if by_name else model, "texts.csv", "out", workers=2, window=2)
    assert run.statuses == {"ok": 4}


def test_a_network_of_the_script_itself_is_not_sent_to_workers(only_here: Path) -> None:
    code = (
        f"{file_in_document('my_network.py')}\n"
        "import pandas as pd\n"
        "model = ak.train('mean', ak.load_dataset('demo').sample(200), epochs=1, device='cpu')\n"
        "pd.DataFrame({'text': ['Best film ever']}).to_csv('texts.csv')\n"
        "print(ak.explain_corpus(model, 'texts.csv', 'alone').statuses)\n"
        "ak.explain_corpus(model, 'texts.csv', 'two', workers=2)\n"
    )
    done = run_python(code, only_here)
    assert done.stdout == "{'ok': 1}\n"
    assert "InputError: only networks and tokenizers that other processes can import" in done.stderr


@pytest.mark.parametrize("by_name", [True, False])
def test_worker_processes_know_a_method_of_ones_own(only_here: Path, by_name: bool) -> None:
    __import__("my_method")
    pd.DataFrame({"text": TEXTS}).to_csv("texts.csv", index=False)
    model = ak.load("imdb-cnn", "cpu")
    data = pd.DataFrame({"text": TEXTS})
    run = ak.explain_corpus(
        "imdb-cnn" if by_name else model, "texts.csv", "out", method="distance", workers=2, window=2, progress=False
    )
    assert run.statuses == {"ok": 4}
    rows = pd.concat([pd.read_parquet(file) for file in run.files])
    for row, why in zip(
        rows.itertuples(), ak.explain(model, data, method="distance", views="attribution"), strict=True
    ):
        assert row.method == "distance"
        np.testing.assert_allclose(row.scores, why.scores)


def test_a_method_of_the_script_itself_is_not_asked_of_workers(only_here: Path) -> None:
    code = (
        f"{file_in_document('my_method.py')}\n"
        "import pandas as pd\n"
        "texts = pd.DataFrame({'text': ['Best film ever']})\n"
        "print(ak.explain_corpus('imdb-cnn', texts, 'alone', method='distance').statuses)\n"
        "ak.explain_corpus('imdb-cnn', texts, 'two', method='distance', workers=2)\n"
    )
    done = run_python(code, only_here)
    assert done.stdout == "{'ok': 1}\n", done.stderr
    assert "InputError: the method 'distance' is of the script itself" in done.stderr


def test_the_command_line_and_the_live_page_know_a_method_of_ones_own(only_here: Path) -> None:
    attribkit = [sys.executable, "-m", "attribkit", "--import", "my_method"]
    for command in ("explain", "corpus", "check"):
        shown = subprocess.run([*attribkit, command, "--help"], capture_output=True, text=True)
        assert "distance" in shown.stdout and "random" in shown.stdout, shown.stderr
    with subprocess.Popen(
        [*attribkit, "serve", "imdb-cnn", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            (address,) = re.findall(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
            models = requests.get(f"{address}/models", timeout=60).json()
            schema = requests.get(f"{address}/openapi.json", timeout=60).text
            asked = {"text": TEXTS[0], "method": "distance", "views": ["attribution"]}
            answer = requests.post(f"{address}/explain", json=asked, timeout=60)
        finally:
            server.terminate()
    assert models["methods"]["distance"] == "distance" and "distance" in models["models"][0]["methods"]
    assert '"distance"' in schema
    assert ak.Explanation.from_json(answer.text).token_scores.method == "distance"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--import", "no_such_module", "demo"], "the module 'no_such_module', which registers a network or a method"),
        (["train", "demo", "--model", "cnm", "--out", "m"], "did you mean 'cnn'"),
        (["train", "demo", "--set", "filters", "--out", "m"], "--set must be a name and a value"),
        (["train", "demo", "--set", "filter=2", "--out", "m"], "did you mean 'filters'"),
    ],
)
def test_wrong_options_of_the_command_line_are_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert sentence in capsys.readouterr().err


class NoSettings(nn.Module):
    def __init__(self, settings: CNNSettings) -> None:
        super().__init__()
        self.embedding = nn.Embedding(settings.vocabulary, 2)


class Unplain(CNNSettings):
    pass


@pytest.mark.usefixtures("registries")
def test_what_is_no_network_is_refused_at_registration() -> None:
    with pytest.raises(InputTypeError, match="`network` must be a class"):
        ak.register_network("mine", TextCNN(CNNSettings(9, 2)), CNNSettings)  # type: ignore[arg-type]
    with pytest.raises(InputTypeError, match="dataclass with the fields vocabulary and classes"):
        ak.register_network("mine", TextCNN, dict)
    with pytest.raises(InputTypeError, match="`name` must be a text"):
        ak.register_network("", TextCNN, CNNSettings)
    with pytest.raises(InputError, match=r"the name 'cnn' is taken by attribkit\.models\.cnn\.TextCNN"):
        ak.register_network("cnn", NoSettings, CNNSettings)
    ak.register_network("cnn", TextCNN, CNNSettings)  # the same again, as when a notebook's cell is run twice
    ak.register_network("mine", NoSettings, CNNSettings)
    with pytest.raises(InputTypeError, match="keep its `settings`, NoSettings does not"):
        registry.architecture("mine").build(vocabulary=3, classes=2)
    ak.register_network("mine", NoSettings, CNNSettings)
    with pytest.raises(InputTypeError, match="must be numbers, strings and lists"):
        registry.architecture("cnn").build(vocabulary=3, classes=2, dropout=nn.ReLU())
