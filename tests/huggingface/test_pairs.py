"""A pair is given as pipelines take it, {"text": …, "text_pair": …}, wherever texts are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import run
from huggingface.tiny import INPUTS, TEXTS, tiny

import attribkit as ak
from attribkit.errors import InputError
from attribkit.models.classifier import Classifier
from attribkit.text.text_pair import joined_pair

STRINGS = [joined_pair(pair) for pair in INPUTS]
LABELLED = {"label": ["LABEL_0", "LABEL_1"] * 4}

CALLS: dict[str, Callable[[Classifier, Any], Any]] = {
    "probabilities": lambda model, pairs: model.probabilities(pairs),
    "logits": lambda model, pairs: model.logits(model.ids(pairs)),
    "encode": lambda model, pairs: [each.tokens for each in model.encode(pairs)],
    "predict": lambda model, pairs: model.predict(pairs),
    "predict a series": lambda model, pairs: model.predict(pd.Series(pairs)),
    "predict a table": lambda model, pairs: model.predict(pd.DataFrame({"text": pairs * 4, **LABELLED})),
    "layer_outputs": lambda model, pairs: ak.layer_outputs(model, pairs, "hidden_states.1", "mean")["hidden_states.1"],
    "explain": lambda model, pairs: ak.explain(model, pairs).to_frame(),
    "explain a generator": lambda model, pairs: ak.explain(model, (pair for pair in pairs)).to_frame(),
    "word_importance": lambda model, pairs: ak.word_importance(model, [*pairs, *TEXTS] * 2).to_frame(),
    "project": lambda model, pairs: ak.project(model, pairs * 6, neighbours=2).summary(),
    "place": lambda model, pairs: ak.project(model, TEXTS * 3, place=pairs, neighbours=2).summary(),
    "faithfulness": lambda model, pairs: ak.faithfulness(
        model, pairs[:1], methods=["saliency"], oracle_texts=0, perturbed=1, progress=False
    ).to_frame(),
    "sanity": lambda model, pairs: ak.sanity(model, pairs[:1], "saliency", draws=1).to_frame(),
}


@pytest.mark.parametrize("call", CALLS)
def test_pairs_are_the_strings_that_stand_for_them(call: str) -> None:
    model = ak.load(tiny("bert"))
    given, expected = CALLS[call](model, list(INPUTS)), CALLS[call](model, list(STRINGS))
    if isinstance(given, pd.DataFrame):
        pd.testing.assert_frame_equal(given, expected)
    elif isinstance(given, np.ndarray):
        np.testing.assert_array_equal(given, expected)
    else:
        assert given == expected


@pytest.mark.parametrize("call", ["probabilities", "encode", "predict", "layer_outputs", "explain", "word_importance"])
def test_a_model_of_single_texts_refuses_them(call: str) -> None:
    with pytest.raises(InputError, match="reads single ones"):
        CALLS[call](ak.load("imdb-cnn"), list(INPUTS))


def test_a_model_of_single_texts_refuses_the_string_that_stands_for_a_pair(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(InputError, match="reads single ones"):
        ak.explain(ak.load("imdb-cnn"), STRINGS[0])
    for typed in ([STRINGS[0]], ["A film", STRINGS[0]]):
        assert run("explain", "imdb-cnn", *typed) == 2
        assert "reads single ones" in capsys.readouterr().err


def test_one_pair_is_one_text() -> None:
    model = ak.load(tiny("bert"))
    assert len(model.predict(INPUTS[0])) == 1
    assert ak.layer_outputs(model, INPUTS[0], "hidden_states.1")["hidden_states.1"].shape[0] == 1


def test_a_report_on_pairs_measures_perturbed_ones_too(tmp_path: Path) -> None:
    model = ak.load(tiny("bert"))
    table = pd.DataFrame({"text": INPUTS * 4, **LABELLED})
    ak.report(model, table, texts=2, tested=1, mistakes=0, map=False).save(tmp_path / "report.html")
    assert "␞" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_perturbed_pair_is_still_a_pair() -> None:
    """Its words have ids beyond the vocabulary; which are the second text's must still be told."""
    model = ak.load(tiny("bert"))
    ids = model.ids(STRINGS[:1])[0]
    size = model.network.embedding.num_embeddings
    mark = ids - ids % 2**40
    given, mask = model.batch([size + np.arange(len(ids)) + mark])
    own, _ = model.batch([ids])
    vectors = model.network.embedding(own)
    np.testing.assert_allclose(
        model.network.fed(vectors, given, mask).detach(), model.network(own, mask).detach(), atol=1e-6
    )
