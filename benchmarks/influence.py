"""Training rows: this package's leave-one-out beside captum's TracInCPFast, in one run on the same features.

Both are asked which of N rows taught the last layer its answers. TracInCPFast takes the refitted layer as its only
checkpoint. Each is timed on the same texts and measured by the same linear datamodelling score.

    python benchmarks/influence.py --rows 25000 --width 192
"""

import argparse
import time

import numpy as np
import torch
from captum.influence import TracInCPFast
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from attribkit.influence.datamodelling import correlations
from attribkit.last_layer.features import Features, with_bias
from attribkit.last_layer.leave_one_out import LeaveOneOut
from attribkit.last_layer.softmax_regression import fit
from attribkit.last_layer.targets import Answer


def main() -> None:
    """Print the times, their ratio and the scores."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rows", type=int, default=25_000)
    options.add_argument("--width", type=int, default=192)
    options.add_argument("--texts", type=int, default=20)
    options.add_argument("--subsets", type=int, default=20)
    given = options.parse_args()
    random = np.random.default_rng(0)
    values = np.maximum(random.normal(size=(given.rows + given.texts, given.width)), 0).astype(np.float32)
    logits = values @ random.normal(size=given.width) / np.sqrt(given.width)
    labels = (logits - np.median(logits) + random.normal(size=len(logits)) > 0).astype(np.int64)
    features = Features(values[: given.rows], np.zeros((given.rows, 2)))
    own, texts = labels[: given.rows], values[given.rows :]

    start = time.perf_counter()
    regression = fit(features, own, 2, 1e-2)
    loo = LeaveOneOut.of(features, regression)
    prepared = time.perf_counter() - start
    answer = Answer(1)
    start = time.perf_counter()
    effects = []
    for text in with_bias(texts):
        before = regression.logits(text[None])
        effects.append(answer.log_odds(before) - answer.log_odds(before + loo.changes(features, text)))
    query = (time.perf_counter() - start) / len(texts)

    layer = nn.Linear(given.width, 2)
    weights = torch.from_numpy(regression.basis @ regression.weights).float()
    with torch.no_grad():
        layer.weight.copy_(weights[:, :-1])
        layer.bias.copy_(weights[:, -1])
    network = nn.Sequential(nn.Identity(), layer)
    rows = TensorDataset(torch.from_numpy(features.values), torch.from_numpy(own))
    tracin = TracInCPFast(
        network, layer, DataLoader(rows, batch_size=1_024), [layer.state_dict()],
        checkpoints_load_func=lambda *_: 1.0, loss_fn=nn.CrossEntropyLoss(reduction="sum"), batch_size=1_024,
    )  # fmt: skip
    asked = torch.from_numpy(texts)
    start = time.perf_counter()
    scores = [tracin.influence((text[None], torch.tensor([1])))[0].numpy() for text in asked]
    theirs = (time.perf_counter() - start) / len(texts)

    start = time.perf_counter()
    tracin.influence((asked, torch.ones(len(asked), dtype=torch.int64)))
    together = (time.perf_counter() - start) / len(texts)

    halves = np.zeros((given.subsets, given.rows), dtype=bool)
    answers = np.zeros((given.subsets, given.texts))
    for number, half in enumerate(halves):
        half[random.choice(given.rows, given.rows // 2, replace=False)] = True
        counts = half.astype(float)
        again = fit(features, own, 2, 0.0, weight_of=counts, penalty=regression.penalty, start=regression.weights)
        answers[number] = answer.log_odds(again.logits(with_bias(texts)))
    ours, captums = (correlations(np.array(rows), halves, answers).mean() for rows in (effects, scores))
    print(f"{given.rows:,} rows x {given.width} features, {given.texts} texts, {given.subsets} halves")
    print(f"prepared in {prepared:.2f} s; a text {1e3 * query:.1f} ms, datamodelling score {ours:.3f}")
    print(f"TracInCPFast: a text {1e3 * theirs:.0f} ms, {1e3 * together:.0f} ms if all are asked at once")
    print(f"TracInCPFast: datamodelling score {captums:.3f}")
    print(f"ratio {theirs / query:.0f} x")


if __name__ == "__main__":
    main()
