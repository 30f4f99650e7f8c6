r"""Through the whole network: TRAK, the last layer's mathematics on the gradients of all weights.

Near its weights a network is linear in them: F(θ + δ) ≈ F(θ) + ∇F · δ. So its gradients are features, and it is a
linear model on them. Let m_i be the log-odds of row i's own label, p_i that label's probability, φ_i a sketch of ∇m_i
and φ one of the gradient of a text's answer. Without row i, the answer of the linear model would be lower by about

    τ_i = φᵀ (ΦᵀΦ + λ I)⁻¹ φ_i (1 − p_i),    λ = 10 · mean ‖φ_i‖²,

averaged over networks: those of the epochs that training kept, and of other seeds. (Park et al., "TRAK: attributing
model behavior at scale", ICML 2023; the λ is ours.) The sketch sends each weight to one of k places, with a random sign
(Charikar, Chen & Farach-Colton 2002): products of sketches are those of the gradients up to a relative error of 1/√k.
It takes a backward pass for each row and network, k numbers for each row, and k × k once, or of fewer rows than k their
products.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from attribkit.attribution.targets import TargetName
from attribkit.errors import InputError
from attribkit.influence.gradients import answer_gradients, epochs_kept, trained_weights
from attribkit.last_layer.features import IN_MEMORY
from attribkit.last_layer.targets import Answer, log_odds
from attribkit.last_layer.training_rows import TrainingRows, check_task
from attribkit.models.classifier import Classifier
from attribkit.progress import Progress, shown

_ROWS_AT_ONCE = 256


def trak(
    models: Classifier | Sequence[Classifier],
    rows: TrainingRows,
    texts: list[str],
    target: TargetName | None = None,
    *,
    width: int = 4_096,
    strength: float = 10.0,
    seed: int = 0,
    progress: bool | Progress | None = None,
) -> NDArray[np.float64]:
    """How much each training row raised the answers to some texts, through all weights.

    Args:
        models: a classifier that was trained with `snapshots`, or several, trained on the same rows with other seeds;
            the first of them gives the answers that are asked about.
        rows: their training rows.
        texts: Q strings.
        target: None for each text's predicted label, a label, or a pair.
        width: k, the numbers that are kept of each gradient.
        strength: λ, as a multiple of the gradients' mean square length.
        seed: of the sketch.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        (Q, N) positive for rows that raised the answer; sizes are to be compared among rows.

    Raises:
        ValueError: for a model that keeps no snapshots after its first epoch, does not choose among labels, or has
            other labels than the first; for sketches that are too large for memory.

    Example:
        >>> import attribkit as ak
        >>> from attribkit.influence import trak
        >>> from attribkit.last_layer.training_rows import TrainingRows
        >>> data = ak.load_dataset("demo").sample(40)
        >>> model = ak.train("cnn", data, epochs=2, snapshots=[1, 2], filters=4, embedding_size=8, progress=False)
        >>> trak(model, TrainingRows.of(model, data), ["A great film"]).shape
        (1, 40)
    """
    several = [models] if isinstance(models, Classifier) else list(models)
    if not several:
        raise InputError("a model, or several, was expected, got none; give the one that was trained on the rows")
    for model in several:
        check_task(model)
        if model.labels != several[0].labels:
            raise InputError(
                f"models of the labels {several[0].labels} were expected, got {model.labels}; give those that were "
                "trained on the same rows"
            )
    size = len(rows.labels) * width * 4
    if size > IN_MEMORY:
        raise InputError(
            f"sketches of {len(rows.labels):,} rows take {size / 1024**3:.1f} GiB, more than the "
            f"{IN_MEMORY / 1024**3:.1f} GiB that are kept in memory; lower `width`, {width:,}"
        )
    own = several[0]
    answers = [Answer.of(target, own.labels, logits) for logits in own.logits(own.ids(texts))]
    states = [(model.at_epoch(epoch), epoch) for model in several for epoch in epochs_kept(model)]
    effects = np.zeros((len(texts), len(rows.labels)))
    with shown(progress) as tell:
        for number, (state, epoch) in enumerate(states):
            done = number * (len(texts) + len(rows.labels))
            effects += _effects(state, epoch, rows, texts, answers, (width, strength, seed), tell, done, len(states))
    return effects / len(states)


def _effects(
    model: Classifier,
    epoch: int,
    rows: TrainingRows,
    texts: list[str],
    answers: list[Answer],
    settings: tuple[int, float, int],
    progress: Progress,
    done: int,
    states: int,
) -> NDArray[np.float64]:
    """(Q, N) those of one network."""
    width, strength, seed = settings
    row_ids = model.ids(list(rows.texts))
    ids = [*model.ids(texts), *row_ids]
    wanted = [*answers, *(Answer(label) for label in rows.labels.tolist())]
    sketches = np.zeros((len(ids), width), dtype=np.float32)
    names = trained_weights(model, epoch)
    sketch = _Sketch(sum(model.network.get_parameter(name).numel() for name in names), width, seed)
    for place, gradients in enumerate(answer_gradients(model, ids, wanted, names)):
        sketches[place] = sketch(torch.cat([gradient.flatten() for gradient in gradients]))
        progress(done + place + 1, states * len(ids), "gradients of training rows")
    products = _ridge(sketches[: len(texts)].astype(float), sketches[len(texts) :], strength)
    odds = log_odds(model.logits(row_ids), rows.labels)
    residual = 1 / (1 + np.exp(np.minimum(odds, 500)))
    return products * residual


def _ridge(asked: NDArray[np.float64], taught: NDArray[np.float32], strength: float) -> NDArray[np.float64]:
    """(Q, N) φᵀ (ΦᵀΦ + λ I)⁻¹ φ_i; of fewer rows than places by φᵀ Φᵀ (ΦΦᵀ + λ I)⁻¹, which is the same."""
    count, width = taught.shape
    few = count < width
    gram = np.zeros((min(count, width), min(count, width)))
    if few:
        gram += taught.astype(float) @ taught.T.astype(float)
    for start in range(0, 0 if few else count, _ROWS_AT_ONCE):
        block = taught[start : start + _ROWS_AT_ONCE].astype(float)
        gram += block.T @ block
    gram[np.diag_indices(len(gram))] += max(strength * float(np.trace(gram)) / count, np.finfo(float).tiny)
    factor = cho_factor(gram, lower=True)
    products: NDArray[np.float64]
    if few:
        products = cho_solve(factor, taught.astype(float) @ asked.T).T
    else:
        products = cho_solve(factor, asked.T).T.astype(np.float32) @ taught.T
    return products


class _Sketch:
    """Each of many numbers is added to one of `width` places, with a random sign."""

    def __init__(self, size: int, width: int, seed: int) -> None:
        random = torch.Generator().manual_seed(seed)
        self._places = torch.randint(0, width, (size,), generator=random)
        self._signs = torch.randint(0, 2, (size,), generator=random).float() * 2 - 1
        self._width = width

    def __call__(self, numbers: torch.Tensor) -> NDArray[np.float32]:
        """(k,) the sketch of the numbers."""
        sums = torch.zeros(self._width).index_add_(0, self._places, numbers.float().cpu() * self._signs)
        sketched: NDArray[np.float32] = sums.numpy()
        return sketched
