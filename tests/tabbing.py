"""A page by the Tab key alone."""

from playwright.sync_api import Page

_REACHES = """() => {
    const named = e => `${e.localName}.${e.className} ${(e.textContent || '').trim().slice(0, 40)}`;
    const wanted = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
        .filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}));
    return wanted.map((e, k) => { e.dataset.stop = k; return named(e); });
}"""
_AT = """() => {
    const e = document.activeElement, drawn = [e, e.parentElement].map(one => getComputedStyle(one));
    const outlined = drawn[0].outlineStyle !== 'none' && parseFloat(drawn[0].outlineWidth) > 0;
    return [e.dataset.stop, outlined || drawn.some(one => one.boxShadow !== 'none')];
}"""


def tab_through(page: Page, most: int | None = None) -> None:
    """Every control, or the first `most`, is reached by Tab, in the order of the page, and shows that it is.

    A control may show it by an outline, or by a shadow of its own or of the box that it fills.
    """
    names = page.evaluate(_REACHES)
    expected = len(names) if most is None else min(most, len(names))
    reached: list[int] = []
    for _ in range(expected):
        page.keyboard.press("Tab")
        stop, seen = page.evaluate(_AT)
        assert stop is not None, f"left the page after {names[reached[-1]] if reached else 'nothing'}"
        assert seen, f"nothing shows that {names[int(stop)]} has the focus"
        reached.append(int(stop))
    assert [names[k] for k in reached] == names[:expected] and reached == list(range(expected))
