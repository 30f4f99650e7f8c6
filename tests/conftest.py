"""Fixtures every test may use."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from hypothesis import settings
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from attribkit.attribution.registry import METHODS
from attribkit.models.classifier import Classifier
from attribkit.models.registry import ARCHITECTURES
from attribkit.render.formats import FORMATS
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer
from attribkit.views import VIEWS


def _absent(reason: str, variable: str) -> None:
    """Skip with a reason on a user's machine; fail where CI says that the thing must be there."""
    if os.environ.get(variable):
        pytest.fail(f"{variable} is set, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data sets, from $ATTRIBKIT_DATA."""
    folder = os.environ.get("ATTRIBKIT_DATA")
    if not folder or not Path(folder).is_dir():
        _absent("ATTRIBKIT_DATA does not name a folder of data sets", "ATTRIBKIT_REQUIRE_DATA")
    return Path(str(folder)).resolve()


@pytest.fixture
def registries() -> Iterator[None]:
    """Afterwards the lists of networks, methods, formats and views are what they were."""
    lists: list[dict[str, Any]] = [ARCHITECTURES, METHODS, FORMATS, VIEWS]
    before = [dict(registry) for registry in lists]
    yield
    for registry, kept in zip(lists, before, strict=True):
        registry.clear()
        registry.update(kept)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        _absent("there is no Chromium on this machine", "ATTRIBKIT_REQUIRE_BROWSER")
    return str(path)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """The system's Chromium, told to ask nothing of anyone."""
    quiet = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-component-update"
    arguments = [f"--{word}" for word in (*quiet.split(), "disable-sync")]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Open a page from a file; afterwards nothing else may have been asked for, said or run."""
    events: list[str] = []
    pages: list[tuple[Page, str]] = []

    def refuse(dialog: Dialog) -> None:
        events.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def build(source: str, scheme: Literal["light", "dark"] = "light", width: int = 1000, **settings: Any) -> Page:
        path = tmp_path / f"{len(pages)}.html"
        path.write_text(source, encoding="utf-8", newline="")
        page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900}, **settings)
        page.on("request", lambda request: events.append(f"request {request.url}"))
        page.on("dialog", refuse)
        page.on("console", lambda message: events.append(f"console {message.text}"))
        page.on("pageerror", lambda error: events.append(f"error {error}"))
        page.goto(path.as_uri())
        pages.append((page, path.as_uri()))
        return page

    yield build
    for page, _ in pages:
        page.close()
    # a picture within the page is no request to anybody
    assert [event for event in events if not event.startswith("request data:")] == [
        f"request {uri}" for _, uri in pages
    ]


# a busy machine must not fail a law; where CI is set, hypothesis' own profile for it also fixes the examples drawn
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")

# the tests' networks are tiny and run side by side: more threads, unless asked for, would only wait for one another
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))

SENTENCES = (
    "a good film with a great story",
    "the worst movie ever , dull and bad",
    "I've never watched something as bad !",
    "such a great show , a delight",
    "it was a horrible movie",
    "the best film ever",
)


@pytest.fixture(scope="session")
def make_classifier() -> Callable[..., Classifier]:
    """Builds a small untrained classifier whose weights are large enough for its answers to differ."""

    def make(
        architecture: str = "cnn", labels: tuple[str, ...] = ("neg", "pos"), seed: int = 0, **sizes: Any
    ) -> Classifier:
        tokenizer = Tokenizer.train(SENTENCES, TextSettings(min_frequency=1))
        defaults = {"embedding_size": 8, **({"filters": 6} if architecture == "cnn" else {"hidden": 5})}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = ARCHITECTURES[architecture].build(
                vocabulary=len(tokenizer), classes=len(labels), **(defaults | sizes)
            )
            with torch.no_grad():
                for parameter in network.parameters():
                    parameter.mul_(2.0)
        return Classifier(network.eval(), tokenizer, labels, name=f"tiny-{architecture}")

    return make
