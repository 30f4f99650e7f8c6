"""Twenty architectures: the pipeline's answers, complete scores, and a model handed back as it was."""

import hashlib
import json
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest
from huggingface.tiny import INPUTS, NAMES, TEXTS, pipeline_of, tiny

import attribkit as ak
from attribkit.models.classifier import Classifier
from attribkit.text.text_pair import joined_pair

ROOT = Path(__file__).parents[2]
ALL = [*TEXTS, *map(joined_pair, INPUTS)]


def state_of(model: Any) -> str:
    """A hash of what a user could find changed: settings, weights, modes, hooks, how attention is computed."""
    digest = hashlib.sha256()
    # an encoder and a decoder have settings of their own
    for config in {
        id(module.config): module.config for module in model.modules() if hasattr(module, "config")
    }.values():
        digest.update(json.dumps(config.to_dict(), sort_keys=True, default=str).encode())
        digest.update(str(config._attn_implementation).encode())
    for name, module in model.named_modules():
        hooks = len(module._forward_hooks) + len(module._forward_pre_hooks)
        digest.update(f"{name} {type(module).__qualname__} {module.training} {hooks}".encode())
        digest.update(str(getattr(module, "attention_type", None)).encode())
    for name, weight in model.state_dict().items():
        digest.update(name.encode() + weight.cpu().numpy().tobytes())
    digest.update(str([(weight.grad, weight.requires_grad) for weight in model.parameters()]).encode())
    return digest.hexdigest()


def theirs(pipe: Any, texts: list[Any], labels: tuple[str, ...], **options: Any) -> np.ndarray:
    """(N, C) the pipeline's scores, each text by itself or as the options say."""
    answers = pipe(texts, **options)
    return np.array([[{row["label"]: row["score"] for row in rows}[label] for label in labels] for rows in answers])


@pytest.fixture(scope="module", params=NAMES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def loaded(kind: str) -> Classifier:
    return ak.load(tiny(kind))


def test_answers_are_the_pipelines(kind: str, loaded: Classifier) -> None:
    pipe = pipeline_of(*tiny(kind))
    expected = theirs(pipe, [*TEXTS, *INPUTS], loaded.labels)
    assert np.abs(loaded.probabilities(ALL) - expected).max() < 1e-5  # texts of mixed lengths and pairs together
    assert expected.std(0).max() > 1e-4  # or any answer would do
    assert np.abs(loaded.probabilities(ALL[:1]) - expected[:1]).max() < 1e-5
    assert loaded.predict(TEXTS)["label"].tolist() == [loaded.labels[row.argmax()] for row in expected[: len(TEXTS)]]


def test_scores_add_up_and_the_model_is_handed_back(kind: str, loaded: Classifier) -> None:
    model, _ = tiny(kind)
    before = state_of(model)
    rows = ak.explain(loaded, ALL, views="attribution")
    assert state_of(model) == before
    for why in rows:
        panel = why.token_scores
        assert panel.method == "quadrature" and np.abs(panel.scores).max() > 0
        assert (panel.relative_error <= 1e-4 and panel.converged) or "did not converge" in panel.verdict
        parts = why.to_frame(level="token")
        assert np.allclose(parts.groupby("word")["score"].sum(), why.to_frame(level="word")["score"])
        assert np.isclose(parts["score"].sum(), panel.output_text - panel.output_baseline, rtol=1e-3, atol=1e-4) or (
            not panel.converged
        )
    assert sum(bool(why.token_scores.converged) for why in rows) >= 0.95 * len(rows)


def test_scores_are_those_of_the_text_alone(kind: str, loaded: Classifier) -> None:
    together = ak.explain(loaded, ALL[:2], views="attribution")
    alone = ak.explain(loaded, ALL[0], views="attribution")
    assert np.allclose(together[0].scores, alone.scores, rtol=1e-3, atol=1e-4 * np.abs(alone.scores).sum())


@pytest.mark.parametrize("method", ["leave_one_out", "shapley_sampling"])
def test_methods_that_change_texts_run(kind: str, loaded: Classifier, method: str) -> None:
    text = "It was a good film"
    why = ak.explain(loaded, text, views="attribution", method=method)
    assert np.isfinite(why.scores).all() and np.abs(why.scores).max() > 0
    if method == "leave_one_out":  # by hand: one token's vector exchanged for the baseline's, all else as it was
        panel = why.token_scores
        first = why.to_frame(level="token")["score"].iloc[0]
        encoded = loaded.encode([text])[0]
        ids, mask = loaded.batch([encoded.ids])
        vectors = loaded.network.embedding(ids).detach().clone()
        vectors[0, 0] = loaded.network.baseline(panel.baseline, None, ids, mask)[0, 0]
        row = loaded.network.fed(vectors, ids, mask).detach().double()[0]
        c = loaded.labels.index(panel.target)
        others = [row[k] for k in range(len(row)) if k != c]
        without = row[c] - np.logaddexp.reduce([float(z) for z in others])
        assert np.isclose(first, panel.output_text - float(without), atol=1e-5)


def test_deletion_runs(kind: str, loaded: Classifier) -> None:
    study = ak.faithfulness(loaded, TEXTS[:2], methods=["leave_one_out"], oracle_texts=0, perturbed=0, progress=False)
    assert np.isfinite(study.to_frame().select_dtypes("number").to_numpy(float)).any()


def test_the_documented_table_says_what_is_measured(kind: str) -> None:
    """Its figures are one machine's: here the same to within what another processor's rounding changes."""
    page = (ROOT / "docs" / "transformers.md").read_text(encoding="utf-8")
    figures = run_path(str(ROOT / "docs" / "architectures.py"))
    rows = figures["rows_of"](page)
    assert set(rows) == set(NAMES)
    _, baseline, apart, steps, pooling, *_ = rows[kind]
    now = figures["measured"](kind)
    assert (now["baseline"], now["pooling"], now["converged"]) == (baseline, pooling, "not" not in steps)
    assert now["apart"] <= 10 * float(apart)
    assert int(steps.replace(",", "")) / 4 <= now["steps"] <= 4 * int(steps.replace(",", ""))
