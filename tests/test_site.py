"""The documentation site is built without a warning, asks nothing of anybody, and its search finds the glossary."""

import ast
import html
import inspect
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

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
    assert errors.count("<tr>") > 600 and "looks like a row of data" in errors
    index = (site / "llms.txt").read_text(encoding="utf-8")
    assert all(f"]({page}.html)" in index for page in ("reference/api", "reference/errors", "training", "methods/lime"))
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
def test_each_error_sentence_has_a_page_with_its_cure(site: Path) -> None:
    pages = sorted((site / "errors").glob("*.html"))
    assert len(pages) > 600
    table = (site / "reference" / "errors.html").read_text(encoding="utf-8")
    assert {page.name for page in pages} == set(re.findall(r"errors/([\w-]+\.html)\"", table))
    written = [page.read_text(encoding="utf-8") for page in pages]
    assert all("What happened." in page and re.search(r"What to do\.</strong> \S", page) for page in written)
    repeated = []
    for page, text in zip(pages, written, strict=True):
        (cure,) = re.findall(r"What to do\.</strong>(.*?)</p>", text, re.DOTALL)
        (sentence,) = re.findall(r"<blockquote>(.*?)</blockquote>", text, re.DOTALL)
        if _words(cure).strip("….") in ("", _words(sentence)):
            repeated.append(page.name)
    assert repeated == []
    assert sum("An example." in page for page in written) > 60
    empty = (site / "errors" / "the-text-is-empty-give-at-least-one.html").read_text(encoding="utf-8")
    assert "InputError: the text is empty; give at least one word" in html.unescape(re.sub("<[^>]+>", "", empty))


def _words(page: str) -> str:
    return html.unescape(re.sub("<[^>]+>", "", page)).strip()


def test_the_calls_of_written_cures_name_what_exists() -> None:
    from test_readme import script

    cures = script(ROOT / "docs" / "error_cures.py")
    code = [*cures.CALL.values(), *re.findall(r"`(ak\.[^`\\]+)`", "".join(cures.CURES.values()))]
    calls = [node for line in code for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Call)]
    checked = 0
    for call in calls:
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "ak":
            parameters = inspect.signature(getattr(ak, call.func.attr)).parameters.values()
            free = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
            assert free or {word.arg for word in call.keywords} <= {parameter.name for parameter in parameters}
            checked += 1
    assert checked > 60


def test_a_sentence_that_the_code_raises_without_saying_it_whole_is_known_too() -> None:
    from test_readme import script

    sys.path.insert(0, str(ROOT / "docs"))
    try:
        known = script(ROOT / "docs" / "error_pages.py").sentences()
    finally:
        sys.path.remove(str(ROOT / "docs"))
    printed = [  # the second is made by a function, the third of a constant
        "there is no model folder 'x'; did you mean 'y'? the bundled models are imdb-cnn; a model of the Hugging Face "
        "hub needs local_files_only=False, or its folder",
        "there is no 'tickets.csv' in the folder '.', which holds nothing; name one of them or correct the folder",
        "this explanation holds no token scores; explain with views=['attribution']",
    ]
    assert [any(sentence.matches(text) for sentence in known) for text in printed] == [True, True, True]


@BUILT
def test_no_link_or_anchor_inside_is_broken(site: Path) -> None:
    pages = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html") if page.name != "404.html"}
    named = {page: set(re.findall(r"\s(?:id|name)=\"?([^\s\">]+)", text)) for page, text in pages.items()}
    broken, followed = set(), 0
    for page, text in pages.items():
        for link in re.findall(r"\s(?:href|src)=\"?([^\s\">]+)", text):
            address, _, anchor = html.unescape(link).partition("#")
            if ":" in address:
                continue
            followed += 1
            target = (page.parent / unquote(address)).resolve() if address else page
            if not target.is_file() or (target in named and unquote(anchor) not in named[target] | {""}):
                broken.add((str(page.relative_to(site)), link))
    assert sorted(broken) == [] and followed > 10_000


@BUILT
def test_each_lesson_asks_before_it_tells_and_has_pictures_to_choose_from(site: Path) -> None:
    lessons = sorted((site / "lessons").glob("*.html"))
    assert len(lessons) == 6
    for lesson in lessons:
        page = lesson.read_text(encoding="utf-8")
        assert page.count("<strong>Predict.</strong>") >= 2 and page.count("<summary>Check</summary>") >= 1
        framed = re.findall(r'<iframe [^>]*title="([^"]+)" src="(live/[^"]+)"', page)
        assert len(framed) >= 3 and len(set(framed)) == len(framed) == page.count(f'name="live-{lesson.stem}"')
        shown = [(lesson.parent / source).read_text(encoding="utf-8") for _, source in framed]
        assert len(set(shown)) == len(shown)


