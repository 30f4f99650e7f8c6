"""The attention of all layers: what the model computes, measures against slow ones, and a model handed back."""

import re
from typing import Any

import numpy as np
import pytest
import reference
import torch
from huggingface.test_architectures import state_of
from huggingface.tiny import INPUTS, KINDS, NAMES, TEXTS, tiny

import attribkit as ak
from attribkit.errors import InputError
from attribkit.huggingface.architectures import ARCHITECTURES
from attribkit.models.classifier import Classifier
from attribkit.results.panels import AttentionHeads, Heatmap
from attribkit.text.text_pair import joined_pair

PAIR = joined_pair(INPUTS[0])
WHOLE = [name for name in NAMES if name != "funnel"]
MIXED = [name for name in NAMES if ARCHITECTURES[name].values is not None]


def attention_of(loaded: Classifier, text: str, zeroing: bool = False) -> Any:
    with torch.no_grad():
        return loaded.network.self_attention(torch.from_numpy(loaded.ids([text])[0]), zeroing)


@pytest.mark.parametrize("name", WHOLE)
def test_rows_sum_to_1_and_the_model_is_handed_back(name: str) -> None:
    model, tokenizer = tiny(name)
    loaded, before = ak.load((model, tokenizer)), state_of(model)
    for text in (TEXTS[1], PAIR):
        attention = attention_of(loaded, text)
        length = len(tokenizer(text).input_ids) if text is not PAIR else len(attention.specials)
        assert len(attention.specials) == length and sum(name == "" for name in attention.specials) == len(
            attention.places
        )
        for stack in attention.stacks:
            assert stack.weights.shape[-2:] == (length, length)
            np.testing.assert_allclose(stack.weights.sum(-1), 1, atol=1e-5)
        np.testing.assert_allclose(attention.logits, loaded.logits(loaded.ids([text]))[0], atol=1e-5)
        assert attention.pooled.sum() == pytest.approx(1)
    assert state_of(model) == before


@pytest.mark.parametrize("name", ["bert", "distilbert", "modernbert", "gpt2", "t5"])
def test_the_fused_attention_returns_nothing_and_is_put_back_after_an_error_too(name: str) -> None:
    model, tokenizer = tiny(name)
    if not model._supports_sdpa:
        pytest.skip("this version of transformers has no fused attention for it")
    assert model.config._attn_implementation == "sdpa"
    encoded = tokenizer(TEXTS[0], return_tensors="pt")
    outputs: dict[str, Any] = {}
    hook = model.base_model.register_forward_hook(lambda _, __, output: outputs.update(output))
    with torch.no_grad():
        model(**encoded)
    hook.remove()
    assert not outputs.get("attentions") and not outputs.get("encoder_attentions")  # () or left out
    loaded = ak.load((model, tokenizer))
    head = next(module for module in reversed(list(model.modules())) if isinstance(module, torch.nn.Linear))
    handle = head.register_forward_hook(lambda *_: 1 / 0)
    before = state_of(model)
    with pytest.raises(ZeroDivisionError):
        attention_of(loaded, TEXTS[0])
    assert state_of(model) == before
    handle.remove()


def test_asking_for_attention_under_sdpa_raises_in_the_library() -> None:
    model, _ = tiny("bert")
    if not isinstance(getattr(type(model.config), "output_attentions", None), property):
        pytest.skip("this version of transformers falls back to the plain attention, with a warning")
    with pytest.raises(ValueError, match="output_attentions"):
        model.config.output_attentions = True


