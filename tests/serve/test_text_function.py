"""A function of texts on the live page: what it gives, and nothing that it does not."""

import numpy as np
import requests
from numpy.typing import NDArray
from serve.conftest import Serve

import attribkit as ak


def probabilities(texts: list[str]) -> NDArray[np.float64]:
    positive = np.array([(1 + text.count("good")) / (2 + text.count("good") + text.count("bad")) for text in texts])
    return np.stack((1 - positive, positive), axis=1)


def test_a_function_is_served_as_the_library_explains_it(serving: Serve) -> None:
    model, text = ak.Classifier.from_function(probabilities, ["neg", "pos"]), "a good film, a bad end"
    address = serving([model])
    explained = requests.post(f"{address}/explain", json={"text": text}, timeout=60)
    assert ak.Explanation.from_json(explained.text).token_scores == ak.explain(model, text).token_scores
    live = requests.post(f"{address}/live", json={"text": text}, timeout=60).json()
    assert live["attention"] is None
    question = {"text": text, "start": 2}
    alternatives = requests.post(f"{address}/alternatives", json=question, timeout=60)
    assert alternatives.status_code == 200, alternatives.text
    (card,) = requests.get(f"{address}/models", timeout=60).json()["models"]
    assert card["views"] == ["attribution"] and card["parameters"] == 0 and not card["attention"]
    assert card["methods"] == ["occlusion", "leave_one_out", "shapley_sampling", "lime", "kernel_shap", "random"]
