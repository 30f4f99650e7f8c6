"""The rows beside the live page: 25,000 reviews scrolled, filtered, searched, and the words of 2,000 of them.

    python benchmarks/workbench.py             # two minutes; needs $ATTRIBKIT_DATA and the system's Chromium

Prints one JSON line per measurement. Browser and server share the machine. A frame's time is the time between two
animation frames while the table is scrolled by a screen's height every five frames; a filter's, from the input event to
the frame with its rows, all with their texts.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import requests

SEARCHES = (
    "waste",
    "oscar",
    "not bad",
    "the worst",
    "soundtrack",
    "sequel",
    "my wife",
    "boring",
    "1980s",
    "masterpiece",
)
WORDS = 2_000
LAUNCH = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

SCROLL = """seconds => new Promise((done) => {
    const rows = document.querySelector("#rows");
    const took = [];
    let [last, frame] = [performance.now(), 0];
    const end = last + 1000 * seconds;
    const step = (now) => {
        took.push(now - last);
        last = now;
        if (++frame % 5 === 0) rows.scrollTop += rows.clientHeight;
        else rows.scrollTop += 40;
        if (now < end) requestAnimationFrame(step); else done(took.slice(5));
    };
    requestAnimationFrame(step);
})"""

FILTER = """text => new Promise((done) => {
    const field = document.querySelector("#filter [name=search]");
    const bench = document.querySelector("#workbench");
    const before = bench.dataset.sliced;
    const since = performance.now();
    const check = () => {
        const shown = [...document.querySelectorAll(".row-of-data:not([hidden]) .c-length")];
        const waits = bench.dataset.sliced === before || shown.some((cell) => cell.textContent === "…");
        if (waits) requestAnimationFrame(check);
        else done(performance.now() - since);
    };
    field.value = text;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    check();
})"""


def main() -> None:
    emit("machine", cores=os.cpu_count(), load=round(os.getloadavg()[0], 1), python=sys.version.split()[0])
    with serving() as (address, started, pid):
        since = time.perf_counter()
        while requests.get(f"{address}/data", timeout=60).json()["models"][0]["done"] < 25_000:
            time.sleep(0.25)
        emit(
            "rows",
            rows=25_000,
            until_the_page_s=round(started, 1),
            until_all_predicted_s=round(time.perf_counter() - since, 1),
        )
        measure_words(address, pid)
        measure_page(address)


@contextmanager
def serving() -> Iterator[tuple[str, float, int]]:
    """The command's address, the seconds until it answered, and its process."""
    since = time.perf_counter()
    command = [sys.executable, "-m", "attribkit", "serve", "imdb-cnn", "--data", "imdb", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = ""
            while not address:
                address = "".join(re.findall(r"http://\S+", process.stdout.readline()))
            yield address, time.perf_counter() - since, process.pid
        finally:
            process.terminate()


def measure_words(address: str, pid: int) -> None:
    """From the question to the first words of a slice and to the last; processor time is what a busy machine spares."""
    first, whole, busy = [], [], []
    for part in range(3):
        rows = list(range(part, 3 * WORDS, 3))
        since, before = time.perf_counter(), processor_time(pid)
        with requests.post(f"{address}/data/words", json={"slice": {"rows": rows}}, stream=True, timeout=120) as answer:
            lines = [(time.perf_counter() - since, line) for line in answer.iter_lines()]
        assert json.loads(lines[-1][1])["explained"] == WORDS
        first.append(lines[0][0])
        whole.append(lines[-1][0])
        busy.append(processor_time(pid) - before)
    times = {"first_s": min(first), "whole_s": min(whole), "processor_s": min(busy)}
    emit("words", texts=WORDS, **{name: round(value, 2) for name, value in times.items()}, target_s=2)


def measure_page(address: str) -> None:
    """Frames while scrolling, and filters, in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=LAUNCH)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        page.goto(address)
        page.wait_for_selector("html[data-ready] #workbench[data-complete][data-sliced]")
        page.wait_for_timeout(1_000)
        idle = page.evaluate(SCROLL.replace("rows.scrollTop +=", "void"), 3)
        frames = page.evaluate(SCROLL, 8)
        searches = [page.evaluate(FILTER, text) for text in SEARCHES]
        browser.close()
    shown = {
        "per_second": round(1000 / float(np.mean(frames)), 1),
        "without_scrolling": round(1000 / float(np.mean(idle)), 1),
    }
    emit(
        "scroll",
        frames=len(frames),
        **shown,
        **spread(frames),
        over_17_ms=round(float(np.mean(np.array(frames) > 17)), 3),
        target=60,
    )
    emit("filter", searches=len(searches), **spread(searches), target_ms=100)


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spread(values: list[float]) -> dict[str, Any]:
    """The median and the 95th percentile, in milliseconds."""
    return {f"ms_p{share}": round(float(np.percentile(values, share)), 1) for share in (50, 95)}


def emit(measured: str, **fields: Any) -> None:
    print(json.dumps({"measured": measured, **fields}), flush=True)


if __name__ == "__main__":
    main()
