"""Training rows of a transformer: its last layer's part is as exact as a network's of ours."""

import numpy as np
import pytest

import attribkit as ak
from attribkit.influence import RefittedLayer, training_influence

pytest.importorskip("transformers")
TEXT = "It was a horrible movie"


def test_an_effect_is_what_the_log_odds_lose_without_the_row() -> None:
    model = ak.load("imdb-bert", "cpu")
    table = ak.load_dataset("demo").train.sample(60, random_state=0)[["text", "label"]].reset_index(drop=True)
    layer = RefittedLayer.of(model, table, other_rows=True)
    (influence,) = training_influence(model, layer, [TEXT]).influences
    assert influence.target == "neg" and influence.relative_error <= 1e-6
    row = int(influence.shown[0])
    rest = table.drop(index=row).reset_index(drop=True)
    without = RefittedLayer.of(model, rest, other_rows=True, l2=layer.regression.penalty / len(rest))
    logits = without.regression.logits(np.append(layer.read([TEXT]).values[0].astype(float), 1)[None])[0]
    label = model.labels.index("neg")
    change = influence.refitted - (logits[label] - logits[1 - label])
    assert influence.shown_effects[0] == pytest.approx(change, rel=1e-3)
    assert abs(influence.effects[row] - change) <= influence.largest_error[row]


def test_wrong_labels_are_found_by_a_transformers_features() -> None:
    model = ak.load("imdb-bert", "cpu")
    table = ak.load_dataset("demo").train.sample(120, random_state=1)[["text", "label"]].reset_index(drop=True)
    right = model.predict(table["text"].tolist())["label"].tolist()
    wrong = sorted(np.random.default_rng(0).choice(len(table), 8, replace=False).tolist())
    for row in wrong:
        right[row] = "pos" if right[row] == "neg" else "neg"
    first = ak.label_errors(model, table.assign(label=right)).to_frame()["row"].tolist()[:16]
    assert len(set(first) & set(wrong)) >= 6
