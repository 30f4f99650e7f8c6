"""A generated set in which each kind of mistake is planted: the report names each, and no other."""

from collections import Counter
from random import Random

import numpy as np
import pandas as pd
import pytest
from topics import topics

import attribkit as ak
from attribkit.evaluation.answers import Answers
from attribkit.evaluation.errors import explained_mistakes
from attribkit.evaluation.failures import confused_cells, kinds_of_mistakes, smallest_edit
from attribkit.evaluation.failures.kinds import CUT, MISLABELLED, RARE_LABEL, UNKNOWN_WORDS
from attribkit.models.classifier import Classifier

EACH = 12
LONGEST = 16
PLANTED = {"mislabelled": MISLABELLED, "unknown": UNKNOWN_WORDS, "rare": RARE_LABEL, "cut": CUT}


@pytest.fixture(scope="module")
def study() -> tuple[Classifier, pd.DataFrame]:
    """A CNN of three topics, the third rare, and a test set with a column that says what is planted in each row."""
    draw = Random(0)
    table, words = topics(1_200, classes=3, own=12)
    rare = table["label"] == "topic02"
    train = table[~rare | (np.arange(len(table)) < 60)]
    common = sorted(set(" ".join(table["text"]).split()) - set().union(*words.values()))

    def of(topic: str, count: int, most: int = 5) -> list[str]:
        return draw.sample(sorted(words[topic]), count) + draw.sample(common, most)

    strange = [f"zx{k}" for k in range(40)]
    rows = []
    for _ in range(EACH):
        rows += [
            (of("topic00", 6), "topic01", "mislabelled"),
            ([*of("topic00", 1, 3), *draw.sample(strange, 6)], "topic01", "unknown"),
            (of("topic00", 2), "topic02", "rare"),
            ([*of("topic00", 2, LONGEST), *of("topic01", 6, 0)], "topic01", "cut"),
            *[(of(topic, 4), topic, "right") for topic in ("topic00", "topic01") for _ in range(4)],
        ]
    test = pd.DataFrame([(" ".join(text), label, planted) for text, label, planted in rows])
    test.columns = ["text", "label", "planted"]
    model = ak.train(
        "cnn",
        train,
        filters=24,
        embedding_size=24,
        max_length=LONGEST,
        epochs=12,
        batch_size=64,
        patience=2,
        learning_rate=3e-3,
        word_dropout=0.0,
        averaging=None,
        class_weights=None,
        widths=(3, 4, 5),
        min_frequency=1,
        seed=0,
        progress=False,
    )
    return model, test


def test_each_planted_mistake_has_its_kind_and_no_other_row_has_it(study: tuple[Classifier, pd.DataFrame]) -> None:
    model, test = study
    answers = Answers.of(model, test, split="all")
    kinds, places = kinds_of_mistakes(model, answers)
    planted = test["planted"].to_numpy()[places]
    for name, kind in PLANTED.items():
        own = Counter(kind_of for kind_of, what in zip(kinds, planted, strict=True) if what == name)
        assert own.total() >= 0.8 * EACH, f"{name}: the model was to be wrong"
        assert own[kind] >= 0.9 * own.total(), (name, own)
        others = sum(kind_of is kind for kind_of, what in zip(kinds, planted, strict=True) if what != name)
        assert others <= 0.1 * EACH, (name, others)
    cells = {row[:2]: row[5] for row in confused_cells(answers, [], kinds).rows}
    assert str(cells["topic02", "topic00"]).startswith("rare label")


def test_the_smallest_edit_deletes_words_of_the_topic_that_was_said(study: tuple[Classifier, pd.DataFrame]) -> None:
    model, test = study
    _, words = topics(1_200, classes=3, own=12)
    rare = test[test["planted"] == "rare"]
    mistakes = explained_mistakes(model, Answers.of(model, rare, split="all"), 10)
    edits = [(why, smallest_edit(model, why.text, why.token_scores)) for why in mistakes]
    assert len(edits) >= 8 and all(edit is not None for _, edit in edits)
    for why, edit in edits:
        assert edit is not None and why.label is not None and set(edit.words) & words[why.label], (why.text, edit)
        shorter = " ".join(word for word in why.text.split() if word not in edit.words)
        assert ak.explain(model, shorter, views="attribution").label == edit.label != why.label
