"""A classifier made of a function from texts to probabilities."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from reference import shapley_values

import attribkit as ak
from attribkit.results.panels import Heatmap

WEIGHTS = {"good": 1.5, "great": 2.0, "bad": -1.5, "dull": -1.0, "not": -0.5, ",": 0.1}
LABELS = ("neg", "pos")


def log_odds(text: str) -> float:
    """Words, and a pair that turns: no sum of words alone."""
    words = re.findall(r"\w+|[^\w\s]", text.lower())
    pairs = sum(-3.0 for pair in pairwise(words) if pair == ("not", "good"))
    return 0.3 + sum(WEIGHTS.get(word, 0.0) for word in words) + pairs


def probabilities(texts: list[str]) -> NDArray[np.float64]:
    assert isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    positive = 1 / (1 + np.exp([-log_odds(text) for text in texts]))
    return np.stack((1 - positive, positive), axis=1)


def made(function: Callable[[list[str]], Any] = probabilities, **options: Any) -> ak.Classifier:
    return ak.Classifier.from_function(function, LABELS, **options)


TEXT = "Not good, not good at all!"
REVIEWS = pd.DataFrame(
    {
        "text": [
            "a good film",
            "not good",
            "great , great fun",
            "dull and bad",
            "bad",
            "a good day",
            "so dull it hurts",
        ],
        "label": ["pos", "neg", "pos", "neg", "neg", "pos", "neg"],
    }
)


def test_its_predictions_are_the_functions_own() -> None:
    model = made()
    assert np.allclose(model.probabilities(REVIEWS["text"]), probabilities(REVIEWS["text"].tolist()), atol=1e-15)
    assert model.predict(REVIEWS)["label"].tolist() == REVIEWS["label"].tolist()
    assert ak.evaluate(model, REVIEWS).accuracy == 1.0
    assert "function" in repr(model).lower()


def test_the_default_is_shapley_sampling_with_a_note_and_equals_the_definition() -> None:
    why = ak.explain(made(), TEXT, target="pos")
    scores = why.token_scores
    assert why.tokens == ["Not", "good", ",", "not", "good", "at", "all", "!"]
    assert scores.method == "shapley_sampling" and scores.converged and scores.draws == 0
    assert scores.notes[0] == "by Shapley sampling, not by integrated gradients: a function gives outputs alone"

    words, ends = why.tokens, [(int(a), int(b)) for a, b in zip(scores.starts, scores.ends, strict=True)]

    def worth(kept: set[int]) -> float:
        text, end = "", 0
        for place, (start, stop) in enumerate(ends):
            text, end = text + TEXT[end:start] + (words[place] if place in kept else ""), stop
        return log_odds(text + TEXT[end:] if kept else "")

    assert np.allclose(scores.scores, shapley_values(worth, len(words)), atol=1e-9)
    assert scores.output_text == pytest.approx(log_odds(TEXT)) and scores.output_baseline == pytest.approx(0.3)


def test_longer_texts_are_sampled_and_say_their_spread() -> None:
    scores = ak.explain(made(), " ".join(["a good film ,", TEXT, "but great and dull"])).token_scores
    assert scores.draws and scores.spread is not None and scores.verdict.startswith("sampled: ")
    assert scores.total == pytest.approx(scores.output_text - scores.output_baseline)


@pytest.mark.parametrize("method", ["leave_one_out", "occlusion", "shapley_sampling", "lime", "kernel_shap", "random"])
def test_methods_that_change_texts_work(method: str) -> None:
    scores = ak.explain(made(), TEXT, target="pos", method=method).token_scores
    assert scores.method == method and np.isfinite(scores.scores).all()
    if method == "leave_one_out":
        without = log_odds("Not , not good at all!")
        assert scores.scores[1] == pytest.approx(log_odds(TEXT) - without)


def test_methods_that_need_more_are_refused_by_a_sentence_that_names_what_works() -> None:
    for method in ("quadrature", "captum", "saliency", "deeplift", "gradient_shap"):
        with pytest.raises(ak.InputError, match=r"needs a network with gradients.* use method='shapley_sampling'"):
            ak.explain(made(), TEXT, method=method)
    for method in ("exact", "shapley", "banzhaf"):
        with pytest.raises(ak.InputError, match=r"needs a network with a closed form.* use method='shapley_sampling'"):
            ak.explain(made(), TEXT, method=method)
    for view in ("attention", "interactions"):
        with pytest.raises(ak.InputError, match=r"`views` of this model can be attribution, got"):
            ak.explain(made(), TEXT, views=view)
    for baseline in ("unk", "mean", "zero"):
        with pytest.raises(ak.InputError, match=f"baseline '{baseline}' needs word vectors.*; take 'pad' or a text"):
            ak.explain(made(), TEXT, baseline=baseline)


def test_another_text_is_a_baseline() -> None:
    scores = ak.explain(made(), "good film", baseline="bad film", target="pos").token_scores
    assert scores.output_baseline == pytest.approx(log_odds("bad film"))
    assert scores.scores == pytest.approx([3.0, 0.0])


def test_a_word_left_out_has_a_stand_in_if_one_is_named() -> None:
    seen: list[str] = []

    def function(texts: list[str]) -> NDArray[np.float64]:
        seen.extend(texts)
        return probabilities(texts)

    ak.explain(made(function, stand_in="[MASK]"), "good , film", method="leave_one_out")
    assert {"[MASK] , film", "good [MASK] film", "good , [MASK]", "[MASK] [MASK] [MASK]"} <= set(seen)


@given(st.lists(st.sampled_from([*WEIGHTS, "film", "a"]), min_size=1, max_size=6), st.integers(0, 3))
@settings(max_examples=25)
def test_a_text_has_the_same_scores_alone_and_in_a_batch(words: list[str], seed: int) -> None:
    model, text = made(), " ".join(words)
    alone = ak.explain(model, text, seed=seed)
    _, among, _ = ak.explain(model, ["dull", text, TEXT], seed=seed)
    assert np.array_equal(alone.scores, among.scores)


def test_a_function_that_looks_at_the_whole_list_is_told_of() -> None:
    def by_rank(texts: list[str]) -> NDArray[np.float64]:
        positive = np.argsort(np.argsort([len(text) for text in texts])) / 10 + 0.3
        return np.stack((1 - positive, positive), axis=1)

    (note,) = [n for n in ak.explain(made(by_rank), "a good film").token_scores.notes if "depends on the other" in n]
    assert "0.700 alone, 0.600 beside another; batch_size=1" in note
    assert not [n for n in ak.explain(made(), TEXT).token_scores.notes if "depends" in n]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda texts: np.ones(len(texts)) / 2, r"a column for each of the 2 labels, \(1, 2\), got \(1,\); .*np.stack"),
        (
            lambda texts: np.ones((len(texts) + 1, 2)) / 2,
            r"a row of probabilities for each text, \(1, 2\), got \(2, 2\)",
        ),
        (lambda texts: np.ones((len(texts), 3)) / 3, "each of the 2 labels, got 3 columns; give `labels` in the order"),
        (lambda texts: [[2.0, -1.0]] * len(texts), r"from 0 to 1 and with a sum of 1 .*, got \[2, -1\]"),
        (lambda texts: [[0.2, 0.2]] * len(texts), r"got \[0.2, 0.2\]; let it return a softmax"),
        (lambda texts: ["pos"] * len(texts), "must return numbers, got an array of .*; give the function that returns"),
        (lambda texts: [[np.nan, 1.0]] * len(texts), "NaN or infinite for the text 'a good film'"),
        (lambda texts: None, "must return numbers, got an array of object"),
    ],
)
def test_what_is_no_row_of_probabilities_is_one_sentence(returned: Callable[[list[str]], Any], message: str) -> None:
    with pytest.raises(ak.AttribkitError, match=message) as caught:
        ak.explain(made(returned), "a good film")
    assert "\n" not in str(caught.value)


def test_other_faults_at_the_door() -> None:
    function: Any = "not a function"
    with pytest.raises(TypeError, match=r"must be a function from texts to probabilities, got str"):
        made(function)
    with pytest.raises(ak.InputError, match="at least two different labels"):
        ak.Classifier.from_function(probabilities, ["pos"])
    with pytest.raises(ak.InputError, match="a function cannot be saved as data; keep the code"):
        made().save("anywhere")


@pytest.mark.parametrize(
    "convert",
    [torch.from_numpy, pd.DataFrame, np.float32, lambda p: p.tolist(), lambda p: p.round().astype(int)],
)
def test_tensors_tables_lists_and_narrow_numbers_are_taken(convert: Callable[[Any], Any]) -> None:
    model = made(lambda texts: convert(probabilities(texts)))
    expected = np.asarray(convert(probabilities([TEXT])))
    assert np.allclose(model.probabilities([TEXT]), expected, atol=1e-6)
    assert np.isfinite(ak.explain(model, TEXT).scores).all()


def test_it_has_a_page_figures_words_and_a_corpus(tmp_path: Path) -> None:
    model = made()
    page = ak.report(model, REVIEWS, train=REVIEWS, texts=2, tested=4).to_html()
    assert "Its weights were not randomised" in page and "this function has none" in page
    faithful = ak.faithfulness(model, REVIEWS)
    assert faithful.methods == ("shapley_sampling", "random") and faithful.removals == ("delete",)
    assert faithful.estimate("comprehensiveness", "shapley_sampling").mean > 0.2
    words = ak.word_importance(model, REVIEWS, train=REVIEWS, least=2)
    assert words.words[words.words["label"] == "pos"]["word"].tolist()[0] == "good"
    assert words.one_sided is not None
    assert ak.check(model, REVIEWS, {"accuracy": 0.9}).passed
    run = ak.explain_corpus(model, REVIEWS, tmp_path / "out")
    assert dict(run.statuses) == {"ok": len(REVIEWS)}
    assert pd.read_parquet(run.folder)["label"].tolist() == REVIEWS["label"].tolist()
    assert ak.plausibility(model, REVIEWS.assign(rationale=[[(0, 1)]] * len(REVIEWS))).methods[0] == "shapley_sampling"


def test_it_is_compared_with_a_network(make_classifier: Callable[..., ak.Classifier]) -> None:
    model = made()
    why = ak.explain(model, TEXT, target="neg")
    beside = ak.compare(why, ak.explain(make_classifier("cnn"), TEXT, target="neg"))
    (heatmap,) = [panel for panel in beside.panels() if isinstance(panel, Heatmap)]
    assert [row.name for row in heatmap.rows] == [
        "function, shapley_sampling",
        "tiny-cnn, exact",
        "difference",
    ]
