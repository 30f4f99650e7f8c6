"""The pane in a notebook's cell: the kernel's side by itself, then the module in a real browser before that side."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

import attribkit as ak
from attribkit.errors import AttribkitError
from attribkit.models.classifier import Classifier
from attribkit.serve import cell
from attribkit.serve.widget import Explorer

HORRIBLE = "It was a horrible movie"


def asked(widget: Explorer, path: str, body: Any = None, monkeypatch: Any = None) -> tuple[int, Any]:
    """What the widget sends when its cell asks, as the notebook would carry it: JSON both ways."""
    sent: list[Any] = []
    widget.send = lambda content, buffers=None: sent.append(json.loads(json.dumps(content)))
    content = json.loads(json.dumps({"number": 7, "path": path, "body": body}))
    widget._handle_custom_msg(content, [])
    ((answer),) = sent
    assert answer["number"] == 7
    return answer["status"], answer["body"]


@pytest.fixture(scope="module")
def widget() -> Explorer:
    return ak.explore(ak.load("imdb-cnn", "cpu"), "demo")


def test_the_kernel_answers_what_the_server_would(widget: Explorer, post: Callable[..., Any]) -> None:
    status, live = asked(widget, "live", {"text": HORRIBLE, "model": "imdb-cnn"})
    assert status == 200 and live == post("live", {"text": HORRIBLE, "model": "imdb-cnn"}).json()
    for path, body in (("alternatives", {"text": HORRIBLE, "start": 9}), ("together", {"text": HORRIBLE, "start": 9})):
        assert asked(widget, path, body) == (200, post(path, body).json())
    status, card = asked(widget, "card")
    assert card["models"][0]["name"] == "imdb-cnn" and len(card["rows"]) == 400 and len(card["examples"]) == 2
    assert asked(widget, "row/3")[1]["text"].startswith(card["rows"][3][1].split(" · ")[1][:20])
    assert len(asked(widget, "models/imdb-cnn/map")[1]["points"]) == 300


def test_what_cannot_be_answered_comes_back_as_a_sentence(widget: Explorer) -> None:
    status, refusal = asked(widget, "live", {"text": ""})
    assert status == 422 and refusal["error"].startswith("text: ")
    assert asked(widget, "live", {"text": "film " * 2_001})[0] == 422
    assert "must lie in a word" in asked(widget, "alternatives", {"text": HORRIBLE, "start": 99})[1]["error"]
    assert asked(widget, "live", {"text": HORRIBLE, "method": "magic"})[0] == 422
    assert asked(widget, "files/png", {})[0] == 500 and asked(widget, "row/x")[0] == 500


def test_explore_leaves_the_model_alone_and_refuses_what_it_cannot_show(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_classifier("cnn")
    before = model.fingerprint()
    pane = ak.explore(model)
    assert asked(pane, "card")[1]["rows"] == [] and asked(pane, "live", {"text": "a good film"})[0] == 200
    assert model.fingerprint() == before
    several = Classifier(model.network, model.tokenizer, model.labels, task="multilabel")
    with pytest.raises(ValueError, match="this is multilabel"):
        ak.explore(several)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "attribkit.serve.widget")
    with pytest.raises(ImportError, match=r"needs anywidget; pip install 'attribkit\[notebook\]'") as refusal:
        ak.explore(model)
    assert isinstance(refusal.value, AttribkitError)


def test_the_module_is_whole_and_loads_nothing_from_elsewhere() -> None:
    source = cell.module()
    for name in cell.MODULES:
        assert f'MODULES["{name}"]' in source
    rest = source.partition("\n")[2]
    assert "import " not in rest and rest.count("export ") == 1 and "http" not in rest.replace("http://www.w3.org", "")
    assert len(source) < 100_000


STUB = """source => {
    const heard = [];
    const model = {
        on: (name, callback) => heard.push(callback),
        off: () => {},
        send: async (content) => {
            const answer = await window.kernel(content);
            for (const callback of heard) callback(answer, []);
        },
    };
    return import(URL.createObjectURL(new Blob([source], { type: "text/javascript" }))).then(async (module) => {
        const el = document.createElement("div");
        document.body.append(el);
        await module.default.render({ model, el });
    });
}"""


@pytest.fixture
def show(browser: Browser, widget: Explorer) -> Iterator[Callable[..., Page]]:
    """A page that stands for a notebook: its cell speaks to the widget's Python side, and to nobody else."""
    events: list[str] = []
    pages: list[Page] = []

    def build(cells: int = 1, **options: Any) -> Page:
        page = browser.new_page(viewport={"width": 900, "height": 900}, **options)
        page.set_default_timeout(60_000)
        page.on("console", lambda message: events.append(message.text))
        page.on("pageerror", lambda error: events.append(str(error)))
        page.on("request", lambda request: events.extend([request.url] * (not request.url.startswith("blob:"))))
        page.expose_function("kernel", lambda content: reply(content))
        page.set_content(
            "<!DOCTYPE html><html lang=en><title>notebook</title><body data-jp-theme-light=true><main></main>"
        )
        for _ in range(cells):
            page.evaluate(STUB, widget._esm)
        settled(page)
        pages.append(page)
        return page

    def reply(content: Any) -> Any:
        status, body = asked(widget, content["path"], content["body"])
        return {"number": content["number"], "status": status, "body": body}

    yield build
    for page in pages:
        page.close()
    assert events == []


