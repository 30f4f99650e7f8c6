"""The documentation site is built without a warning, asks nothing of anybody, and its search finds the glossary."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import attribkit as ak

ROOT = Path(__file__).parent.parent
BUILT = pytest.mark.skipif(
    find_spec("material") is None or find_spec("mkdocstrings") is None,
    reason="the site needs the extra docs: make docs",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    made = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@BUILT
def test_every_public_name_command_and_error_has_its_place(site: Path) -> None:
    api = (site / "reference" / "api.html").read_text(encoding="utf-8")
    assert [name for name in ak.__all__ if f"ak.{name}" not in api] == []
    commands = (site / "reference" / "cli.html").read_text(encoding="utf-8")
    assert all(f"attribkit {name}" in commands for name in ("quickstart", "train", "explain", "report", "corpus"))
    errors = (site / "reference" / "errors.html").read_text(encoding="utf-8")
    assert errors.count("<tr>") > 150 and "looks like a row of data" in errors
    assert (site / "llms.txt").read_text(encoding="utf-8").count("](") > 15


@BUILT
def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        loaded = re.findall(
            r"<(?:script|img|iframe)[^>]*\ssrc=\"([^\"]+)\"|<link rel=\"stylesheet\" href=\"([^\"]+)\"", html
        )
        assert [address for pair in loaded for address in pair if re.match(r"(https?:)?//", address)] == [], page


@BUILT
@pytest.mark.browser
@pytest.mark.parametrize("page", ["index", "lessons/scores", "reference/cli", "compared"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barrier_is_found(site: Path, browser: Any, page: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    shown = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto((site / f"{page}.html").as_uri())
    shown.wait_for_timeout(500)
    found = Axe().run(shown).response["violations"]
    shown.close()
    assert [(one["id"], one["impact"]) for one in found if one["impact"] != "minor"] == []
    assert [address for address in asked if not address.startswith(("file:", "data:", "blob:", "about:"))] == []


@BUILT
@pytest.mark.browser
def test_the_search_finds_the_words_of_the_glossary_from_a_file(site: Path, browser: Any) -> None:
    shown = browser.new_page()
    shown.goto((site / "index.html").as_uri())
    field = shown.locator("input[name=query]")
    field.click()
    shown.locator(".md-search-result__meta", has_text="Type to start").wait_for()
    for word in ("completeness", "baseline", "quadrature", "passage"):
        field.fill("")
        field.press_sequentially(word)
        shown.locator(".md-search-result__meta", has_text=re.compile(r"\d+ matching")).wait_for()
        assert shown.locator(".md-search-result__item").count() > 0, word
    shown.close()


def test_every_page_is_in_the_sites_index() -> None:
    named = set(re.findall(r"- ([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text(), flags=re.MULTILINE))
    written = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert written == {page for page in named if not page.startswith("reference/")}
