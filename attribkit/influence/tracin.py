r"""Through the whole network: TracIn over the snapshots that training kept.

A step of gradient descent on row i, θ − η ∇ℓ_i, raises an answer F by −η ∇ℓ_i · ∇F to first order. TracIn adds that up
over snapshots: how much the row would have raised the answer by one step at each of them, in log-odds. (Pruthi et al.,
"Estimating training data influence by tracing gradient descent", NeurIPS 2020.) The gradients are those of all weights.

∇ℓ_i · ∇F is the slope of ℓ_i along ∇F, and so the change of row i's loss between two networks whose weights are moved
by ± ε ∇F, divided by 2 ε: two forward passes over the rows for each text and snapshot, of any network, and no gradient
of a row is ever kept. Training here takes Adam's steps and not plain ones, so that sizes are to be compared among rows
only.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from attribkit.attribution.targets import TargetName
from attribkit.influence.gradients import answer_gradients, epochs_kept, trained_weights
from attribkit.last_layer.targets import Answer
from attribkit.last_layer.training_rows import TrainingRows, check_task
from attribkit.models.classifier import Classifier
from attribkit.progress import Progress, counted, shown

_MOVED = 0.05  # log-odds by which the text's own answer moves, to first order: small, and far above rounding


def tracin(
    model: Classifier,
    rows: TrainingRows,
    texts: list[str],
    target: TargetName | None = None,
    *,
    batch_size: int | None = None,
    progress: bool | Progress | None = None,
) -> NDArray[np.float64]:
    """How much each training row raised the answers to some texts, through all weights, by its steps at each snapshot.

    Args:
        model: a classifier that was trained with `snapshots`.
        rows: its training rows.
        texts: Q strings.
        target: None for each text's predicted label, a label, or a pair.
        batch_size: the most texts at once; None chooses by their length.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        (Q, N) in log-odds of plain gradient steps; positive for rows that raised the answer.

    Raises:
        ValueError: for a model that keeps no snapshots after its first epoch, or does not choose among labels.

    Example:
        >>> import attribkit as ak
        >>> from attribkit.influence.tracin import tracin
        >>> from attribkit.last_layer.training_rows import TrainingRows
        >>> data = ak.load_dataset("demo").sample(40)
        >>> model = ak.train("cnn", data, epochs=2, snapshots=[1, 2], filters=4, embedding_size=8, progress=False)
        >>> tracin(model, TrainingRows.of(model, data), ["A great film"]).shape
        (1, 40)
    """
    check_task(model)
    epochs = epochs_kept(model)
    targets = [Answer.of(target, model.labels, logits) for logits in model.logits(model.ids(texts))]
    effects = np.zeros((len(texts), len(rows.labels)))
    with shown(progress) as tell:
        for epoch in counted(epochs, tell, "snapshots"):
            earlier = model.at_epoch(epoch)
            for place, answer in enumerate(targets):
                slope = _slopes(earlier, rows, texts[place], answer, epoch, batch_size)
                effects[place] -= _learning_rate(model, epoch) * slope
    return effects


def _learning_rate(model: Classifier, epoch: int) -> float:
    """That of an epoch, from the training's history; 1 where none is kept."""
    if model.history is None:
        return 1.0
    rates = model.history.set_index("epoch")["learning_rate"]
    return float(rates.loc[epoch]) if epoch in rates.index else 1.0


def _slopes(
    model: Classifier, rows: TrainingRows, text: str, answer: Answer, epoch: int, batch_size: int | None
) -> NDArray[np.float64]:
    """(N,) the slope of each row's loss along the answer's gradient."""
    names = trained_weights(model, epoch)
    (own,) = answer_gradients(model, model.ids([text]), [answer], names)
    gradients = dict(zip(names, own, strict=True))
    size = sum(float((gradient.double() ** 2).sum()) for gradient in own)
    if size == 0:
        return np.zeros(len(rows.labels))
    step = _MOVED / size
    weights = dict(model.network.named_parameters())
    before = {name: weights[name].detach().clone() for name in gradients}
    losses = []
    for sign in (1, -1):
        with torch.no_grad():
            for name, gradient in gradients.items():
                weights[name].copy_(before[name] + sign * step * gradient)
        logits = torch.from_numpy(model.logits(rows.ids, batch_size))
        labels = torch.from_numpy(rows.labels)
        losses.append(torch.nn.functional.cross_entropy(logits, labels, reduction="none").numpy())
    with torch.no_grad():
        for name, values in before.items():
            weights[name].copy_(values)
    slopes: NDArray[np.float64] = (losses[0] - losses[1]) / (2 * step)
    return slopes
