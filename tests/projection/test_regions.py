"""The regions of a map: planted words name them, and the log-odds are those of the definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attribkit as ak
from attribkit.projection.regions import RegionWords, surely_more
from attribkit.results.panels import Scatter
from attribkit.results.result import Result

TOPICS = {"garden": (0.0, 0.0), "engine": (9.0, 0.0), "violin": (0.0, 9.0)}
COMMON = ("the", "story", "with", "people", "about", "under")


def planted(count: int = 90) -> tuple[list[str], np.ndarray]:
    """Texts of three groups that lie apart, each with a word of its own beside words that all share."""
    rng = np.random.default_rng(0)
    names = [list(TOPICS)[k % 3] for k in range(count)]
    texts = [f"{' '.join(rng.permutation(COMMON))} {name}" for name in names]
    return texts, np.array([TOPICS[name] for name in names]) + rng.normal(size=(count, 2)) * 0.3


def test_each_region_is_named_by_the_word_planted_in_it_and_by_no_other() -> None:
    texts, points = planted()
    regions = RegionWords(texts).regions(points)
    assert {region.words for region in regions} == {(name,) for name in TOPICS}
    for region in regions:
        assert region.count == 30
        assert np.linalg.norm(region.middle - TOPICS[region.words[0]]) < 0.3
    again = RegionWords(texts).regions(points)
    assert again == regions


def test_few_points_and_points_that_coincide_have_no_region() -> None:
    texts, points = planted()
    assert RegionWords(texts[:30]).regions(points[:30]) == ()
    assert RegionWords(texts).regions(np.zeros_like(points)) == ()


@given(st.integers(0, 20), st.integers(0, 30), st.integers(0, 20), st.integers(0, 30))
def test_log_odds_are_those_of_the_definition(inside: int, without: int, outside: int, others_without: int) -> None:
    texts, others = inside + without, outside + others_without
    odds = ((inside + 0.5) / (without + 0.5)) / ((outside + 0.5) / (others_without + 0.5))
    error = math.sqrt(sum(1 / (n + 0.5) for n in (inside, without, outside, others_without)))
    (value,) = surely_more(np.array([inside]), np.array([outside]), texts, others)
    assert value == pytest.approx(math.log(odds) / error, abs=1e-12)
    (turned,) = surely_more(np.array([outside]), np.array([inside]), others, texts)
    assert turned == pytest.approx(-value, abs=1e-12)


def test_a_models_map_has_regions_and_confidences_and_both_are_saved() -> None:
    model, texts = ak.load("imdb-cnn"), ak.load_dataset("demo").test.head(300)
    panel = _map(ak.project(model, texts))
    assert sum(region.count for region in panel.maps[0].regions) <= 300 and panel.maps[0].regions
    words = " ".join(texts["text"]).lower()
    assert all(word in words for region in panel.maps[0].regions for word in region.words)
    assert panel.confidence is not None and panel.confidence.shape == (300,) and (panel.confidence >= 0.5).all()
    why = ak.explain(model, "a horrible movie", views="projection", reference=texts)
    again = ak.Explanation.from_json(why.to_json())
    assert again == why and _map(again).maps[0].regions == _map(why).maps[0].regions != ()


def _map(result: Result) -> Scatter:
    return next(panel for panel in result.panels() if isinstance(panel, Scatter))
