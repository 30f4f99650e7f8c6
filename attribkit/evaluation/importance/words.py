"""word_importance(): the mean score of every word and phrase over a whole set of texts, class by class.

The score of a word for a class is the mean of its scores for that class over its occurrences in the texts that the
model predicts as that class:

    score(w, c) = 1 / |O| · Σ_{o ∈ O} a_c(o),   O = the occurrences of w in texts x with argmax_k p_k(x) = c,

a_c(o) being the occurrence's score in the text's log-odds of c, log p_c − log(1 − p_c). Texts that are predicted as
another class are left out: there the log-odds of c rise with every word that speaks against the leading class,
whichever comes second, and such a word would count for all the others. Of two classes there is only one other, what
speaks against the one speaks for it, and so every text counts for both. Where several labels may hold, a text counts
for each label that is predicted for it; of a regression every text counts, in the unit of its number.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.evaluation.answers import Answers
from attribkit.evaluation.importance.occurrences import Occurrences
from attribkit.evaluation.importance.one_sided import one_sided
from attribkit.evaluation.importance.phrases import find_longer, find_words
from attribkit.evaluation.importance.result import WordImportance
from attribkit.evaluation.importance.rows import in_order, phrase_rows, word_rows
from attribkit.models.classifier import Classifier
from attribkit.plurals import by_number, number_of
from attribkit.progress import Progress, shown
from attribkit.task import Task
from attribkit.views.attribution import Attribution

MOST = 25_000


def word_importance(
    model: Classifier,
    data: Data | Answers,
    *,
    train: pd.DataFrame | None = None,
    least: int = 5,
    most: int = MOST,
    replicates: int = 400,
    method: str | None = None,
    baseline: str = "pad",
    seed: int = 0,
    batch_size: int | None = None,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    progress: bool | Progress | None = None,
) -> WordImportance:
    """Explain a set of texts and aggregate the scores of every word and phrase.

    The model is left as it was.

    Args:
        model: any classifier; one with a closed form explains 25,000 reviews in seconds.
        data: texts in any form that `attribkit.project` takes, or the model's answers to them; labels are not needed.
        train: the texts it was trained on, with the columns `text` and `label`; those of `data`, if it is a `Dataset`
            or holds all of them. One-sided words need them.
        least: in how many of a class's texts a word must occur to be counted there.
        most: the most texts to explain, drawn by the seed.
        replicates: the number of bootstrap samples.
        method: as `attribkit.explain` takes it.
        baseline: as `attribkit.explain` takes it.
        seed: of the sample and the bootstrap.
        batch_size: the most texts at once; None chooses by their length.
        split: "train", "validation", "test" or "all"; None for the test split or, without one, the rows not trained on.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        tables of words, of phrases, and of words that are one-sided in the training texts.

    Raises:
        TypeError: for data of the wrong kind.
        ValueError: as `attribkit.explain`; for data without a readable text; for numbers below 1.

    Example:
        >>> import pandas as pd
        >>> import attribkit as ak
        >>> texts = ["A great film", "Such a great show!", "A dull and horrible movie", "The worst plot ever"]
        >>> reviews = pd.DataFrame({"text": texts, "label": ["pos", "pos", "neg", "neg"]})
        >>> importance = ak.word_importance(ak.load("imdb-cnn"), reviews, least=1)
        >>> words = importance.words
        >>> words[words["label"] == "neg"]["word"].head(3).tolist()
        ['worst', 'dull', 'horrible']
    """
    for name, value in (("least", least), ("most", most), ("replicates", replicates)):
        if value < 1:
            raise InputError(f"`{name}` must be at least 1, got {value}")
    # of two classes the log-odds of one are those of the other with the sign turned; of more, each text counts for the
    # class that it is given
    two = model.task == "multiclass" and len(model.labels) == 2
    target = model.labels[1] if two else None
    view = Attribution(target, method=method, baseline=baseline, seed=seed, batch_size=batch_size, details=False)
    with shown(progress) as tell:
        if isinstance(data, Answers):
            answers = data
        else:
            columns = {"split": split, "text": text, "label": label, "encoding": encoding}
            answers = Answers.of(model, data, **columns, batch_size=batch_size, progress=tell)
        places, notes = _sampled(answers, most, seed)
        texts = [answers.texts[place] for place in places]
        given = model.beside(answers.also and answers.also.rows(places))
        occurrences = Occurrences.of(given, texts, view, tell)
    if model.task != "multiclass":
        train = None  # which side a text is on is known of one label alone
    elif train is None and answers.measured is not None:
        train = answers.measured.training
    tables = _by_class(occurrences, model.labels, least, replicates, seed)
    word_table, phrase_table = (in_order(frames, model.labels, two) for frames in zip(*tables, strict=True))
    counts = np.bincount(occurrences.targets, minlength=len(model.labels)).tolist()
    counted = dict(zip(model.labels, [len(texts)] * 2 if two else counts, strict=True))
    return WordImportance(
        labels=model.labels,
        words=word_table,
        phrases=phrase_table,
        one_sided=None if train is None else one_sided(model, word_table, occurrences.numbers, train),
        texts=len(texts),
        tokens=len(occurrences.word),
        unknown=float((occurrences.word < 0).mean()),
        counted=counted,
        convergence=occurrences.convergence,
        notes=(
            *notes,
            *_counting_notes(counted, model.task),
            f"a word counts from {number_of(least, 'text')} on; intervals by {replicates} bootstrap drawings of texts",
        ),
        provenance={
            **({} if answers.measured is None else answers.measured.provenance(model.name, len(texts))),
            "model": model.name,
            "fingerprint": model.fingerprint(),
            "convergence": occurrences.convergence.to_json(),
            "settings": {
                "method": occurrences.method,
                "baseline": occurrences.baseline,
                "output": "value" if model.task == "regression" else "log_odds",
                "least": least,
                "most": most,
                "replicates": replicates,
                "seed": seed,
            },
        },
        task=model.task,
        unit=model.unit or "log-odds",
    )


def _by_class(
    occurrences: Occurrences, labels: Sequence[str], least: int, replicates: int, seed: int
) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """The rows of words and of phrases, for each class that any text counts for."""
    tables = []
    for place in np.unique(occurrences.targets).tolist():
        own = occurrences.of_class(place)
        words = find_words(own, least)
        pairs = find_longer(own, words, words, least)
        triples = find_longer(own, pairs, words, least)
        phrases = [phrase_rows(own, runs, labels[place], replicates, seed) for runs in (pairs, triples)]
        tables.append((word_rows(own, words, labels[place], replicates, seed), pd.concat(phrases)))
    return tables


def _counting_notes(counted: Mapping[str, int], task: Task) -> list[str]:
    if task == "regression" or (task == "multiclass" and len(counted) == 2):
        return []
    notes = ["a word counts for a class in the texts that the model gives that class, for it and against it"]
    if task == "multilabel":
        notes = ["a word counts for each label that is predicted for its text, for it and against it"]
    if missing := [f"“{label}”" for label, texts in counted.items() if not texts]:
        notes.append(f"no text is given {', '.join(missing)}, so nothing is counted of that")
    return notes


def _sampled(answers: Answers, most: int, seed: int) -> tuple[list[int], list[str]]:
    """The places of the texts that are explained, and what a reader must know of them."""
    if len(answers.texts) <= most:
        return list(range(len(answers.texts))), list(answers.notes)
    rows = np.sort(np.random.default_rng(seed).choice(len(answers.texts), most, replace=False))
    note = (
        f"{most:,} of {number_of(len(answers.texts), 'text')} {by_number(most, 'was', 'were')} explained, drawn with "
        f"seed {seed}"
    )
    return rows.tolist(), [*answers.notes, note]
