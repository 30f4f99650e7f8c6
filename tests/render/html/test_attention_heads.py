"""The heads of a transformer on a page: readable without script, exact to a stated error, in a small file."""

import zlib
from base64 import b64decode
from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from render.reading import Page

from attribkit.render import html
from attribkit.render.html import attention_heads as drawing
from attribkit.render.preparation.context import PanelContext
from attribkit.results.explanation import Explanation
from attribkit.results.panels import AttentionHeads

Build = Callable[..., AttentionHeads]


def read_back(panel: AttentionHeads) -> np.ndarray:
    data = drawing.attention_heads(panel, PanelContext(None, None, {}))
    shape = [int(size) for size in data["shape"].split()]
    whole = np.frombuffer(zlib.decompress(b64decode(data["data"])), dtype=np.uint8).reshape(shape)
    return np.square(whole / data["levels"])


def test_the_page_says_in_words_where_the_read_place_looked(attention_heads: Build) -> None:
    panel = attention_heads("good bad film", notes=("a note of its own",))
    page = Page(html.page([Explanation("good bad film", None, (panel,), {})]))
    assert not page.stack
    for layer, name in enumerate(panel.layers):
        place = int(panel.weights[layer, :, 0].mean(0).argmax())
        said = f"{name}{panel.tokens[place]}{panel.weights[layer, :, 0].mean(0)[place]:.3f}"
        assert "".join(said.split()) in "".join(page.words.split())
    assert "a note of its own" in page.words and "Where [CLS] looked most" in page.words


def test_the_weights_are_read_back_within_the_stated_error(attention_heads: Build) -> None:
    panel = attention_heads("one two three four five six", layers=3, heads=4)
    data = drawing.attention_heads(panel, PanelContext(None, None, {}))
    stated = float(data["notes"][-1].split("within ")[1].split()[0])
    error = np.abs(read_back(panel) - panel.weights).max()
    assert 0 < error <= stated * 1.01 and stated <= 1 / 255


@given(st.integers(0, 2**20))
def test_the_error_is_at_most_a_step(seed: int) -> None:
    weights = np.random.default_rng(seed).dirichlet(np.full(5, 0.2), (1, 2, 5)).astype(np.float32)
    packed = drawing._packed(weights)
    assert packed is not None
    _, levels, error = packed
    assert levels == 255 and error <= 1 / levels + 1e-6


def test_12_heads_in_12_layers_at_128_tokens_are_a_page_of_2_mb(attention_heads: Build) -> None:
    text = " ".join(f"word{number}" for number in range(126))
    panel = attention_heads(text, layers=12, heads=12)
    page = html.page([Explanation(text, None, (panel,), {})])
    assert len(page.encode()) <= 2_000_000 and 'src="' not in page
    # of attention that is spread evenly no two weights are alike, and steps become larger until it fits
    even = np.random.default_rng(0).dirichlet(np.full(128, 20.0), (12, 12, 128))
    page = html.page([Explanation(text, None, (attention_heads(text, 12, 12, weights=even),), {})])
    assert len(page.encode()) <= 2_000_000


def test_the_heads_of_many_windows_are_one_page_of_2_mb(attention_heads: Build) -> None:
    text = " ".join(f"word{number}" for number in range(126))
    even = np.random.default_rng(0).dirichlet(np.full(128, 20.0), (12, 12, 128))
    windows = tuple(attention_heads(text, 12, 12, weights=even, title=f"window {number}") for number in range(6))
    page = html.page([Explanation(text, None, windows, {})])
    assert len(page.encode()) <= 2_000_000 and page.count('<script type="text/plain">') == 6


def test_a_text_too_long_for_all_heads_has_their_mean(attention_heads: Build) -> None:
    text = " ".join(["word"] * 298)
    panel = attention_heads(text, layers=12, heads=12, weights=np.full((12, 12, 300, 300), 1 / 300))
    data = drawing.attention_heads(panel, PanelContext(None, None, {}))
    assert data["shape"] == "12 1 300 300" and not data["heads"]
    assert "each layer’s mean" in " ".join(data["notes"]) or "each layer's mean" in " ".join(data["notes"])


def test_hostile_tokens_are_inert(attention_heads: Build, hostile: str) -> None:
    panel = attention_heads("a b", title=hostile, notes=(hostile,), tokens=(hostile,) * 4, looking=(hostile,) * 4)
    page = Page(html.page([Explanation("a b", None, (panel,), {})]))
    assert not page.stack and not any(tag in ("img", "iframe", "b") for tag, _ in page.elements)
