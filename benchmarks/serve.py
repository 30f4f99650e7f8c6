"""The live page: from a key to its colours, alone and among eight who type, and what two minutes do to the memory.

    python benchmarks/serve.py                 # everything, about four minutes; the browser is the system's Chromium
    python benchmarks/serve.py --only start server page many
    python benchmarks/serve.py --only soak --seconds 120

Prints one JSON line per measurement. The server is the command `attribkit serve` in its own process; beside its own
time stands that of a bare prediction of the same text, measured in this process in the same run.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import requests

PARTS = ("start", "server", "page", "many", "soak")
MODELS = ("imdb-cnn", "imdb-attention-rnn")
WORDS = (
    "the film has a slow first half hour , but the two sisters are played with a quiet warmth that i loved ; the "
    "music is dull , the courtroom scene is poorly written and the ending is a complete waste of excellent actresses . "
) * 3
TEXT = " ".join(WORDS.split()[:100])
LAUNCH = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

# each key's own time stamp, and the moment the frame with its colours has been handed to the screen
WATCH = """() => {
    window.took = [];
    const pane = document.querySelector(".pane");
    const before = document.querySelector("textarea").value.length;
    const pressed = [];
    let painted = 0;
    document.addEventListener("keydown", (event) => pressed.push(event.timeStamp), true);
    new MutationObserver(() => {
        const keys = pressed.slice(painted, Number(pane.dataset.read) - before);
        painted += keys.length;
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => { for (const key of keys) window.took.push(performance.now() - key); };
            channel.port2.postMessage(0);
        });
    }).observe(pane, { attributes: true, attributeFilter: ["data-painted"] });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--seconds", type=float, default=120, help="of the soak")
    parser.add_argument("--keys", type=int, default=150, help="keys typed into the page")
    options = parser.parse_args()
    emit("machine", cores=os.cpu_count(), python=sys.version.split()[0])
    with serving() as (address, started, pid):
        if "start" in options.only:
            busy = round(processor_time(pid), 2)
            emit("start", from_command_to_first_explanation_s=round(started, 2), processor_s=busy, target_s=3)
            emit("page_weight", bytes=weight(address), target=100_000)
        for model in MODELS if "server" in options.only else ():
            measure_server(address, pid, model)
        for model in MODELS if "page" in options.only else ():
            measure_page(address, model, options.keys)
        if "many" in options.only:
            measure_many(address, options.keys)
        if "soak" in options.only:
            measure_soak(address, pid, options.seconds)


