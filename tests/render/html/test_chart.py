import numpy as np
from render.reading import Page

from attribkit.render import html
from attribkit.results.panels import Chart, Series
from attribkit.results.several_panels import Panels


def test_a_logarithmic_chart_is_straight_where_powers_are_and_says_so() -> None:
    x = np.array([1.0, 10.0, 100.0])
    chart = Chart("Error", "seconds", "error", (Series("captum", x, 1e-3 / x),), (), "log", "log")
    page = Page(html.page([Panels((chart,))]))
    (path,) = [str(a["d"]) for tag, a in page.elements if tag == "path" and str(a["class"]).startswith("line")]
    points = np.array([[float(part) for part in point.split()] for point in path[1:].split("L")])
    assert np.allclose(np.diff(points, axis=0)[0], np.diff(points, axis=0)[1], atol=0.02)
    assert "seconds (log scale)" in page.words and "error (log scale)" in page.words and "10⁻⁴" in page.words