@BUILT
def test_no_page_shows_the_marks_of_markdown(site: Path) -> None:
    shown: dict[str, list[str]] = {}
    for page in (page for page in site.rglob("*.html") if page.parent.name != "live"):
        text = re.sub(r"<(script|style|code|pre|title|svg|head)\b.*?</\1>", "", page.read_text("utf-8"), flags=re.S)
        marks = re.findall(r"\*\*|\*[^\s*][^*\n]*\*|`[^`\n]+`", re.sub(r"<[^>]+>", "\n", text))
        shown |= {str(page.relative_to(site)): marks} if marks else {}
    assert shown == {}
    answer = (site / "lessons" / "scores.html").read_text(encoding="utf-8").partition("<summary>Check</summary>")[2]
    assert "<em>horrible</em> has" in answer


@BUILT
def test_a_link_names_a_page_and_no_table_has_an_empty_head(site: Path) -> None:
    pages = {page.name: page.read_text("utf-8") for page in site.rglob("*.html") if page.parent.name != "live"}
    assert [name for name, page in pages.items() if re.search(r"\.md</a>", page)] == []
    heads = [head for page in pages.values() for head in re.findall(r"<thead>.*?</thead>", page, flags=re.DOTALL)]
    assert len(heads) > 30 and all(re.sub(r"<[^>]+>|\s", "", head) for head in heads)


@BUILT
@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_each_picture_of_a_lesson_is_shown_whole(site: Path, browser: Any, width: int) -> None:
    cut, seen = [], 0
    for lesson in sorted((site / "lessons").glob("*.html")):
        shown = browser.new_page(viewport={"width": width, "height": 900})
        shown.goto(lesson.as_uri())
        for place, choice in enumerate(shown.locator(".live input").all()):
            choice.check()
            frame = shown.locator(".live iframe").nth(place)
            frame.scroll_into_view_if_needed()
            shown.wait_for_function("frame => frame.style.height", arg=frame.element_handle())
            shown.wait_for_timeout(100)  # the frame is laid out anew
            inside = frame.element_handle().content_frame()
            page = "document.documentElement"
            hidden = inside.evaluate(f"[{page}.scrollHeight - innerHeight, {page}.scrollWidth - innerWidth]")
            cut += [(lesson.stem, place, hidden)] if any(hidden) else []
            seen += 1
        shown.close()
    assert cut == [] and seen > 18


@BUILT
@pytest.mark.browser
def test_the_picture_that_is_chosen_by_the_keyboard_is_the_one_shown(site: Path, browser: Any) -> None:
    shown = browser.new_page(viewport={"width": 390, "height": 900})
    shown.goto((site / "lessons" / "scores.html").as_uri())
    frames, choices = shown.locator(".live iframe"), shown.locator(".live input")
    choices.first.focus()
    for place in range(choices.count()):
        assert [frame.is_visible() for frame in frames.all()] == [other == place for other in range(frames.count())]
        sentence = shown.locator(".live label").nth(place).inner_text()
        inside = shown.frame_locator(".live iframe").nth(place).locator("body")
        inside.locator("[title], table, svg").first.wait_for(state="attached")
        assert all(word in inside.inner_text() for word in sentence.split())
        shown.keyboard.press("ArrowDown")
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shown.close()


STRESS = bool(os.environ.get("ATTRIBKIT_STRESS"))
OF_EACH_FORM = {
    "index",
    "ci_gate",
    "deploying",
    "extending",
    "lessons/scores",
    "methods/lime",
    "reference/cli",
    "compared",
}


def looked_at(site: Path, scheme: str) -> list[Path]:
    """All pages but most of those of errors, which are of one form; in dark some of each form; under stress all."""
    pages, of_errors = sorted(site.rglob("*.html")), sorted((site / "errors").glob("*.html"))
    if STRESS:
        return pages
    chosen = [page for page in pages if page not in of_errors and page.name != "404.html"]
    names = {page: str(page.relative_to(site).with_suffix("")) for page in chosen}
    return [page for page in chosen if scheme == "light" or names[page] in OF_EACH_FORM] + of_errors[::100]


