"""Sharing rows in a network: who has the link is let in, and can ask about the rows only."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import requests
from playwright.sync_api import Browser
from serve.conftest import Serve

from attribkit.cli import main
from attribkit.models.classifier import Classifier
from attribkit.serve.workbench.rows import DataRows

KEY = "a-key-of-this-test"
ROWS = ["a good film", "a bad film with a great story"]


@pytest.fixture
def shared(make_classifier: Callable[..., Classifier], serving: Serve) -> str:
    model = make_classifier("cnn")
    return serving([model], data=DataRows.of([model], ROWS), key=KEY)


def test_nobody_is_let_in_without_the_key_and_the_link_becomes_a_cookie(shared: str) -> None:
    for path in ("/", "/data", "/models", "/pane.js", "/?key=", "/?key=other", f"/data?key={KEY}"):
        refused = requests.get(f"{shared}{path}", timeout=60, allow_redirects=False)
        assert refused.status_code == 401 and "ask who sent it" in refused.json()["error"]
        assert "default-src 'none'" in refused.headers["content-security-policy"]
    for cookie in ("attribkit-key=other", "attribkit-key=", ";;;=", "attribkit-key"):
        assert requests.get(f"{shared}/data", headers={"cookie": cookie}, timeout=60).status_code == 401
    assert requests.post(f"{shared}/?key={KEY}", json={}, timeout=60).status_code == 401
    first = requests.get(f"{shared}/?key={KEY}", timeout=60, allow_redirects=False)
    assert first.status_code == 303 and first.headers["location"] == "/"
    assert first.headers["set-cookie"] == f"attribkit-key={KEY}; HttpOnly; SameSite=Lax; Path=/"
    with requests.Session() as session:
        assert "<title>" in session.get(f"{shared}/?key={KEY}", timeout=60).text
        assert session.get(f"{shared}/data", timeout=60).json()["rows"] == 2


def test_only_the_texts_of_the_rows_can_be_asked_about(shared: str) -> None:
    with requests.Session() as session:
        session.get(f"{shared}/?key={KEY}", timeout=60)

        def status(path: str, body: object) -> int:
            return session.post(f"{shared}/{path}", json=body, timeout=60).status_code

        assert session.get(f"{shared}/models", timeout=60).json()["readonly"] is True
        for path, extra in (("live", {}), ("explain", {}), ("alternatives", {"start": 2}), ("together", {"start": 2})):
            assert status(path, {"text": ROWS[0], **extra}) == 200
            assert status(path, {"text": f"{ROWS[0]} indeed", **extra}) == 403
        assert status("predict", {"texts": ROWS}) == 200 and status("predict", {"texts": [*ROWS, "film"]}) == 403
        assert status("files/json", {"explanations": [{"text": ROWS[0]}, {"text": "film"}]}) == 403
        assert status("data/slice", {"slice": {"search": "film"}}) == 200
        refusal = session.post(f"{shared}/live", json={"text": "film"}, timeout=60).json()["error"]
        assert refusal.startswith("this page is shared to be read")


def test_the_command_warns_and_gives_the_link(
    make_classifier: Callable[..., Classifier], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "imdb-cnn", "--share-readonly"])
    assert "give --data" in capsys.readouterr().err
    folder = make_classifier("cnn").save(tmp_path / "model")
    pd.DataFrame({"text": ROWS, "label": ["pos", "neg"]}).to_csv(tmp_path / "tickets.csv", index=False)
    command = [sys.executable, "-m", "attribkit", "serve", str(folder), "--data", str(tmp_path / "tickets.csv")]
    with subprocess.Popen(
        [*command, "--share-readonly", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        (port, key) = re.findall(r"http://[^:/]+:(\d+)/\?key=([\w-]{32})", lines[1])[0]
        address, cookie = f"http://127.0.0.1:{port}/data", {"attribkit-key": key}
        answers = [requests.get(address, timeout=60), requests.get(address, cookies=cookie, timeout=60)]
        process.terminate()
        warning = process.stderr.read()
    assert lines[0].startswith("2 rows: all rows of tickets.csv")
    assert answers[0].status_code == 401 and answers[1].json()["rows"] == 2
    assert warning.startswith("warning: whoever has the link below can read every row") and "encrypted" in warning


@pytest.mark.browser
def test_a_colleague_reads_and_cannot_type(shared: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{shared}/?key={KEY}")
    page.wait_for_selector("html[data-ready].read-only #workbench[data-sliced]")
    assert "key" not in page.url
    page.locator(".row-of-data[aria-rowindex='3'] .c-length").click()
    page.locator(".current .named b", has_text="Row 1").wait_for()
    page.wait_for_selector(".pane[data-painted]:not(.asking)")
    assert page.locator("textarea").input_value() == ROWS[1] and page.locator(".said .label bdi").inner_text()
    page.locator("textarea").focus()
    page.keyboard.type("more")
    assert page.locator("textarea").input_value() == ROWS[1] and page.locator(".what").is_hidden()
    page.close()
