"""The report page and the words of a whole test set, on real reviews and the bundled CNN.

    python benchmarks/report.py --only words page

Prints one JSON line per measurement. `words` counts what every word of IMDB's 25,000 test reviews does. `page` makes
the report on 1,000 of them, all explained and 100 tested, without a map; and opens it in the system's Chromium with a
fresh profile, from going there until a search of its texts has answered. `labels` counts words for models of many
labels, in processor seconds, with the most memory so far: imdb-cnn with another output layer, drawn by chance, on the
first 12 words of reviews and on whole ones. Reviews are read from
$ATTRIBKIT_DATA/imdb/test.parquet; without them there is nothing to measure.
"""

import argparse
import json
import os
import resource
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import torch
from playwright.sync_api import sync_playwright

import attribkit as ak

LAUNCH = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def say(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def reviews() -> pd.DataFrame:
    file = Path(os.environ.get("ATTRIBKIT_DATA", "")) / "imdb" / "test.parquet"
    if not file.is_file():
        raise SystemExit(f"there is no {file}; let $ATTRIBKIT_DATA name the folder of data sets")
    return pd.read_parquet(file, columns=["text", "label"])


def words(table: pd.DataFrame) -> None:
    model = ak.load("imdb-cnn", device="cpu")
    start = time.perf_counter()
    found = ak.word_importance(model, table)
    seconds = time.perf_counter() - start
    say(measure="word importance", texts=found.texts, tokens=found.tokens, seconds=seconds)


def page(table: pd.DataFrame) -> None:
    model, some = ak.load("imdb-cnn", device="cpu"), table.sample(1_000, random_state=0, ignore_index=True)
    start = time.perf_counter()
    made = ak.report(model, some, name="imdb", texts=1_000, tested=100)
    with TemporaryDirectory() as folder:
        path = made.save(Path(folder) / "report.html")
        say(measure="report", texts=1_000, seconds=time.perf_counter() - start, bytes=path.stat().st_size)
        opened = sorted(opening(path) for _ in range(5))
    say(measure="from opening the report to a search's answer", seconds=opened[2], best=opened[0], worst=opened[-1])


def opening(path: Path) -> float:
    """Seconds until a search has been answered, in a browser of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=LAUNCH)
        tab = browser.new_page()
        start = time.perf_counter()
        tab.goto(path.as_uri())
        tab.locator("input[name=words]").fill("zzzzzz")
        tab.locator("#texts output", has_text="0 of 1,000 texts").wait_for()
        seconds = time.perf_counter() - start
        browser.close()
    return seconds


MANY = ((77, 3_080, 12), (150, 4_500, 12), (20, 7_532, None))
"""Labels, texts, and how many words of each review."""


def labels(table: pd.DataFrame) -> None:
    for count, rows, length in MANY:
        small = ak.load("imdb-cnn", device="cpu")
        torch.manual_seed(0)
        small.network.output = torch.nn.Linear(small.network.output.in_features, count)
        model = ak.Classifier(small.network, small.tokenizer, [f"label {number}" for number in range(count)])
        texts = [" ".join(text.split()[:length]) for text in table["text"][:rows]]
        start, cpu = time.perf_counter(), time.process_time()
        ak.word_importance(model, texts)
        say(
            measure="words of many labels",
            labels=count,
            texts=rows,
            cpu=time.process_time() - cpu,
            seconds=time.perf_counter() - start,
            peak_megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        )


PARTS = {"words": words, "page": page, "labels": labels}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    chosen = parser.parse_args()
    table = reviews()
    for name in chosen.only:
        PARTS[name](table)


if __name__ == "__main__":
    main()
