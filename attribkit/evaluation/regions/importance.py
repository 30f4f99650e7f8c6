"""region_importance(): how much of the score lies in each region of the texts, and the accuracy without it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.readable import tokenise
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.evaluation.answers import Answers
from attribkit.evaluation.cells import interval, number
from attribkit.evaluation.deletion import without_tokens
from attribkit.evaluation.readable_texts import ReadableTexts
from attribkit.evaluation.regions.spans import BODY, Patterns, checked_patterns, region_of_tokens, region_spans
from attribkit.evaluation.scores import default_methods, token_scores
from attribkit.evaluation.statistics import Estimate, estimate
from attribkit.models.answered import answered
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.plurals import number_of
from attribkit.progress import Progress, shown
from attribkit.results.panels import Convergence, Panel, Table
from attribkit.results.result import Result
from attribkit.task import check_one_label

QUARTERS = ("first quarter", "second quarter", "third quarter", "last quarter")


@dataclass(frozen=True, eq=False, repr=False)
class RegionImportance(Result):
    """How much of N texts' scores lies in each of R regions, and what the model knows without it.

    Attributes:
        model: its name.
        regions: (R,) their names: those of patterns, "header", "quote", "signature" as far as texts have them, "body";
            then the quarters of a text, which divide it anew.
        scores: (R, N) the region's part of Σ|scores| of each text, 0 to 1.
        tokens: (R, N) its part of the tokens, 0 to 1.
        answers: (R, N) whether the model is right without the region: 1 or 0, NaN where the text has no such region, no
            known label, or nothing left without it.
        right: (N,) whether the model is right on the whole text; NaN without a known label.
        convergence: how many of the texts' scores converged.
        seed: of the sample and the intervals.
        notes: sentences a reader must know.
        provenance: the model, the data and the number of texts.
    """

    about = "Importance of the regions of texts"

    model: str
    regions: tuple[str, ...]
    scores: NDArray[np.float64]
    tokens: NDArray[np.float64]
    answers: NDArray[np.float64]
    right: NDArray[np.float64]
    convergence: Convergence
    seed: int
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def share(self, region: str) -> Estimate:
        """The region's mean part of Σ|scores|, over all texts, with its 95 % interval.

        Raises:
            ValueError: for another region.
        """
        return estimate(self.scores[self._place(region)], self.seed)

    def accuracy(self, region: str) -> tuple[Estimate, Estimate]:
        """The accuracy on whole texts, and without the region, of the texts that have it and something besides.

        Raises:
            ValueError: for another region.
        """
        without = self.answers[self._place(region)]
        return estimate(np.where(np.isnan(without), np.nan, self.right), self.seed), estimate(without, self.seed)

    def _place(self, region: str) -> int:
        if region not in self.regions:
            raise InputError(f"`region` must be one of {', '.join(self.regions)}, got {region!r}")
        return self.regions.index(region)

    def to_frame(self) -> pd.DataFrame:
        """One row per region.

        The columns are region, texts (that have it), tokens, score (its parts of all, 0 to 1), low and high (the 95 %
        interval of score), accuracy and accuracy_without (of the texts that have it and something besides), change,
        change_low and change_high (from the one to the other, with its interval).
        """
        rows = []
        for place, region in enumerate(self.regions):
            share, (whole, without) = self.share(region), self.accuracy(region)
            change = estimate(self.answers[place] - self.right, self.seed)
            rows.append(
                {
                    "region": region,
                    "texts": int((self.tokens[place] > 0).sum()),
                    "tokens": float(self.tokens[place].mean()),
                    "score": share.mean,
                    "low": share.low,
                    "high": share.high,
                    "accuracy": whole.mean,
                    "accuracy_without": without.mean,
                    "change": change.mean,
                    "change_low": change.low,
                    "change_high": change.high,
                }
            )
        return pd.DataFrame(rows)

    def panels(self) -> tuple[Panel, ...]:
        """One table, a row per region."""
        rows = []
        for row, region in zip(self.to_frame().to_dict("records"), self.regions, strict=True):
            change = estimate(self.answers[self._place(region)] - self.right, self.seed)
            figures = (number(row[name], 3) for name in ("tokens", "score", "accuracy", "accuracy_without"))
            rows.append((region, row["texts"], *figures, number(change.mean, 3), interval(change)))
        columns = (
            "region",
            "texts",
            "of the tokens",
            "of the score",
            "accuracy",
            "without it",
            "change",
            "95 % interval",
        )
        notes = (
            "of the score: the region's part of Σ|scores| for the predicted label; accuracy: of the texts that have it",
            self.convergence.sentence,
            *self.notes,
        )
        return (Table("Regions of the texts", columns, tuple(rows), notes),)

    def summary(self) -> str:
        """A sentence for each region but the quarters, then how many explanations converged."""
        lines = [f"regions of {number_of(self.scores.shape[1], 'text')}, by {self.model}"]
        lines += [self.sentence(region) for region in self.regions if region not in QUARTERS]
        return "\n".join([*lines, self.convergence.sentence])

    def answer(self) -> str:
        """Of the regions but the body, or of the quarters, the one with the largest share of the score."""
        parts = [region for region in self.regions if region not in (BODY, *QUARTERS)] or list(QUARTERS)
        return f"{self.sentence(max(parts, key=lambda region: self.share(region).mean))}."

    def sentence(self, region: str) -> str:
        """What a reader must know of one region, such as "31 % of the score lies in the header"."""
        place = self._place(region)
        share, (whole, without) = self.share(region), self.accuracy(region)
        tokens = 100 * self.tokens[place].mean()
        words = f"{100 * share.mean:.0f} % of the score lies in the {region}, with {tokens:.0f} % of the tokens"
        if not without.known:
            return words
        change = estimate(self.answers[place] - self.right, self.seed)
        figures = f"{without.mean:.3f} instead of {whole.mean:.3f} (95 % interval of the change {interval(change)})"
        if change.low <= 0 <= change.high:
            return f"{words}; that accuracy changes without it was not shown: {figures}"
        return f"{words}; without it accuracy is {figures}"


def region_importance(
    model: Classifier,
    data: Data | Answers,
    patterns: Patterns | None = None,
    *,
    most: int = 1_000,
    method: str | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    progress: bool | Progress | None = None,
) -> RegionImportance:
    r"""Measure which regions of the texts a model decides by: the header, quotes and signature of messages, or any.

    A high share of a region that will not be there in use, such as a header, means that the accuracy measured here is
    not the one to expect there; the accuracy without it says what is left. The scores explain the predicted label.

    Args:
        model: any classifier; it stays as it is.
        data: texts in any form that `attribkit.project` takes, or the model's answers to them. Labels give accuracies.
        patterns: regions of one's own, a name and a regular expression each (`{"greeting": "^Dear .*,$"}`); `^` and `$`
            match at lines. They come before "header", "quote" and "signature", which are found by themselves.
        most: the most texts, drawn by the seed.
        method: as `attribkit.explain` takes it.
        seed: of the sample, the intervals, and methods that draw.
        batch_size: the most texts at once; None chooses by their length.
        split: "train", "validation", "test" or "all"; None for the test split or, without one, the rows not trained on.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        each region's share of the scores, and the accuracy with and without it.

    Raises:
        TypeError: for data of the wrong kind.
        ValueError: for data without a readable text, a pattern that is none, or `most` below 1.

    Example:
        >>> import attribkit as ak
        >>> mails = ["Subject: awful\n\nIt was a film.", "Subject: great\n\nIt was a film."]
        >>> regions = ak.region_importance(ak.load("imdb-cnn"), mails)
        >>> bool(regions.share("header").mean > 0.5)
        True
    """
    check_one_label(model.task, "`region_importance`", "`word_importance` works")
    compiled = checked_patterns(patterns)
    if most < 1:
        raise InputError(f"`most` must be at least 1 text, got {most}")
    with shown(progress) as tell:
        if not isinstance(data, Answers):
            columns = {"split": split, "text": text, "label": label, "encoding": encoding}
            data = Answers.of(model, data, **columns, batch_size=batch_size, progress=tell)
        places = np.arange(len(data.texts))
        if len(places) > most:
            places = np.sort(np.random.default_rng(seed).choice(places, most, replace=False))
        texts = [data.texts[place] for place in places]
        readable = ReadableTexts.of(model, texts, batch_size, data.rows[places])
        batch, truth = readable.batch, data.truth[places][readable.places]
        chosen = default_methods(model)[0] if method is None else method
        scored = token_scores(model, batch, chosen, seed=seed, batch_size=batch_size, progress=tell)
        masks = _masks(batch, compiled)
        right = np.where(truth < 0, np.nan, batch.logits.argmax(1) == truth)
        answers = np.array([_without(model, batch, mask, truth, batch_size) for mask in masks.values()])
    drawn = f"{most:,} of {number_of(len(data.texts), 'text')}, drawn with seed {seed}"
    notes = [*data.notes, *readable.notes, *([drawn] if len(data.texts) > most else [])]
    return RegionImportance(
        model=model.name,
        regions=tuple(masks),
        scores=np.array(
            [[_part(np.abs(s), m) for s, m in zip(scored.scores, mask, strict=True)] for mask in masks.values()]
        ),
        tokens=np.array([[float(m.mean()) for m in mask] for mask in masks.values()]),
        answers=answers,
        right=right,
        convergence=scored.convergence,
        seed=seed,
        notes=tuple(notes),
        provenance={"model": model.name} if data.measured is None else data.measured.provenance(model.name, len(right)),
    )


def _masks(batch: EncodedBatch, patterns: Mapping[str, re.Pattern[str]]) -> dict[str, list[NDArray[np.bool_]]]:
    """For each region that any text has, and for each quarter, which of each text's tokens (T,) lie in it."""
    spans = [region_spans(text, patterns) for text in batch.texts]
    own = [region_of_tokens(e.starts, e.ends, s) for e, s in zip(batch.encoded, spans, strict=True)]
    numbers = {**{name: number for number, name in enumerate(spans[0])}, BODY: -1}
    masks = {name: [regions == number for regions in own] for name, number in numbers.items()}
    masks = {name: mask for name, mask in masks.items() if any(m.any() for m in mask)}
    quarter = [np.arange(len(e.ids)) * len(QUARTERS) // max(len(e.ids), 1) for e in batch.encoded]
    return masks | {name: [of == number for of in quarter] for number, name in enumerate(QUARTERS)}


def _part(sizes: NDArray[np.float64], mask: NDArray[np.bool_]) -> float:
    """The part of the sizes (T,) that lies in the mask; 0 of nothing."""
    whole = float(sizes.sum())
    return float(sizes[mask].sum()) / whole if whole else 0.0


def _without(
    model: Classifier,
    batch: EncodedBatch,
    mask: Sequence[NDArray[np.bool_]],
    truth: NDArray[np.int64],
    batch_size: int | None,
) -> NDArray[np.float64]:
    """(N,) whether the model is right on each text without its tokens in the mask (T,); NaN where nothing is asked."""
    right = np.full(len(truth), np.nan)
    places = [place for place, own in enumerate(mask) if own.any() and not own.all() and truth[place] >= 0]
    if not places:
        return right
    texts = [without_tokens(batch.texts[place], batch.encoded[place].starts, mask[place]) for place in places]
    read, logits = answered(model, tokenise(model.tokenizer, texts), batch_size)
    rows = np.array(places)[read.places]
    right[rows] = logits.argmax(1) == truth[rows]
    return right
