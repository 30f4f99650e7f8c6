"""What a model declares that it can do, and what is refused to one that cannot."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from torch import nn

import attribkit as ak
from attribkit.evaluation.check import check
from attribkit.models.adapters import Adapted
from attribkit.models.capabilities import Capabilities, capabilities_of
from attribkit.models.classifier import Classifier

ROOT = Path(ak.__file__).parent
ASKING = ("attribution", "corpus", "evaluation", "projection", "reports", "serve", "views")
REVIEWS = pd.DataFrame({"text": ["a good film", "a dull film", "good good fun"], "label": ["pos", "neg", "pos"]})


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("cnn", Capabilities(closed_form="convolution", tokens_at_once=393_216)),
        ("attention-rnn", Capabilities(attention=True)),
    ],
)
def test_a_network_of_ours_declares_by_its_contract(
    make_classifier: Callable[..., Classifier], kind: str, expected: Capabilities
) -> None:
    assert make_classifier(kind).capabilities == expected


def test_an_adapted_network_declares_what_it_was_told() -> None:
    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.linear = nn.Embedding(9, 4), nn.Linear(4, 2)

    assert Adapted(Mean()).capabilities == Capabilities(equal_lengths=True, other_lookups=True)
    assert Adapted(Mean(), "ids, mask").capabilities == Capabilities(other_lookups=True)
    assert not Adapted(Mean(), embedding=False).capabilities.gradients


def test_what_is_declared_is_believed_before_what_is_there() -> None:
    network: Any = nn.Module()
    network.embedding = nn.Embedding(3, 2)
    assert capabilities_of(network) == Capabilities()
    network.capabilities = Capabilities(attention=True, kind="toy")
    assert capabilities_of(network).attention and capabilities_of(network).kind == "toy"


def without_layers(model: Classifier) -> Classifier:
    """The model, said to have no layers."""
    model.network.capabilities = replace(model.capabilities, layers=False, kind="function")
    return model


def test_a_model_without_layers_is_refused_a_map_in_one_sentence_that_says_what_works(
    make_classifier: Callable[..., Classifier],
) -> None:
    model = without_layers(make_classifier("cnn"))
    refused = r"needs a network with layers, this function has none; explain, word_importance and faithfulness do"
    for ask in (
        model.layers,
        lambda: ak.project(model, REVIEWS, neighbours=1),
        lambda: ak.keep_reference(model, REVIEWS),
        lambda: ak.layer_outputs(model, REVIEWS),
    ):
        with pytest.raises(ak.InputError, match=refused):
            ask()
    with pytest.raises(ak.InputError, match=r"`sanity`.* needs a network with layers, .*`faithfulness` does without"):
        ak.sanity(model, REVIEWS)
    with pytest.raises(ak.InputError, match=r"`reference`.* needs a network with layers, .*; leave it out"):
        ak.explain(model, "a good film", reference=REVIEWS)
    with pytest.raises(ak.InputError, match=r"'projection' needs texts .*; and layers"):
        ak.explain(model, "a good film", views="projection")


def test_defaults_choose_what_a_model_without_layers_gives_and_say_so(
    make_classifier: Callable[..., Classifier],
) -> None:
    model = without_layers(make_classifier("cnn"))
    assert [panel.kind for panel in ak.explain(model, "a good film").panels()] == ["token_scores"]
    page = ak.report(model, REVIEWS, texts=1, tested=2).to_html()
    assert "A map needs a network with layers, this function has none." in page
    assert "Its weights were not randomised: that needs layers, and this function has none." in page
    checked = check(model, REVIEWS, allow_training_rows=True)
    assert "randomised_correlation" not in {figure.name for figure in checked.figures}
    assert "no layers were randomised, for this function has none" in checked.notes
    with pytest.raises(ak.InputError, match=r"'randomised_correlation' needs .*layers"):
        check(model, REVIEWS, {"randomised_correlation": 0.5})


def test_whoever_asks_asks_the_capabilities() -> None:
    guesses = (
        "hasattr(model",
        "hasattr(classifier",
        "hasattr(network",
        "isinstance(network",
        'etattr(network, "attend"',
    )
    guessing = [
        f"{file.relative_to(ROOT)}: {guess}"
        for folder in ASKING
        for file in (ROOT / folder).rglob("*.py")
        for guess in guesses
        if guess in file.read_text(encoding="utf-8")
    ]
    # one needs the settings of the adapter itself, beside what it declares; one repeats the arithmetic of a class
    places = ("attribution/baseline_batch.py", "attribution/methods/gru_path.py")
    assert sorted(guessing) == [f"{place}: isinstance(network" for place in places]
