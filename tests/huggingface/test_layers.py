"""Layer maps: every layer's states as the library itself gives them, at the place that the head reads."""

import copy
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from huggingface.test_architectures import state_of
from huggingface.tiny import INPUTS, NAMES, TEXTS, tiny

import attribkit as ak
from attribkit.errors import InputError
from attribkit.huggingface.recording import recorded
from attribkit.results.panels import Scatter
from attribkit.text.text_pair import joined_pair

STATED = [name for name in NAMES if name != "funnel"]
PLACE = {"gpt2": -1, "llama": -1, "qwen2": -1, "xlnet": -1, "bart": -1, "t5": -1}


def theirs(model: Any, tokenizer: Any, given: Any) -> list[np.ndarray]:
    """The library's own states (S, H) of a text by itself."""
    pair = given if isinstance(given, tuple) else (given,)
    inputs = tokenizer(*pair, return_tensors="pt")
    model = copy.deepcopy(model)  # which BigBird would change
    with torch.no_grad(), recorded(model, "output_hidden_states") as recording:
        model(**inputs)
    states = recording.get("decoder_hidden_states") or recording["hidden_states"]
    return [state[0, : inputs["input_ids"].shape[1]].numpy() for state in states]


@pytest.mark.parametrize("name", STATED)
def test_states_are_the_librarys_at_the_place_that_is_pooled(name: str) -> None:
    model, tokenizer = tiny(name)
    loaded, before = ak.load((model, tokenizer)), state_of(model)
    own = [layer for layer in loaded.layers()["layer"] if layer.startswith("hidden_states.")]
    expected = [theirs(model, tokenizer, text) for text in TEXTS]
    assert len(own) == len(expected[0]) == 2 + (name not in ("bart", "t5"))
    pooled = ak.layer_outputs(loaded, TEXTS, own)
    for number, layer in enumerate(own):
        by_hand = [states[number][PLACE.get(name, 0)] for states in expected]
        np.testing.assert_allclose(pooled[layer], by_hand, atol=1e-4)
        mean = ak.layer_outputs(loaded, TEXTS, layer, "mean")[layer]
        np.testing.assert_allclose(mean, [states[number].mean(0) for states in expected], atol=1e-4)
    assert state_of(model) == before


@pytest.mark.parametrize("name", ["bert", "llama", "gpt2", "xlnet"])
def test_a_token_is_its_own_step(name: str) -> None:
    model, tokenizer = tiny(name)
    loaded = ak.load((model, tokenizer))
    outputs = ak.layer_outputs(loaded, TEXTS[0], "hidden_states.2", "tokens")
    before = {"bert": 1, "llama": 1}.get(name, 0)
    states = theirs(model, tokenizer, TEXTS[0])[2]
    length = len(loaded.ids(TEXTS[:1])[0])
    np.testing.assert_allclose(outputs["hidden_states.2"], states[before : before + length], atol=1e-4)


def test_the_last_state_of_llama_is_behind_the_final_norm() -> None:
    model, tokenizer = tiny("llama")
    loaded = ak.load((model, tokenizer))
    names = ["hidden_states.2", "model.model.norm", "model.model.layers.1"]
    outputs = ak.layer_outputs(loaded, TEXTS[:2], names)
    np.testing.assert_allclose(outputs[names[0]], outputs[names[1]], atol=1e-6)
    assert np.abs(outputs[names[0]] - outputs[names[2]]).max() > 1e-2


def test_albert_has_a_state_for_every_run_of_its_one_layer() -> None:
    loaded = ak.load(tiny("albert"))
    modules = [name for name in loaded.layers()["layer"] if name.endswith("albert_layers.0")]
    outputs = ak.layer_outputs(loaded, TEXTS[:2], ["hidden_states.1", "hidden_states.2", *modules])
    assert len(modules) == 1
    np.testing.assert_allclose(outputs[modules[0]], outputs["hidden_states.2"], atol=1e-6)
    assert np.abs(outputs["hidden_states.1"] - outputs["hidden_states.2"]).max() > 1e-3


def test_pairs_and_single_texts_stand_on_one_map() -> None:
    model, tokenizer = tiny("bert")
    loaded = ak.load((model, tokenizer))
    given = [joined_pair(INPUTS[0]), TEXTS[0], joined_pair(INPUTS[1])]
    outputs = ak.layer_outputs(loaded, given, "hidden_states.1", "mean")["hidden_states.1"]
    asked = [tuple(INPUTS[0].values()), TEXTS[0], tuple(INPUTS[1].values())]
    np.testing.assert_allclose(outputs, [theirs(model, tokenizer, each)[1].mean(0) for each in asked], atol=1e-4)
    with pytest.raises(InputError, match="needs single texts, got pairs"):
        ak.layer_outputs(loaded, given, "hidden_states.1", "tokens")


def test_all_layers_are_mapped_on_shared_axes() -> None:
    model, tokenizer = tiny("bert")
    loaded, before = ak.load((model, tokenizer)), state_of(model)
    table = pd.DataFrame({"text": TEXTS * 3, "label": ["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_1"] * 3})
    names = ["hidden_states.0", "hidden_states.1", "hidden_states.2"]
    projection = ak.project(loaded, table, layers=names, neighbours=2)
    scatter = projection.panels()[0]
    assert isinstance(scatter, Scatter)
    assert [map_.layer for map_ in scatter.maps] == names and scatter.axes == ("axis 1", "axis 2")
    assert any("first of each text's steps" in note for note in scatter.notes)
    assert state_of(model) == before
    assert ak.project(loaded, table, neighbours=2).panels()  # by default what the head reads
    assert "hidden_states" not in " ".join(ak.load(tiny("funnel")).layers()["layer"])
