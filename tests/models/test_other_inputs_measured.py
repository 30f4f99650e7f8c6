"""Words, sanity, plausibility and mistakes of a network with other inputs: each text read with its own."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from fastapi.testclient import TestClient
from torch import Tensor, nn

import attribkit as ak
from attribkit.errors import InputError
from attribkit.evaluation.errors import errors
from attribkit.models.adapters import Adapted
from attribkit.serve.app import create_app
from attribkit.text import WordIndex

WORDS = {word: row for row, word in enumerate("<pad> <unk> the film was not very good bad".split())}
TEXTS = ["the film was not very good", "bad", "not good", "very bad film", "the very good film"]
TABLE = pd.DataFrame(
    {
        "text": TEXTS * 3,
        "label": ["neg", "pos", "neg", "pos", "neg"] * 3,
        "stars": [3.0, -1.5, 0.5, 2.0, -2.0, *np.linspace(-3, 3, 10)],
        "rationale": [[(0, 3)]] * 15,
    }
)


class Stars(nn.Module):
    """The stars decide how much the words count, and for which label."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.words, self.out = nn.Embedding(9, 8), nn.Linear(8, 2)

    def forward(self, x: Tensor, stars: Tensor) -> Tensor:
        return 4 * self.out((self.words(x).tanh() * stars[:, None, None]).mean(1))


@pytest.fixture
def model() -> ak.Classifier:
    return ak.Classifier(Adapted(Stars(), also=("stars",)), WordIndex(WORDS), ("neg", "pos"))


def scores(model: ak.Classifier, row: int, **options: Any) -> dict[str, float]:
    text, stars = TABLE["text"][row], float(TABLE["stars"][row])
    panel = ak.explain(model, text, also={"stars": stars}, views="attribution", **options).token_scores
    return dict(zip(panel.tokens, panel.scores.tolist(), strict=True))


def test_a_words_score_is_its_mean_over_texts_with_their_own_inputs(model: ak.Classifier) -> None:
    words = ak.word_importance(model, TABLE, least=1, split="all").words
    each = [scores(model, row, target="pos") for row in range(len(TABLE))]
    for word in ("good", "bad", "film"):
        expected = np.mean([own[word] for own in each if word in own])
        row = words[(words["word"] == word) & (words["label"] == ("pos" if expected > 0 else "neg"))]
        assert row["score"].tolist() == pytest.approx([abs(expected)], abs=1e-5)


def test_a_sample_of_texts_keeps_their_inputs(model: ak.Classifier) -> None:
    importance = ak.word_importance(model, TABLE, least=1, most=6, split="all", seed=3)
    drawn = np.sort(np.random.default_rng(3).choice(len(TABLE), 6, replace=False)).tolist()
    own = [scores(model, row, target="pos").get("good") for row in drawn]
    expected = np.mean([score for score in own if score is not None])
    row = importance.words[importance.words["word"] == "good"]
    assert float(row["score"].abs().max()) == pytest.approx(abs(expected), abs=1e-5)


def test_mistakes_are_explained_with_their_own_inputs(model: ak.Classifier) -> None:
    analysis = errors(model, TABLE, most=3, split="all")
    predicted = model.predict(TABLE)
    wrong = np.flatnonzero((predicted["label"] != TABLE["label"]).to_numpy())
    sure = sorted(wrong, key=lambda row: -max(predicted["pos"][row], predicted["neg"][row]))[:3]
    assert len(analysis.mistakes) == 3
    for row, why in zip(sure, analysis.mistakes, strict=True):
        assert why.text == TABLE["text"][row]
        assert dict(zip(why.tokens, why.scores.tolist(), strict=True)) == pytest.approx(
            scores(model, int(row)), abs=1e-6
        )


def test_sanity_and_plausibility_read_the_tables_columns(model: ak.Classifier) -> None:
    sane = ak.sanity(model, TABLE.head(5), draws=1, split="all")
    assert sane.invariance.max() < 1e-4  # also text by text and in float64, each with its own stars
    studied = ak.plausibility(model, TABLE.head(5), split="all")
    assert studied.methods[-1] == "random" and studied.estimate("auprc", studied.methods[0]).known


@pytest.mark.parametrize(
    "call",
    [
        ak.word_importance,
        ak.sanity,
        errors,
        lambda model, table: ak.plausibility(model, table.assign(rationale=[[(0, 3)]] * len(table))),
        lambda model, table: ak.compare(*ak.explain(model, pd.DataFrame(table))[:2]),
    ],
)
def test_what_nobody_gave_is_named(model: ak.Classifier, call: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match="the network also needs 'stars', which nobody gave; pass also="):
        call(model, TABLE[["text", "label"]])


def test_what_gives_the_text_alone_says_so(model: ak.Classifier, tmp_path: Any) -> None:
    for call in (
        lambda: ak.check(model, TABLE),
        lambda: ak.report(model, TABLE),
        lambda: ak.explain_corpus(model, TABLE, tmp_path / "out", workers=1),
        lambda: ak.keep_reference(model, TABLE),
        lambda: ak.explore(model, TABLE),
    ):
        with pytest.raises(
            InputError, match=r"gives a network the text alone, .* inputs stars; .* from a table's columns"
        ):
            call()
    with TestClient(create_app([model]), base_url="http://127.0.0.1") as client:
        for path, body in {
            "/live": {"text": "bad"},
            "/predict": {"texts": ["bad"]},
            "/explain": {"text": "bad"},
        }.items():
            answer = client.post(path, json=body)
            assert answer.status_code == 422 and "also needs 'stars', which nobody gave" in answer.json()["error"]
            assert "pass also=" not in answer.json()["error"] and "a request carries texts alone" in answer.text
