"""Screenshots of every kind of page, to be looked at: wide and narrow, light and dark, on paper, in forced colours.

python docs/screenshots.py FOLDER
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

import attribkit as ak
from attribkit.demo import REVIEW, SENTENCES, TITLES, demo

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


def write_pages(folder: Path) -> list[Path]:
    """One page of each kind."""
    cnn, rnn, news = (ak.load(name) for name in ("imdb-cnn", "imdb-attention-rnn", "ag-news-attention"))
    texts, answers = zip(*SENTENCES, strict=True)
    why = ak.explain(cnn, "It was a horrible movie")
    rows = ak.load_dataset("demo").test.head(60)
    results = {
        "why": why,
        "review": ak.explain(rnn, REVIEW, true_label="neg", views=["attribution", "attention", "projection"]),
        "classes": ak.explain(news, TITLES[0][0], target="all", true_label="Sports"),
        "band": ak.explain(cnn, "It was a horrible movie", baseline=["pad", "unk", "mean"]),
        "interactions": ak.explain(cnn, "It was not a horrible movie", views="all"),
        "twelve": ak.explain(cnn, [*texts, *texts], true_label=[*answers, *reversed(answers)]),
        "words": ak.word_importance(cnn, rows),
        "map": ak.project(cnn, rows),
        "evaluate": ak.evaluate(cnn, rows),
        "faithfulness": ak.faithfulness(cnn, rows["text"].tolist()[:12], ["exact"]),
        "sanity": ak.sanity(cnn, rows["text"].tolist()[:8]),
        "mapped": ak.report(cnn, rows, map=True, texts=30, tested=10),
        "compare": ak.compare(why, ak.explain(cnn, why.text, method="occlusion")),
    }
    paths = [result.save(folder / f"{name}.html") for name, result in results.items()]
    return [*paths, *(path for path in demo(folder / "demo")[1] if path.suffix == ".html")]


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


def main(folder: Path) -> None:
    """Write the pages and their pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for page in write_pages(folder):
            photograph(browser, page.stem, page.resolve().as_uri(), folder)
        for name, arguments in SERVED.items():
            with serving(arguments) as address:
                photograph(browser, name, address, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
