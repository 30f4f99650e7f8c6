"""Takes the README's picture of the live page: python docs/page.py; needs the development tools and Chromium.

A word was swapped on a wide, light screen; on a phone at night the attention network reads the same text.
"""

import io
import shutil
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from attribkit.models.classifier import Classifier
from attribkit.serve.server import address_of, build, listen

OUT = Path(__file__).parent / "page.png"
TEXT = "The cast is wonderful and the photography is beautiful, but the plot is dull and the ending a complete waste."
HEIGHT, GAP = 700, 20


def main() -> None:
    """Serve the bundled models, look at the page twice, and set both pictures side by side."""
    listening = listen("127.0.0.1", 0)
    server = build([Classifier.load(name, "cpu") for name in ("imdb-cnn", "imdb-attention-rnn")], "127.0.0.1")
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            shots = [wide(browser, address_of(listening)), narrow(browser, address_of(listening))]
            browser.close()
    finally:
        server.should_exit = True
        thread.join()
    strip = Image.new("RGB", (sum(shot.width for shot in shots) + GAP, HEIGHT), "white")
    strip.paste(shots[0], (0, 0))
    strip.paste(shots[1], (shots[0].width + GAP, 0))
    strip.quantize(256).save(OUT, optimize=True)


def wide(browser: Browser, address: str) -> Image.Image:
    """A word clicked and swapped, and the next one clicked: what moved, beside what was."""
    page = opened(browser, address, "imdb-cnn", 1080, "light")
    click(page, "dull")
    page.locator(".word input").fill("clever")
    page.keyboard.press("Enter")
    click(page, "waste")
    return shot(page)


def narrow(browser: Browser, address: str) -> Image.Image:
    """The text, its colours and the answer on a phone."""
    page = opened(browser, address, "imdb-attention-rnn", 390, "dark")
    page.locator(".pane").evaluate("pane => scrollTo(0, pane.offsetTop - 12)")
    return shot(page)


def opened(browser: Browser, address: str, model: str, width: int, scheme: str) -> Page:
    """The page with the text and its answer."""
    page = browser.new_page(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)
    page.set_default_timeout(120_000)
    page.goto(f"{address}/#{urlencode({'text': TEXT, 'model': model})}")
    settle(page)
    return page


def settle(page: Page) -> None:
    """Until the answer is painted."""
    page.wait_for_selector("html[data-ready] .pane[data-painted]:not(.asking)")


def click(page: Page, word: str) -> None:
    """Click a word of the text, and wait for what could stand in its place."""
    settle(page)
    box = page.locator(".mirror span", has_text=word).first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".named bdi", has_text=word).wait_for()


def shot(page: Page) -> Image.Image:
    """What the screen shows, without a pointer or a caret."""
    settle(page)
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    return Image.open(io.BytesIO(page.screenshot(caret="hide"))).convert("RGB")


if __name__ == "__main__":
    main()
