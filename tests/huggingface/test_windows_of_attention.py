"""The attention of a text that is longer than the model: every window's heads, and a share for each word."""

import copy
import re

import numpy as np
import pytest
import torch
from huggingface.long_texts import LONG, STRIDE, limited, windows_by_hand
from huggingface.test_architectures import state_of
from huggingface.test_attention import attention_of
from huggingface.tiny import TEXTS

import attribkit as ak
from attribkit.errors import InputError
from attribkit.results.panels import AttentionHeads, Heatmap


@pytest.mark.parametrize("name", ["bert", "roberta", "gpt2", "t5"])
def test_of_a_long_text_every_windows_heads_are_shown(name: str) -> None:
    """The weights are those of the tokenizer's own windows, and a word has the mean of its shares in them."""
    model, tokenizer = limited(name)
    loaded = ak.load((model, tokenizer), long="windows", stride=STRIDE)
    before, windows = state_of(model), windows_by_hand(tokenizer, LONG)
    why = ak.explain(loaded, LONG, views=["attribution", "attention"], compare=True)
    heatmap = next(panel for panel in why.panels() if isinstance(panel, Heatmap))
    heads = [panel for panel in why.panels() if isinstance(panel, AttentionHeads)]
    stacks = 3 if name == "t5" else 1
    assert len(windows) > 2 and len(heads) == stacks * len(windows) and state_of(model) == before
    plain, shares = copy.deepcopy(model), np.zeros(len(loaded.ids([LONG])[0]))
    plain.config._attn_implementation = "eager"
    for module in plain.modules():
        if getattr(module, "config", None) is not None:
            module.config._attn_implementation = "eager"
    first = 0
    for number, window in enumerate(windows):
        ids = torch.tensor([window["input_ids"]])
        with torch.no_grad():
            output = plain(input_ids=ids, output_attentions=True)
        kinds = ("encoder_attentions", "decoder_attentions", "cross_attentions") if name == "t5" else ("attentions",)
        own = heads[stacks * number : stacks * (number + 1)]
        for panel, kind in zip(own, kinds, strict=True):
            expected = torch.cat(output[kind]).numpy()
            np.testing.assert_allclose(panel.weights, expected, atol=1e-5)
        words = [place for place, special in enumerate(window["special_tokens_mask"]) if not special]
        assert f", window {number + 1} of {len(windows)} (tokens {first + 1} to {first + len(words)})" in own[0].title
        pooled = 0 if name in ("bert", "roberta") else len(window["input_ids"]) - 1
        shares[first : first + len(words)] += expected.mean((0, 1))[pooled, words] / len(windows)
        first += len(words) - STRIDE
    inside = loaded.encode([LONG])[0].words
    by_word = shares if inside is None else inside.summed(shares)
    np.testing.assert_allclose(heatmap.rows[0].values, by_word, atol=1e-6)
    assert heatmap.rows[-2].values.tolist() == why.scores.tolist()
    assert f"read in {len(windows)} windows" in " ".join(heatmap.notes)
    assert ak.Explanation.from_json(why.to_json()) == why


def test_of_a_text_read_at_once_nothing_is_said_of_windows() -> None:
    plain, windowed = ak.load(limited("bert")), ak.load(limited("bert"), long="windows", stride=STRIDE)
    both = [ak.explain(each, TEXTS[0], views="attention") for each in (plain, windowed)]
    assert both[0].panels() == both[1].panels()


def test_the_network_shows_one_window_at_a_time() -> None:
    loaded = ak.load(limited("bert"), long="windows")
    with pytest.raises(InputError, match="at most 22 tokens, got"):
        attention_of(loaded, LONG)


def test_a_window_is_picked_on_the_page_and_all_together_find_room() -> None:
    loaded = ak.load(limited("bert"), long="windows", stride=STRIDE)
    for views, opened in (("attention", 1), (["attribution", "attention"], 0)):
        why = ak.explain(loaded, LONG, views=views)
        titles = [panel.title for panel in why.panels() if isinstance(panel, AttentionHeads)]
        page = why.to_html()
        folds = re.findall(r'<details class="fold attention_heads"( open)?>\s*<summary><bdi>(.*?)</bdi>', page)
        assert [title for _, title in folds] == titles and len(titles) > 2
        assert [bool(mark) for mark, _ in folds].count(True) == opened
        assert len(page.encode()) <= 2_000_000
