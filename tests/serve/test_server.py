"""The command itself: it starts, says where it is, and stops when it is told to."""

import json
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from serve.conftest import Serve

from attribkit.cli import main
from attribkit.models.classifier import Classifier
from attribkit.results.explanation import Explanation
from attribkit.serve.server import address_of, is_loopback, listen

PAGE = Path(__file__).parents[2] / "docs" / "serve.md"


def test_the_command_serves_a_folder_until_it_is_told_to_stop(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    folder = make_classifier("cnn").save(tmp_path / "model")
    command = [sys.executable, "-m", "attribkit", "serve", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        said = process.stdout.readline()
        address = re.findall(r"http://127\.0\.0\.1:\d+", said)[0]
        assert "tiny-cnn" in said
        slow = {"text": "a good film with a great story " * 15, "method": "kernel_shap", "views": ["attribution"]}
        answers: list[requests.Response] = []
        asking = threading.Thread(
            target=lambda: answers.append(requests.post(f"{address}/explain", json=slow, timeout=60))
        )
        asking.start()
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        asking.join()
        assert answers[0].status_code == 200
        assert process.wait(60) in (0, -signal.SIGTERM) and process.stderr.read() == ""


def test_starting_loads_no_drawing_library() -> None:
    code = (
        "import sys\n"
        "from attribkit.models.classifier import Classifier\n"
        "from attribkit.serve.server import build\n"
        "build([Classifier.load('imdb-cnn', 'cpu')], '127.0.0.1')\n"
        "print(sorted({'matplotlib', 'seaborn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_port_that_is_taken_and_a_model_that_is_not_there_are_one_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with listen("127.0.0.1", 0) as taken:
        for arguments, code, says in (
            (["imdb-cnn", "--port", str(taken.getsockname()[1])], 1, "take another --port or --host"),
            (["imdb-cmm"], 2, "imdb-cnn"),
        ):
            with pytest.raises(SystemExit) as exit:
                main(["serve", *arguments])
            assert exit.value.code == code
            assert says in capsys.readouterr().err


def test_another_address_comes_with_a_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attribkit.serve.server.serve", lambda models, listening, *others: listening.close())
    for host, warning in (("0.0.0.0", "everyone who can reach 0.0.0.0"), ("127.0.0.1", "")):
        with pytest.raises(SystemExit):
            main(["serve", "imdb-cnn", "--port", "0", "--host", host])
        said = capsys.readouterr().err
        assert warning in said and bool(said) == bool(warning)


@pytest.mark.parametrize(
    ("host", "alone"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("box", False)]
)
def test_loopback_is_told_from_the_rest(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone


def test_an_address_can_be_typed_into_a_browser() -> None:
    with listen("localhost", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP  # else asyncio leaves Nagle's algorithm on
        assert re.fullmatch(r"http://(127\.0\.0\.1|\[::1\]):\d+", address_of(listening))


# the line is run as it stands, by the program it names, which a small container has not
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_the_guides_curl_lines_are_answered(serving: Serve, tmp_path: Path, bundled: list[Classifier]) -> None:
    address = serving(bundled[:1])
    lines = re.findall(r"^curl .*$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    commands = [shlex.split(line.replace("http://127.0.0.1:8000", address)) for line in lines]
    explained, predicted = [
        subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True) for command in commands
    ]
    written = tmp_path / "why.json"
    found = Explanation.from_json(written.read_text(encoding="utf-8") if written.exists() else explained.stdout)
    assert found.token_scores.converged and json.loads(found.to_json())["attribkit"] == "explanation"
    assert [each["label"] for each in json.loads(predicted.stdout)["predictions"]] == ["pos", "neg"]
