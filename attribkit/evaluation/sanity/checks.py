"""sanity(): whether scores depend on the model's weights, and on nothing that must have no effect.

An explanation that stays the same when the weights are replaced by random ones explains the text, not the model: its
rank correlation with the true one must fall (Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018). One that
changes with padding, with the order of a batch or with the number type explains the computation, not the model.
"""

from itertools import product

import numpy as np

from attribkit.data.intake import Rows
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.evaluation.readable_texts import ReadableTexts
from attribkit.evaluation.sanity.randomised import correlations, layers_top_down, randomised
from attribkit.evaluation.sanity.result import ROUGH, SCHEMES, Numbers, Sanity
from attribkit.evaluation.scores import Scores, check_methods, scores_for, token_scores
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.progress import Progress, counted, shown
from attribkit.results.panels import Convergence


def sanity(
    model: Classifier,
    data: Data,
    method: str | None = None,
    *,
    draws: int = 3,
    seed: int = 0,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    progress: bool | Progress | None = None,
) -> Sanity:
    """Check that a method's scores depend on the model's weights, and not on padding, batch order or number type.

    All changes are made to copies; the model is left exactly as it was.

    Source: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018.

    Args:
        model: any classifier.
        data: N texts in any form that `attribkit.project` takes; some dozens are enough.
        method: a name as `explain(method=…)` takes it, or "attention"; None for the model's integrated gradients.
        draws: how often each layer is randomised.
        seed: of the draws.
        split: "train", "validation", "test" or "all"; None for the test split or, without one, the rows not trained on.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        rank correlations of the true scores with those of each randomised layer, and what changed with padding, batch
        order and number type.

    Raises:
        TypeError: for data of the wrong kind.
        ValueError: for a model without layers; for a method that does not exist or does not fit the model; if no text
            can be read.

    Example:
        >>> import pandas as pd
        >>> import attribkit as ak
        >>> texts = ["A great film", "Such a great show!", "A dull and horrible movie", "The worst plot ever"]
        >>> reviews = pd.DataFrame({"text": texts, "label": ["pos", "pos", "neg", "neg"]})
        >>> result = ak.sanity(ak.load("imdb-cnn"), reviews, draws=1)
        >>> result.to_frame()["layer"].unique().tolist()
        ['output', 'convolutions.2', 'convolutions.1', 'convolutions.0', 'embedding']
    """
    if draws < 1:
        raise InputError(f"`draws` must be at least 1, got {draws}")
    if not model.capabilities.layers:
        raise model.capabilities.refusal("`sanity`, which randomises layers,", "layers", "`faithfulness` does without")
    method = check_methods(model, method)[0]
    measured = Rows.of(model, data, split=split, text=text, label=label, encoding=encoding, progress=progress)
    model = model.given(len(measured.table), table=measured.table)
    readable = ReadableTexts.of(model, measured.texts, numbers=measured.numbers)
    batch = readable.batch
    model = model.beside(batch.also)
    targets = batch.logits.argmax(1)
    scored = token_scores(model, batch, method, seed=seed)
    own, convergence = scored.scores, Convergence()
    layers = layers_top_down(model)
    correlation, sizes = np.zeros((2, 2, len(layers), len(targets)))
    steps = list(product(range(len(layers)), range(len(SCHEMES)), range(draws)))
    with shown(progress) as tell:
        for place, scheme, draw in counted(steps, tell, "randomising layers"):
            names = (layers[: place + 1], layers[place : place + 1])[scheme]
            changed = randomised(model, names, seed + draw)
            again = EncodedBatch.of(changed, batch.texts)
            scores = scores_for(changed, again, targets, method, seed=seed, tolerance=ROUGH)
            convergence += scores.convergence
            correlation[scheme, place] += correlations(own, scores.scores) / draws
            sizes[scheme, place] += correlations(own, scores.scores, sizes=True) / draws
    judged = None not in scored.converged
    return Sanity(
        model.name,
        method,
        layers,
        correlation,
        sizes,
        scored.errors if judged else None,
        np.array(scored.converged, dtype=bool) if judged else None,
        convergence,
        _invariance(model, batch, method, own, seed),
        draws,
        seed,
        (*readable.notes, *measured.notes),
        readable.skipped,
        measured.provenance(model.name, len(own)),
    )


def _invariance(model: Classifier, batch: EncodedBatch, method: str, own: Scores, seed: int) -> Numbers:
    """(3, N) changes of scores under changes that must have no effect."""
    backwards = np.arange(len(own))[::-1]
    double = model.copy()
    double.network.double()
    versions = (
        token_scores(model, batch, method, seed=seed, batch_size=1).scores,
        token_scores(model, batch.part(backwards), method, seed=seed).scores[::-1],
        token_scores(double, EncodedBatch.of(double, batch.texts), method, seed=seed).scores,
    )
    return np.array([[_change(a, b) for a, b in zip(own, version, strict=True)] for version in versions])


def _change(own: Numbers, other: Numbers) -> float:
    size = float(np.abs(own).sum())
    change = float(np.abs(own - other).max())
    return change / size if size else change