@contextmanager
def serving() -> Iterator[tuple[str, float, int]]:
    """The command's address, the seconds until it had explained a text, and its process."""
    since = time.perf_counter()
    command = [sys.executable, "-m", "attribkit", "serve", *MODELS, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        (address,) = re.findall(r"http://\S+", process.stdout.readline())
        requests.post(f"{address}/explain", json={"text": "It was a horrible movie"}, timeout=60).raise_for_status()
        try:
            yield address, time.perf_counter() - since, process.pid
        finally:
            process.terminate()


def weight(address: str) -> int:
    """Bytes of everything that the page loads."""
    page = requests.get(address, timeout=60)
    names = set(re.findall(r'(?:src|href)="([\w.]+\.(?:js|css|svg))"', page.text))
    scripts = names & {name for name in names if name.endswith(".js")}
    while scripts:
        name = scripts.pop()
        found = set(re.findall(r'from "\./([\w.]+)"', requests.get(f"{address}/{name}", timeout=60).text)) - names
        names |= found
        scripts |= found
    return len(page.content) + sum(len(requests.get(f"{address}/{name}", timeout=60).content) for name in sorted(names))


def measure_server(address: str, pid: int, model: str) -> None:
    """The server's own part of one request, beside a bare prediction; processor time is what a busy machine spares."""
    import torch

    from attribkit.models.classifier import Classifier

    torch.set_num_threads(max(1, torch.get_num_threads() // 2))  # as the server does
    classifier = Classifier.load(model, "cpu")
    own, whole, bare = [], [], []
    busy = 0.0
    with requests.Session() as session:
        for round_ in range(130):
            busy = processor_time(pid) if round_ == 30 else busy
            text = f"{TEXT} {round_}"
            since = time.perf_counter()
            answer = session.post(f"{address}/live", json={"text": text, "model": model}, timeout=60)
            whole.append(1000 * (time.perf_counter() - since))
            own.append(float(answer.headers["server-timing"].partition("dur=")[2]))
            since = time.perf_counter()
            classifier.logits(classifier.ids([text]))
            bare.append(1000 * (time.perf_counter() - since))
    found = {"server_ms": own[30:], "round_trip_ms": whole[30:], "bare_prediction_ms": bare[30:]}
    processor = round(10 * (processor_time(pid) - busy), 2)
    emit(
        "server",
        model=model,
        tokens=101,
        **spread(found),
        processor_ms_per_request=processor,
        target_p95_ms=10 if model == "imdb-cnn" else None,
    )


def measure_page(address: str, model: str, keys: int, among: int = 0) -> None:
    """From a key to its colours in Chromium, at ten keys a second at the end of 100 tokens."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=LAUNCH)
        page = browser.new_page(viewport={"width": 1180, "height": 900})
        page.goto(f"{address}/#text={TEXT.replace(' ', '+')}&model={model}")
        page.wait_for_selector(".pane[data-painted]:not(.asking)")
        page.locator("textarea").focus()
        page.keyboard.press("Control+End")
        page.keyboard.type(" warm up the page", delay=60)
        page.evaluate(WATCH)
        page.keyboard.type((" not bad at all , and well worth an evening" * 9)[:keys], delay=100)
        page.wait_for_timeout(3000)
        took = page.evaluate("window.took")
        browser.close()
    target = 300 if model != "imdb-cnn" else 100 if among else 50
    if len(took) != keys:
        raise SystemExit(f"{len(took)} of {keys} keys were painted")
    emit("key_to_colours", model=model, keys=keys, others=among, **spread({"ms": took}), target_p95_ms=target)


def measure_many(address: str, keys: int) -> None:
    """The same while seven others ask ten times a second each."""
    with typing(address, 7) as took:
        time.sleep(1)
        measure_page(address, "imdb-cnn", keys, among=7)
    emit("eight_typers", requests=len(took), **spread({"round_trip_ms": took}), target_p95_ms=100)


@contextmanager
def typing(address: str, clients: int) -> Iterator[list[float]]:
    """Clients that each send a text ten times a second; the round trips' milliseconds. Any error ends the benchmark."""
    stop, took, errors = threading.Event(), [], []

    def client(number: int) -> None:
        with requests.Session() as session:
            for key in range(10**9):
                since = time.perf_counter()
                answer = session.post(f"{address}/live", json={"text": f"{TEXT} {number} {key}"}, timeout=60)
                took.append(1000 * (time.perf_counter() - since))
                if answer.status_code != 200:
                    errors.append(answer.text)
                if stop.wait(max(0.0, 0.1 - (time.perf_counter() - since))):
                    return

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield took
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        if errors:
            raise SystemExit(f"{len(errors)} requests failed: {errors[0]}")


def measure_soak(address: str, pid: int, seconds: float) -> None:
    """Eight clients for two minutes: no error, and the memory at the end beside that after the first sixth."""
    with typing(address, 8) as took:
        time.sleep(seconds / 6)
        before = resident(pid)
        time.sleep(seconds * 5 / 6)
        after = resident(pid)
    memory = {"after_a_sixth_mb": before, "at_the_end_mb": after, "growth_mb": round(after - before, 1)}
    emit("soak", seconds=seconds, requests=len(took), errors=0, **spread({"round_trip_ms": took}), **memory)


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return round(int(found[1]) / 1024, 1)


def spread(values: dict[str, list[float]]) -> dict[str, Any]:
    """The median and the 95th percentile of each."""
    return {
        f"{name}_{kind}": round(float(np.percentile(found, share)), 2)
        for name, found in values.items()
        for kind, share in (("p50", 50), ("p95", 95))
    }


def emit(measured: str, **fields: Any) -> None:
    print(json.dumps({"measured": measured, **fields}), flush=True)


if __name__ == "__main__":
    main()
