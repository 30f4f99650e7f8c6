"""A page by the Tab key alone."""

from playwright.sync_api import Page

_REACHES = """() => {
    const wanted = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
        .filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}));
    return wanted.map((e, k) => e.dataset.stop = `${k} ${e.localName} ${(e.textContent || '').trim().slice(0, 40)}`);
}"""
_AT = """() => {
    const e = document.activeElement, drawn = [e, e.parentElement].map(one => getComputedStyle(one));
    const outlined = drawn[0].outlineStyle !== 'none' && parseFloat(drawn[0].outlineWidth) > 0;
    const shown = outlined || drawn.some(one => one.boxShadow !== 'none');
    return `${e.dataset.stop ?? 'something else'}${shown ? '' : ', which does not show the focus'}`;
}"""


def controls(page: Page) -> list[str]:
    """Everything that Tab should reach, in the order of the page: its number, its kind and its words."""
    return [str(name) for name in page.evaluate(_REACHES)]


def by_tab(page: Page, presses: int) -> list[str]:
    """What so many presses of Tab reach, as `controls` named it; a control that does not show its focus says so.

    It may show it by an outline, or by a shadow of its own or of the box that it fills.
    """
    reached = []
    for _ in range(presses):
        page.keyboard.press("Tab")
        reached.append(str(page.evaluate(_AT)))
    return reached
