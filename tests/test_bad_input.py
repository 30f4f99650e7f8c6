"""What other people's models get wrong is one sentence that names the cure, whoever meets it first."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from torch import Tensor, nn

import attribkit as ak
from attribkit.models.adapters import Adapted
from attribkit.text.word_index import WordIndex

WORDS = {"<pad>": 0, "<unk>": 1, "the": 2, "film": 3}
PRICES = pd.DataFrame({"text": [f"a film {i}" for i in range(60)], "label": [i / 7 for i in range(60)]})


class Mean(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.out = nn.Embedding(4, 8), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Any:
        return self.out(self.words(x).mean(1))


class WithNumbers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.text = Mean()

    def forward(self, x: Tensor, numbers: Tensor) -> Any:
        return self.text(x) + numbers.unsqueeze(1)


def network(adapted: Adapted, split: Any = str.split) -> ak.Classifier:
    return ak.Classifier(adapted, WordIndex(WORDS, split), ["neg", "pos"])


def function(answer: Callable[[int], Any]) -> Callable[[], Any]:
    model = ak.Classifier.from_function(lambda texts: answer(len(texts)), ["neg", "pos"])
    return lambda: ak.explain(model, ["a film", "the film"])


def spans(*pieces: tuple[str, int, int]) -> Callable[[], Any]:
    return lambda: ak.explain(network(Adapted(Mean()), lambda text: list(pieces)), "the film")


def of_classes(**options: Any) -> Any:
    return ak.train("cnn", PRICES.assign(label=["neg", "pos"] * 30), epochs=1, **options)


def setting(**options: Any) -> Callable[[], Any]:
    return lambda: ak.explain(network(Adapted(Mean())), ["the film", "a film"], **options)


CASES: dict[str, tuple[Callable[[], Any], str]] = {
    "a probability, not a row of them": (
        function(lambda n: [0.5] * n),
        "`predict_proba` must return a column for each of the 2 labels, (2, 2), got (2,); of one probability p return "
        "np.stack((1 - p, p), axis=1)",
    ),
    "too many columns": (
        function(lambda n: np.full((n, 3), 1 / 3)),
        "`predict_proba` must return a column for each of the 2 labels, got 3 columns; give `labels` in the order of "
        "its columns",
    ),
    "too few rows": (
        function(lambda n: np.full((1, 2), 0.5)),
        "`predict_proba` must return a row of probabilities for each text, (2, 2), got (1, 2); it is given a list of "
        "strings",
    ),
    "logits": (
        function(lambda n: np.array([[2.0, -1.0]] * n)),
        "`predict_proba` must return probabilities, from 0 to 1 and with a sum of 1 for each text, got [2, -1]; let it "
        "return a softmax of what it returns now",
    ),
    "labels": (
        function(lambda n: ["pos"] * n),
        "`predict_proba` must return numbers, got an array of <U3; give the function that returns probabilities, not "
        "labels",
    ),
    "never fitted": (
        lambda: ak.load(make_pipeline(TfidfVectorizer(), LogisticRegression())),
        "the pipeline was never fitted; call pipeline.fit(texts, labels) first",
    ),
    "numbers without a task": (
        lambda: ak.load_dataset(PRICES),
        "the labels of a table in memory are 51 different numbers with a fraction; give task='regression' (--task "
        "regression) to predict the number, or make classes of them",
    ),
    "numbers without a task, trained": (
        lambda: ak.train("cnn", PRICES, epochs=1),
        "give task='regression' (--task regression) to predict the number, or make classes of them",
    ),
    "spans that overlap": (
        spans(("the", 0, 3), ("e film", 2, 8)),
        "the spans that `split` returns must follow each other within the text, got ('e film', 2, 8) behind character "
        "3 of 8; let text[start:end] be what the word was made of",
    ),
    "spans that leave the text": (
        spans(("the", 0, 99)),
        "must follow each other within the text, got ('the', 0, 99) behind character 0 of 8; let text[start:end] be "
        "what the word was made of",
    ),
    "spans that overlap, trained": (
        lambda: of_classes(tokenizer=lambda text: [("a", 0, 3), ("b", 2, 4)]),
        "must follow each other within the text, got ('b', 2, 4) behind character 3",
    ),
    "a tolerance that is text": (
        setting(tolerance="1e-4"),
        "`tolerance` must lie between 0 and 1, got '1e-4'; the default is 1e-4",
    ),
    "steps that are text": (
        setting(max_steps="many"),
        "`max_steps` must be at least 7, got 'many'; give a whole number",
    ),
    "half a step": (setting(max_steps=100.5), "`max_steps` must be at least 7, got 100.5; give a whole number"),
    "batches of no text": (setting(batch_size=0), "`batch_size` must be a number of texts, at least 1, got 0"),
    "batches of less": (setting(batch_size=-1), "`batch_size` must be a number of texts, at least 1, got -1"),
    "batches of a share": (setting(batch_size=2.5), "`batch_size` must be a number of texts, at least 1, got 2.5"),
    "batches that are text": (setting(batch_size="8"), "`batch_size` must be a number of texts, at least 1, got '8'"),
    "a length of 0": (
        lambda: Adapted(Mean(), length=0),
        "`length` must be a number of tokens, at least 1, got 0",
    ),
    "a string for a truth value": (
        setting(compare="no"),
        "`compare` must be True or False, got the string 'no'; leave out the quotes",
    ),
    "a string for one of a report": (
        lambda: ak.report(network(Adapted(Mean())), ["the film", "a film"], map="no"),
        "`map` must be True or False, got the string 'no'",
    ),
    "a string for one of a training": (
        lambda: of_classes(overwrite="false"),
        "`overwrite` must be True or False, got the string 'false'",
    ),
    "a string for one of quickstart": (
        lambda: ak.quickstart(PRICES, overwrite="no"),  # type: ignore[arg-type]  # no boolean: it is refused
        "`overwrite` must be True or False, got the string 'no'",
    ),
    "a string for one of a check": (
        lambda: ak.check(
            network(Adapted(Mean())),
            PRICES,
            allow_training_rows="no",  # type: ignore[arg-type]  # no boolean: it is refused
        ),
        "`allow_training_rows` must be True or False, got the string 'no'",
    ),
    "texts of no token": (
        lambda: WordIndex(WORDS, max_length=0),
        "`max_length` must be a number of tokens, at least 1, got 0",
    ),
    "an input that the adapter does not name": (
        lambda: ak.explain(network(Adapted(WithNumbers())), "the film"),
        "the network's forward also takes 'numbers'; pass also=('numbers',) and give it with each text, or say "
        "inputs='ids, lengths' or 'ids, mask' if it is one of these",
    ),
    "an input that nobody gave": (
        lambda: ak.explain(network(Adapted(WithNumbers(), also=("numbers",))), "the film"),
        "the network also needs 'numbers', which nobody gave; pass also={'numbers': …}, one value per text, or a table "
        "with a column of that name",
    ),
    "an input that nobody gave, predicted": (
        lambda: network(Adapted(WithNumbers(), also=("numbers",))).predict(["the film"]),
        "the network also needs 'numbers', which nobody gave; pass also={'numbers': …}",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_one_sentence_that_names_the_cure(name: str) -> None:
    call, sentence = CASES[name]
    with pytest.raises(ak.InputError, match=re.escape(sentence)) as caught:
        call()
    assert "\n" not in str(caught.value)