@pytest.mark.parametrize("name", MIXED)
def test_norms_and_zeroing_are_the_slow_ones(name: str) -> None:
    model, tokenizer = tiny(name)
    loaded, values = ak.load((model, tokenizer)), ARCHITECTURES[name].values
    assert values is not None
    text = "It was a good film"
    before = state_of(model)
    stack = attention_of(loaded, text, zeroing=True).stacks[0]
    assert state_of(model) == before
    layers = len(stack.weights)
    modules = [module for path, module in model.base_model.named_modules() if re.fullmatch(values.layers, path)]
    shared = len(modules) < layers  # ALBERT's one layer runs again and again: its last run is looked at
    layer = modules[-1]
    ids = torch.tensor([tokenizer(text)["input_ids"]])
    kept: dict[str, Any] = {}
    keep = layer.get_submodule(values.value).register_forward_hook(lambda _, __, output: kept.update(value=output[0]))
    with torch.no_grad():
        model(input_ids=ids)
    keep.remove()
    output = layer.get_submodule(values.output)
    table = output.weight.T if isinstance(output, torch.nn.Linear) else output.weight
    own = kept["value"][:, -(kept["value"].shape[-1] // values.share) :]
    norms = reference.value_norms(own, table.detach(), torch.from_numpy(stack.weights[-1]))
    np.testing.assert_allclose(stack.value_norms[-1], norms, rtol=1e-3, atol=1e-5 * float(norms.max()))
    if shared:
        return

    def run() -> torch.Tensor:
        seen: dict[str, Any] = {}
        hook = layer.register_forward_hook(
            lambda _, __, out: seen.update(out=out[0] if isinstance(out, (tuple, list)) else out)
        )
        with torch.no_grad():
            model(input_ids=ids)
        hook.remove()
        return seen["out"][0].double()

    zeroed = reference.value_zeroing(run, layer.get_submodule(values.value), values.share)
    np.testing.assert_allclose(stack.value_zeroing[-1], zeroed, atol=1e-4 * max(1e-2, float(zeroed.max())))
    assert stack.value_zeroing.max() > 0


def test_longformers_windows_are_unwound() -> None:
    """By its own two layouts: a place sees the window around it and the first place, which sees all."""
    loaded = ak.load(tiny("longformer"))
    weights = attention_of(loaded, TEXTS[3]).stacks[0].weights
    length = weights.shape[-1]
    assert length > 12
    for i in range(1, length):
        seen = {0, *range(max(0, i - 4), min(length, i + 5))}  # the tiny one's window is 8
        assert (weights[:, :, i, [j for j in range(length) if j not in seen]] == 0).all()
        assert (weights[:, :, i, sorted(seen)] > 0).all()
    assert (weights[:, :, 0] > 0).all()


def test_sparse_and_pooled_layers_are_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match="fewer places than the text has tokens"):
        ak.explain(ak.load(tiny("funnel")), TEXTS[0], views="attention")
    from transformers import AutoConfig, AutoModelForSequenceClassification

    kind = next(kind for kind in KINDS if kind.name == "big_bird")
    _, tokenizer = tiny("big_bird")
    settings = {**kind.settings, "vocab_size": len(tokenizer), "block_size": 4, "num_random_blocks": 1}
    model = AutoModelForSequenceClassification.from_config(AutoConfig.for_model("big_bird", **settings)).eval()
    loaded, before = ak.load((model, tokenizer)), state_of(model)
    with pytest.raises(InputError, match="each place's attention should sum to 1"):
        ak.explain(loaded, TEXTS[3], views="attention")
    assert state_of(model) == before
    assert ak.explain(loaded, TEXTS[0], views="attention").panels()


@pytest.mark.parametrize("name", ["bert", "albert", "gpt2", "xlnet", "t5"])
def test_the_view_shows_words_and_heads_beside_what_moved_the_prediction(name: str) -> None:
    loaded = ak.load(tiny(name))
    why = ak.explain(loaded, TEXTS[1], views=["attribution", "attention"], compare=True)
    heatmap = next(panel for panel in why.panels() if isinstance(panel, Heatmap))
    heads = [panel for panel in why.panels() if isinstance(panel, AttentionHeads)]
    names = [row.name for row in heatmap.rows]
    assert names[0] == "attention" and names[-2:] == ["integrated gradients", "leave-one-out"]
    summed = {"attention × value norm", "value zeroing"}
    assert summed <= set(names) or ARCHITECTURES[name].values is None
    assert ("attention rollout" in names) == (name != "t5") and len(heads) == (3 if name == "t5" else 1)
    assert [why.text[a:b] for a, b in zip(heatmap.starts, heatmap.ends, strict=True)] == why.tokens
    assert heatmap.rows[-2].values.tolist() == why.scores.tolist()
    attention = attention_of(loaded, TEXTS[1])
    mean = attention.pooled @ attention.stacks[-1].weights.mean((0, 1), dtype=np.float64)
    words = loaded.encode([TEXTS[1]])[0].words
    assert words is not None
    by_hand = [mean[attention.places[words.word == word]].sum() for word in range(len(why.tokens))]
    np.testing.assert_allclose(heatmap.rows[0].values, by_hand, atol=1e-6)
    for row in heatmap.rows[:-2]:
        assert (row.values >= 0).all() and row.values.sum() <= 1 + 1e-6
    compared = {(pair.first, pair.second) for pair in heatmap.agreements}
    assert ("attention", "integrated gradients") in compared and ("attention", "leave-one-out") in compared
    assert ak.Explanation.from_json(why.to_json()) == why


def test_it_is_shown_only_if_it_is_asked_for() -> None:
    loaded = ak.load(tiny("bert"))
    assert [panel.kind for panel in ak.explain(loaded, TEXTS[0]).panels()] == ["token_scores"]
    kinds = [panel.kind for panel in ak.explain(loaded, TEXTS[0], views="attention").panels()]
    assert kinds == ["heatmap", "attention_heads"]
    assert "in every layer" in loaded.summary()
    with pytest.raises(InputError, match="attention"):
        ak.explain(loaded, TEXTS[0], compare=True)
