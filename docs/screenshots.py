"""Screenshots of every kind of page, to be looked at: wide and narrow, light and dark, on paper, in forced colours.

python docs/screenshots.py FOLDER          # all, in 5 minutes
python docs/screenshots.py FOLDER map words-150
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

import attribkit as ak
from attribkit.data import Dataset
from attribkit.demo import REVIEW, SENTENCES, TITLES, demo
from attribkit.evaluation.errors import errors

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))
from defaults import intents

LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 390, "height": 844}},
    "narrow-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "forced": {"viewport": {"width": 1280, "height": 900}, "forced_colors": "active"},
    "print": {"viewport": {"width": 794, "height": 1123}},
}
"""How each page is looked at, by the name that ends the picture's file name."""

SERVED = {"live": ("imdb-cnn", "imdb-attention-rnn"), "workbench": ("imdb-cnn", "--data", "demo")}
"""The pages of a server, by the arguments of `attribkit serve`."""

TALLEST = 8_000
"""Pixels of a page that are pictured."""


def requests(kinds: int, rows: int) -> Dataset:
    """So many short requests of so many kinds."""
    table = intents(rows * 150 // kinds, seed=0)
    return ak.load_dataset(table[table["label"].isin(table["label"].unique()[:kinds])].reset_index(drop=True))


def results(folder: Path) -> dict[str, Callable[[], Any]]:
    """A result of each kind that writes a page, by the page's name."""
    cnn, rnn, news = (ak.load(name) for name in ("imdb-cnn", "imdb-attention-rnn", "ag-news-attention"))
    texts, answers = zip(*SENTENCES, strict=True)
    why = ak.explain(cnn, "It was a horrible movie")
    data = ak.load_dataset("demo")
    rows, taught = data.test.head(60), data.train.head(60)
    few, many = requests(5, 600), requests(150, 3_000)
    of_few, of_many = (cache(partial(ak.train, "cnn", asked, progress=False)) for asked in (few, many))
    return {
        "why": lambda: why,
        "review": lambda: ak.explain(rnn, REVIEW, true_label="neg", views=["attribution", "attention", "projection"]),
        "classes": lambda: ak.explain(news, TITLES[0][0], target="all", true_label="Sports"),
        "classes-150": lambda: ak.explain(of_many(), "could you please cancel my parcel today", target="all"),
        "band": lambda: ak.explain(cnn, "It was a horrible movie", baseline=["pad", "unk", "mean"]),
        "interactions": lambda: ak.explain(cnn, "It was not a horrible movie", views="all"),
        "twelve": lambda: ak.explain(cnn, [*texts, *texts], true_label=[*answers, *reversed(answers)]),
        "words": lambda: ak.word_importance(cnn, rows),
        "words-150": lambda: ak.word_importance(of_many(), many.test["text"].tolist(), least=2),
        "map": lambda: ak.project(cnn, rows),
        "map-150": lambda: ak.project(of_many(), many.test),
        "evaluate": lambda: ak.evaluate(cnn, rows),
        "evaluate-150": lambda: ak.evaluate(of_many(), many),
        "errors": lambda: errors(cnn, rows),
        "check": lambda: ak.check(cnn, rows, texts=20, min_accuracy=0.9, max_calibration_error=0.05),
        "faithfulness": lambda: ak.faithfulness(cnn, rows["text"].tolist()[:12], ["exact"]),
        "sanity": lambda: ak.sanity(cnn, rows["text"].tolist()[:8]),
        "plausibility": lambda: ak.plausibility(cnn, rows, ["exact", "saliency"]),
        "regions": lambda: ak.region_importance(cnn, rows),
        "label-errors": lambda: ak.label_errors(cnn, taught),
        "influence": lambda: ak.training_influence(cnn, taught, "It was a horrible movie"),
        "corpus": lambda: ak.explain_corpus(cnn, rows, folder / "explained", workers=1),
        "compare": lambda: ak.compare(why, ak.explain(cnn, why.text, method="occlusion")),
        "report-map": lambda: ak.report(cnn, rows, map=True, texts=30, tested=10),
        "report-5": lambda: ak.report(of_few(), few, map=True, texts=12, tested=10),
        "report-150": lambda: ak.report(of_many(), many, map=True, texts=12, tested=4),
    }


def write_pages(folder: Path, names: Sequence[str]) -> list[Path]:
    """The pages of these names; all, those of the demo too, where none are given."""
    chosen = {name: make for name, make in results(folder).items() if name in names or not names}
    paths = [make().save(folder / f"{name}.html") for name, make in chosen.items()]
    return [*paths, *(path for path in demo(folder / "demo")[1] if path.suffix == ".html" and not names)]


@contextmanager
def serving(arguments: tuple[str, ...]) -> Iterator[str]:
    """The address of a server while it runs."""
    command = [sys.executable, "-m", "attribkit", "serve", *arguments, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = ""
            while not address:
                address = "".join(re.findall(r"http://\S+", process.stdout.readline()))
            yield address
        finally:
            process.terminate()


def photograph(browser: Browser, name: str, address: str, folder: Path) -> None:
    """A picture of the page in every look; its height and whether it scrolls sideways are printed."""
    for look, settings in LOOKS.items():
        context = browser.new_context(**settings)
        shown = context.new_page()
        shown.goto(address)
        if name in SERVED:
            data = "" if name == "live" else " #workbench[data-complete]"
            shown.wait_for_selector(f"html[data-ready]:has(.pane[data-painted]){data}")
        if look == "print":
            shown.emulate_media(media="print")
        height, wide = shown.evaluate("[document.body.scrollHeight, document.documentElement.scrollWidth > innerWidth]")
        shown.set_viewport_size({"width": settings["viewport"]["width"], "height": min(max(height, 300), TALLEST)})
        shown.screenshot(path=folder / f"{name}-{look}.png")
        print(f"{name:14} {look:12} {height:6,} px{', scrolls sideways' if wide else ''}")
        context.close()


def main(folder: Path, *names: str) -> None:
    """Write the pages and their pictures into a folder: those of these names, or all."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for page in write_pages(folder, names):
            photograph(browser, page.stem, page.resolve().as_uri(), folder)
        for name, arguments in SERVED.items():
            if names and name not in names:
                continue
            with serving(arguments) as address:
                photograph(browser, name, address, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