def settled(page: Page) -> None:
    page.locator(".pane[data-painted]:not(.asking)").first.wait_for()


@pytest.mark.browser
def test_typing_in_a_cell_recolours_through_the_kernel(show: Callable[..., Page]) -> None:
    page = show()
    area = page.locator("textarea")
    before = page.locator(".pane").get_attribute("data-painted")
    area.fill("The plot was dull and horrible")
    page.locator(f".pane[data-read='30']:not(.asking):not([data-painted='{before}'])").wait_for()
    looks = dict(page.locator(".mirror span").evaluate_all("spans => spans.map(s => [s.textContent, s.className])"))
    assert looks["horrible"].startswith("p") and page.locator(".said .label bdi").inner_text() == "neg"
    colour = page.locator(".mirror .p20").evaluate("e => getComputedStyle(e).backgroundColor")
    assert colour not in ("rgba(0, 0, 0, 0)", "rgb(255, 255, 255)")
    page.locator("[name=output]").select_option("probability")
    page.locator(".legend .high", has_text="probability").wait_for()
    box = page.locator(".mirror span", has_text="horrible").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.locator(".tip:not([hidden])").wait_for()
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    page.locator(".swaps button").first.wait_for()
    page.locator("[name=row]").select_option("3")
    page.wait_for_function(
        "n => document.querySelector('div').shadowRoot.querySelector('textarea').value.length !== n", arg=30
    )
    settled(page)
    assert page.locator(".said .label bdi").inner_text() in ("neg", "pos")


@pytest.mark.browser
def test_while_one_types_in_a_cell_the_scale_stays(show: Callable[..., Page]) -> None:
    page = show()
    area = page.locator("textarea")
    area.fill("It was a horrible movie")
    page.locator(".pane[data-read='23']:not(.asking)").wait_for()
    scale = page.locator(".legend .low").inner_text().split("−")[1]
    area.press("End")
    for _ in " horrible movie":
        page.keyboard.press("Backspace")
    page.locator(".pane[data-read='8']:not(.asking)").wait_for()
    assert float(page.locator(".legend .low").inner_text().split("−")[1]) >= float(scale)
    looks = page.locator(".mirror span").evaluate_all("spans => spans.map(s => s.className)")
    assert looks and all(look in ("", "p1", "n1") for look in looks)


@pytest.mark.browser
def test_two_cells_do_not_disturb_each_other_and_the_notebook_keeps_its_style(show: Callable[..., Page]) -> None:
    page = show(cells=2)
    page.locator("textarea").nth(1).fill("Such a great show")
    page.locator(".pane[data-read='17']:not(.asking)").wait_for()
    labels = page.locator(".said .label bdi").all_inner_texts()
    assert labels[1] == "pos" and page.locator("textarea").nth(0).input_value() != "Such a great show"
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "none"
    found = Axe().run(page, context={"exclude": [[".mirror"]]}).response["violations"]
    wanted = {
        "region",
        "page-has-heading-one",
        "landmark-one-main",
        "color-contrast",
    }  # the notebook's own, the mirror's
    assert [(each["id"], each["nodes"][0]["html"][:120]) for each in found if each["id"] not in wanted] == []