@BUILT
@pytest.mark.browser
@pytest.mark.timeout(7200 if STRESS else 600)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barrier_is_found(site: Path, browser: Any, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    shown = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    barriers = []
    for page in looked_at(site, scheme):
        shown.goto(page.as_uri())
        shown.wait_for_timeout(150)  # tables that scroll are made reachable after the load
        # contrast takes most of the time, and colours are those of the theme: tried on some pages of each form
        whole = STRESS or page.parent.name == "errors" or str(page.relative_to(site).with_suffix("")) in OF_EACH_FORM
        options = {} if whole else {"rules": {"color-contrast": {"enabled": False}}}
        found = Axe().run(shown, options=options).response["violations"]
        barriers += [(page.name, one["id"], one["nodes"][0]["html"]) for one in found]
    shown.close()
    assert barriers == []
    assert [address for address in asked if not address.startswith(("file:", "data:", "blob:", "about:"))] == []


@BUILT
@pytest.mark.browser
def test_the_page_of_a_missing_address_has_no_barrier(site: Path, browser: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        shown = browser.new_page()
        shown.goto(f"http://127.0.0.1:{server.server_port}/404.html")
        found = Axe().run(shown).response["violations"]
        shown.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and prints nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@BUILT
@pytest.mark.browser
def test_the_first_page_is_there_within_a_second_and_a_half(site: Path, browser: Any) -> None:
    """The best of three fresh browsers' pages, for the machine has other work."""
    took = []
    for _ in range(3):
        fresh = browser.new_context()
        shown = fresh.new_page()
        shown.goto((site / "index.html").as_uri())
        took.append(shown.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
        fresh.close()
    assert 0 < min(took) <= 1500


@pytest.fixture
def search(site: Path, browser: Any) -> Iterator[Any]:
    """Types into the site's own search and gives the addresses that it lists, the best first."""
    shown = browser.new_page()
    shown.goto((site / "index.html").as_uri())
    field = shown.locator("input[name=query]")
    field.click()
    shown.locator(".md-search-result__meta", has_text="Type to start").wait_for()

    def typed(words: str) -> list[str]:
        field.fill("")
        field.press("End")  # the search listens to keys
        shown.locator(".md-search-result__meta", has_text="Type to start").wait_for()
        field.fill(words)
        field.press("End")
        shown.locator(".md-search-result__meta", has_text=re.compile(r"\d+ matching|No matching")).wait_for()
        links: list[str] = shown.eval_on_selector_all(
            ".md-search-result__item > a", "links => links.map(link => link.href)"
        )
        return links

    yield typed
    shown.close()


@BUILT
@pytest.mark.browser
def test_the_search_finds_every_word_of_the_glossary_from_a_file(search: Any) -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\| ([^|]+) \|", glossary, flags=re.MULTILINE)[1:]
    words = [word for term in terms for word in term.replace("`", "").split(", ") if not word.startswith("-")]
    assert len(words) > 30
    assert [word for word in words if not any("glossary.html" in link for link in search(word))] == []


@BUILT
@pytest.mark.browser
def test_the_search_finds_every_name_by_its_beginning(search: Any) -> None:
    """Also where it is longer than the stem that the index holds, as "evalua" is longer than "evalu"."""
    import typer

    from attribkit.cli import app

    group: Any = typer.main.get_command(app)
    glossary = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs" / "glossary.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    names = [*glossary, *ak.__all__, *group.commands]
    assert [name for name in names for length in (5, 6) if not search(name.strip("`")[:length])] == []
    assert [name for name in ak.__all__ if not any("reference/api.html" in link for link in search(name))] == []
    assert [name for name in group.commands if not any("cli.html" in link for link in search(name))] == []


@BUILT
@pytest.mark.browser
@pytest.mark.parametrize(
    ("beginning", "page"),
    [
        ("the text is empty; give at", "the-text-is-empty-give-at-least-one"),
        ("which column of 'rows.csv' holds the texts cannot be told", "which-column-of-holds-the-s-cannot-be-told"),
        ("there is no file of word vectors 'glove.txt'", "there-is-no-file-of-word-vectors-check"),
        ("`views` of this model can be attribution, projection", "views-of-this-model-can-be-got"),
        ("cannot listen on 127.0.0.1", "cannot-listen-on-port-take-another-port-or"),
    ],
)
def test_the_search_finds_a_sentence_by_its_beginning(search: Any, beginning: str, page: str) -> None:
    assert f"/errors/{page}.html" in search(beginning)[0]


def test_every_page_is_in_the_sites_index() -> None:
    named = set(re.findall(r"- ([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text(), flags=re.MULTILINE))
    written = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert written == {page for page in named if not page.startswith("reference/")}
