"""A report on paper: nothing is cut at the right edge of A4."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from attribkit.demo import small_report

pytestmark = pytest.mark.browser


def test_no_table_is_cut_on_paper(show: Callable[..., Page], tmp_path: Path) -> None:
    page = show(small_report(tmp_path / "report.html").read_text(encoding="utf-8"), width=794)
    page.emulate_media(media="print")
    cut = page.evaluate(
        "[...document.querySelectorAll('table')].filter(e => e.getBoundingClientRect().right > 794).length"
    )
    assert cut == 0 and page.evaluate("document.documentElement.scrollWidth") <= 794
