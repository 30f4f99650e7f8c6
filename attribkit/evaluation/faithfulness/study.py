"""faithfulness(): whether the prediction changes when the tokens that scores call important are removed.

Every figure is compared with two references on the same texts: random scores, and the best removal that was found; for
a text CNN, a bound that no removal by PAD can exceed closes the bracket. `measures` defines the figures, `ablation` the
ways to remove tokens, `bounds` what is proved.
"""

from collections.abc import Sequence

import numpy as np

from attribkit.data.intake import Rows
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.evaluation.faithfulness import stability
from attribkit.evaluation.faithfulness.ablation import REMOVALS, check_removals
from attribkit.evaluation.faithfulness.curves import Curves
from attribkit.evaluation.faithfulness.followed import FollowedLabels
from attribkit.evaluation.faithfulness.result import Faithfulness
from attribkit.evaluation.faithfulness.search import OracleSearch
from attribkit.evaluation.readable_texts import ReadableTexts
from attribkit.evaluation.scores import RANDOM, MethodScores, check_methods, scores_for, token_scores
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.plurals import number_of
from attribkit.progress import Progress, shown


def faithfulness(
    model: Classifier,
    data: Data,
    methods: Sequence[str] | str | None = None,
    *,
    removals: Sequence[str] | str | None = None,
    oracle_texts: int | None = None,
    perturbed: int = 20,
    seed: int = 0,
    batch_size: int | None = None,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    progress: bool | Progress | None = None,
) -> Faithfulness:
    """Measure how faithful attribution methods are to a model on some texts.

    The class explained is each text's predicted one; with several labels a text every predicted label is measured by
    itself, as a text of its own, and `Faithfulness.of_label` is one label's part. Texts that cannot be read are counted
    and listed, not refused. The model is left exactly as it was.

    Args:
        model: any classifier.
        data: N texts in any form that `attribkit.project` takes; some hundreds give narrow intervals.
        methods: names as `explain(method=…)` takes them, and "attention"; None for the model's integrated gradients,
            two gradients, and attention if the network has it. Random scores are always measured too.
        removals: how tokens are removed: "delete", "pad" (replaced by PAD) or both; None for both, or for "delete" of a
            model that reads texts by itself, which has no PAD.
        oracle_texts: for how many texts, drawn by the seed, leave-one-out and the best possible removal are computed;
            None for all where that is cheap (a text CNN), else for 50.
        perturbed: for how many texts, drawn by the seed, infidelity and max-sensitivity are computed; they take
            longest. 0 leaves them out.
        seed: of the random scores, the draws and the intervals.
        batch_size: the most texts at once; None chooses by their length.
        split: "train", "validation", "test" or "all"; None for the test split or, without one, the rows not trained on.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        every measure of every method with its interval, beside that of random scores.

    Raises:
        TypeError: for data of the wrong kind.
        ValueError: for a method or removal that does not exist or does not fit the model; for a regression; if no text
            can be read.

    Example:
        >>> import pandas as pd
        >>> import attribkit as ak
        >>> texts = ["A great film", "Such a great show!", "A dull and horrible movie", "The worst plot ever"]
        >>> reviews = pd.DataFrame({"text": texts, "label": ["pos", "pos", "neg", "neg"]})
        >>> model = ak.load("imdb-cnn")
        >>> result = ak.faithfulness(model, reviews, "saliency", removals="delete", oracle_texts=2, perturbed=0)
        >>> result.methods
        ('saliency', 'random')
    """
    if model.task == "regression":
        raise InputError(
            "`faithfulness` follows a label's probability, and this model's number has none; `sanity` works, and so "
            "does explain(…, method='leave_one_out')"
        )
    names, ways = (
        (*check_methods(model, methods), RANDOM),
        check_removals(_usual(model) if removals is None else removals),
    )
    measured = Rows.of(model, data, split=split, text=text, label=label, encoding=encoding, progress=progress)
    model = model.given(len(measured.table), table=measured.table)
    readable = ReadableTexts.of(model, measured.texts, batch_size, measured.numbers)
    followed, batch = FollowedLabels.of(readable.batch, model.task)
    order = np.random.default_rng(seed).permutation(len(batch.texts))
    with shown(progress) as tell:
        scored = {name: _scored(model, batch, followed, name, seed, batch_size, tell) for name in names}
        scores = [of_method.scores for of_method in scored.values()]
        curves = Curves.of(model, batch, followed, scores, ways, batch_size, tell)
        search = OracleSearch.of(model, batch, followed, scores, curves, ways, order, oracle_texts, tell)
        perturbed_rows = np.sort(order[:perturbed])
        infidelity, sensitivity = stability.measure(model, batch, followed, names, scores, perturbed_rows, seed, tell)
    notes = [*readable.notes, *measured.notes]
    if model.task == "multilabel":
        notes.append(
            "each label that a text is predicted to have, or its likeliest, is followed by itself: "
            f"{number_of(len(batch.texts), 'label')} of {number_of(len(readable.batch.texts), 'text')}, which the "
            "figures count as texts"
        )
    if search.texts < len(order):
        notes.append(
            f"leave-one-out and the best removal were sought for {search.texts:,} of the texts, drawn with seed {seed}"
        )
    if perturbed and perturbed < len(order):
        notes.append(f"infidelity and max-sensitivity were taken on {perturbed:,} of the texts, drawn with seed {seed}")
    if perturbed and not model.capabilities.gradients:
        notes.append(f"max-sensitivity was not taken: the words of this {model.capabilities.kind} have no vectors")
    return Faithfulness(
        model=model.name,
        methods=names,
        removals=ways,
        tokens=np.array([len(encoded.ids) for encoded in batch.encoded]),
        whole=curves.whole[0],
        removed=curves.removed[0],
        kept=curves.kept[0],
        best_removed=search.removed,
        best_kept=search.kept,
        bound_removed=search.bound_removed,
        bound_kept=search.bound_kept,
        log_odds=curves.whole[1],
        removed_log_odds=curves.removed[1],
        masked=search.masked,
        exact=search.exact,
        tau=search.tau,
        infidelity=infidelity,
        max_sensitivity=sensitivity,
        convergence={name: of_method.convergence for name, of_method in scored.items()},
        seed=seed,
        task=model.task,
        labels=tuple(model.labels[label] for label in followed.labels.tolist()),
        notes=tuple(notes),
        skipped=readable.skipped,
        provenance=measured.provenance(model.name, len(readable.batch.texts)),
    )


def _scored(
    model: Classifier,
    batch: EncodedBatch,
    followed: FollowedLabels,
    name: str,
    seed: int,
    batch_size: int | None,
    progress: Progress,
) -> MethodScores:
    if followed.rivals is None:
        return scores_for(model, batch, followed.labels, name, seed=seed, batch_size=batch_size)
    return token_scores(model, batch, name, seed=seed, batch_size=batch_size, progress=progress)


def _usual(model: Classifier) -> tuple[str, ...]:
    """The ways to remove a word that differ for the model."""
    return ("delete",) if model.capabilities.own_spans else REMOVALS
