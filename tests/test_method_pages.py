"""Every method has its page, and what the page says of its example is what comes."""

import re
from pathlib import Path

import pytest

import attribkit as ak
from attribkit.attribution.registry import METHODS, Method

FOLDER = Path(__file__).parent.parent / "docs" / "methods"
BUILT_IN = [method for method in METHODS.values() if method.solve.__module__.startswith("attribkit.")]


def test_each_method_has_one_page() -> None:
    assert sorted(page.stem for page in FOLDER.glob("*.md")) == sorted(method.name for method in BUILT_IN)


@pytest.mark.parametrize("method", BUILT_IN, ids=lambda method: method.name)
def test_the_score_on_a_page_is_the_score(method: Method) -> None:
    page = (FOLDER / f"{method.name}.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.+)$", page, flags=re.MULTILINE)
    assert sections == ["Formula", "When it holds", "Cost", "Example", "Source"]
    sentence = re.search(r'ak\.explain\(model, "([^"]+)"', page)
    said = re.search(r"\*horrible\* gets \*\*([+−][\d.]+)\*\*", page)
    assert sentence and said and f"<!-- picture: {method.name} -->" in page
    why = ak.explain(ak.load("imdb-cnn"), sentence[1], method=method.name, views="attribution")
    scores = dict(zip(why.tokens, why.scores, strict=True))
    assert scores["horrible"] == pytest.approx(float(said[1].replace("−", "-")), abs=0.011)
