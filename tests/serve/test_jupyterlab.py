"""explore() in a real JupyterLab 4: typing recolours through the kernel. Skipped where JupyterLab is not installed.

$ATTRIBKIT_JUPYTER names its command `jupyter`, for one in an environment of its own, with jupyterlab, ipywidgets and
anywidget; the kernel is this Python.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser

pytest.importorskip("ipykernel", reason="a notebook needs a kernel: pip install ipykernel")
pytest.importorskip("anywidget", reason="explore() needs anywidget: pip install 'attribkit[notebook]'")

JUPYTER = os.environ.get("ATTRIBKIT_JUPYTER") or shutil.which("jupyter")
LAB = (
    JUPYTER is not None
    and not subprocess.run([JUPYTER, "lab", "--version"], capture_output=True, check=False).returncode
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not LAB, reason="JupyterLab is not installed, nor named by $ATTRIBKIT_JUPYTER"),
]

ROOT = Path(__file__).parent.parent.parent
CELL = """import attribkit as ak
ak.explore(ak.load("imdb-cnn"), ak.load_dataset("demo").test.head(20))"""
NOTEBOOK = {
    "cells": [
        {"cell_type": "code", "id": "a", "execution_count": None, "metadata": {}, "outputs": [], "source": CELL},
    ],
    "metadata": {"kernelspec": {"name": "attribkit-test", "display_name": "test", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab that holds one notebook, with this Python as its kernel."""
    kernel = tmp_path / "data" / "kernels" / "attribkit-test"
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    spec = {"argv": command, "display_name": "test", "language": "python", "env": {"PYTHONPATH": path}}
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "try.ipynb").write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        name: str(tmp_path / name.split("_")[1].lower())
        for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")
    }
    options = ["--no-browser", "--allow-root", "--ip", "127.0.0.1", "--port", str(port)]
    settings = ("ServerApp.token=", "ServerApp.password=", f"ServerApp.root_dir={tmp_path / 'work'}")
    address = f"http://127.0.0.1:{port}"
    assert JUPYTER is not None
    with subprocess.Popen(
        [JUPYTER, "lab", *options, *(f"--{each}" for each in settings)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            until = time.monotonic() + 60
            while not _answers(address):
                assert time.monotonic() < until and process.poll() is None, "JupyterLab did not start"
                time.sleep(0.5)
            yield address
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/api", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_typing_recolours_through_the_kernel_and_nothing_is_asked_of_anyone(lab: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(45_000)
    events: list[str] = []
    page.on("pageerror", lambda error: events.append(str(error)))
    page.on(
        "request", lambda r: events.extend([r.url] * (not r.url.startswith((lab, "data:", "blob:", f"ws{lab[4:]}"))))
    )
    page.goto(f"{lab}/lab/tree/try.ipynb?reset")
    assert page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).appVersion")[0] == "4"
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(state="attached")
    page.add_locator_handler(
        page.locator(".jp-Dialog"), lambda dialog: dialog.locator(".jp-Dialog-footer button").last.click()
    )
    for _ in range(5):  # a cell that is run before the kernel is connected is forgotten by JupyterLab
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(2_000)
        if page.locator(".jp-InputPrompt").first.inner_text().strip() != "[ ]:":
            break
    page.locator(".pane[data-painted]:not(.asking)").wait_for()
    area = page.locator(".jp-OutputArea textarea")
    for text, label in (("It was a horrible movie", "neg"), ("Such a great show", "pos")):
        area.click()
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
        page.locator(f".pane[data-read='{len(text)}']:not(.asking)").wait_for()
        assert page.locator(".said .label bdi").inner_text() == label
        assert page.locator(".mirror .p20").count() == 1
    page.locator("[name=row]").select_option("3")
    page.wait_for_function("""() => [...document.querySelectorAll('.jp-OutputArea *')].some(
        e => e.shadowRoot && !e.shadowRoot.querySelector('textarea').value.startsWith('Such'))""")
    page.close()
    assert events == []
