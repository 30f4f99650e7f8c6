"""The first view: how much each token moved the prediction, by layer integrated gradients on the embedding."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.baseline_batch import BaselineBatch, BaselineSpec, check_baselines
from attribkit.attribution.choice import Choice, instead_of_exact
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.attribution.outputs import UNITS, Target
from attribkit.attribution.registry import METHODS, method_of
from attribkit.attribution.request import AttributionRequest, MethodResult
from attribkit.attribution.targets import TargetName, scalars_of
from attribkit.errors import InputError, NetworkError
from attribkit.models.classifier import Classifier
from attribkit.models.state import embedding_fed, preserve_state
from attribkit.results.panels import Band, Phrases, TokenScores
from attribkit.text import batching
from attribkit.text.sentences import sentence_spans
from attribkit.text.tokenizer import Encoded, shortened
from attribkit.views.encoded_batch import EncodedBatch

_NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Attribution:
    """Settings of the view; call it with a classifier and the texts it has read.

    Attributes:
        target: None for each text's predicted class, a label, an index, "all", or a pair for why this and not that.
        output: "log_odds", "logit" or "probability".
        method: one of `attribkit.attribution.registry.METHODS`, or None for the best the network allows.
        baseline: "pad", "zero", "unk", "mean", or a text; several of them for a band, the first the panel's own.
        tolerance: largest relative completeness error that counts as converged.
        batch_size: most texts at once; None chooses by length.
        seed: of the methods that draw; the same seed gives a text the same scores.
        details: whether sentences are cut and, where the method knows them, phrases told; they cost a little time.

    Raises:
        TypeError: for a baseline that is no string and no list of strings.
        ValueError: for a setting that is none of these; the sentence lists those that are.
    """

    target: TargetName | None = None
    output: str = "log_odds"
    method: str | None = None
    baseline: str | Sequence[str] = "pad"
    tolerance: float = 1e-4
    batch_size: int | None = None
    seed: int = 0
    details: bool = True

    needs = "a network whose `embedding` is an nn.Embedding"

    def __post_init__(self) -> None:
        if self.output not in UNITS:
            raise InputError(f"`output` must be one of {', '.join(UNITS)}, got {self.output!r}")
        if self.method is not None:
            method_of(self.method)
        if not 0 < self.tolerance < 1:
            raise InputError(f"`tolerance` must lie between 0 and 1, got {self.tolerance}; the default is 1e-4")
        names = check_baselines(self.baseline)
        object.__setattr__(self, "baseline", names[0] if len(names) == 1 else names)

    @property
    def baselines(self) -> tuple[str, ...]:
        """All of them, the panel's own first."""
        return (self.baseline,) if isinstance(self.baseline, str) else tuple(self.baseline)

    def supports(self, classifier: Classifier) -> bool:
        """Every classifier has the embedding that this view needs."""
        return True

    def __call__(self, classifier: Classifier, reading: EncodedBatch) -> list[list[TokenScores]]:
        """For each text a panel per target; the model is given back as it was found.

        Raises: RuntimeError that names the texts whose scores are NaN or infinite.
        """
        panels: list[list[TokenScores]] = [[] for _ in reading.texts]
        for rows, targets, solved in self.solve(classifier, reading):
            _check_scores(solved, [reading.texts[row] for row in rows])
            for place, row in enumerate(rows):
                one = reading.encoded[row]
                cuts = _sentence_starts(reading.texts[row], one) if self.details else _NOTHING
                for number, names in enumerate(targets):
                    several = [self._panel(part, names[row], number, place, one, cuts) for part in solved]
                    panels[row].append(_banded(several))
        return panels

    def solve(
        self, classifier: Classifier, reading: EncodedBatch, tables: Tables | None = None
    ) -> Iterator[tuple[NDArray[np.int64], list[list[str]], list["BatchResult"]]]:
        """The numbers alone, batch by batch; the model is borrowed until the last one.

        Args:
            classifier, reading: as for a call.
            tables: of the closed form, if they were built for all texts to come; None builds them for these.

        Yields: the texts' numbers (B,), each target's name for every text (J, N), what was found with each baseline.
        """
        network = classifier.network
        choice = Choice.of(self.method, network)
        named = scalars_of(self.target, self.output, classifier.labels, reading.logits)
        names, scalars = [name for name, _ in named], [scalar for _, scalar in named]
        lengths = [len(one.ids) for one in reading.encoded]
        baselines = [BaselineSpec.of(classifier, name) for name in self.baselines]
        texts = [one.words.numpy() for one in baselines if one.words is not None]
        others = np.concatenate([[classifier.tokenizer.pad_id], *texts])
        method = METHODS[choice.method]
        if tables is None and method.tables:
            tables = Tables.of_run(network, [one.ids for one in reading.encoded], others)
        equal = method.equal_lengths or getattr(network, "equal_lengths", False)
        run = embedding_fed(network)
        with preserve_state(network):
            for rows in batching.by_length(lengths, self.batch_size, tokens=8_192, equal=equal):
                targets = [scalar.rows(rows) for scalar in scalars]
                solved = self._solve(classifier, reading, rows, targets, baselines, run, choice, tables)
                agree = np.all([one.agrees for one in solved], axis=0)
                if agree.all():
                    yield rows, names, solved
                    continue
                instead = instead_of_exact(self.method, network)
                for some, way in ((rows[agree], choice), (rows[~agree], instead)):
                    if len(some):
                        targets = [scalar.rows(some) for scalar in scalars]
                        yield (
                            some,
                            names,
                            self._solve(classifier, reading, some, targets, baselines, run, way, tables),
                        )

    def _solve(
        self,
        classifier: Classifier,
        reading: EncodedBatch,
        rows: NDArray[np.int64],
        targets: Sequence[Target],
        baselines: Sequence[BaselineSpec],
        run: Callable[[Tensor, Tensor, Tensor], Tensor],
        choice: Choice,
        tables: Tables | None,
    ) -> list["BatchResult"]:
        """One batch against each baseline, by the method chosen."""
        ids, mask = classifier.batch([reading.encoded[row].ids for row in rows])
        logits = torch.from_numpy(reading.logits[rows])
        outputs = torch.stack([target.of(logits) for target in targets])
        solved: list[BatchResult] = []
        for baseline in baselines:
            against = BaselineBatch.of(classifier, ids, mask, baseline, run)
            bases = torch.stack([target.of(against.logits) for target in targets])
            request = AttributionRequest(
                network=classifier.network,
                run=run,
                ids=ids,
                mask=mask,
                baseline_ids=against.ids,
                baseline_vectors=against.vectors,
                targets=[target.to(classifier.device) for target in targets],
                outputs=outputs.to(classifier.device),
                difference=(outputs - bases).to(classifier.device),
                tolerance=self.tolerance,
                seed=self.seed,
                tables=tables,
                phrases=self.details and not solved,
                closed_form=choice.closed_form,
                logits_at_ends=torch.stack((against.logits, logits)),
            )
            result = METHODS[choice.method].solve(request)
            solved.append(BatchResult(choice, baseline.name, against, outputs, bases, result))
        return solved

    def _panel(
        self, solved: "BatchResult", target: str, number: int, place: int, one: Encoded, cuts: NDArray[np.int64]
    ) -> TokenScores:
        solution = solved.solution
        return TokenScores(
            starts=one.starts,
            ends=one.ends,
            tokens=one.tokens,
            scores=solution.scores[number, place, : len(one.ids)].cpu().numpy(),
            known=one.known,
            unit=UNITS[self.output],
            target=target,
            method=solved.choice.method,
            baseline=solved.baseline,
            steps=int(solution.steps[number, place]),
            output_text=float(solved.outputs[number, place]),
            output_baseline=float(solved.bases[number, place]),
            tolerance=self.tolerance,
            converged=solution.verdict(number, place),
            tokens_total=one.total,
            notes=(
                *solved.choice.notes,
                *solution.notes,
                *solution.text_notes[place : place + 1],
                *solved.against.note(len(one.ids)),
            ),
            sentence_starts=cuts,
            phrases=solved.phrases(number, place),
            rule_change=None if solution.rule_change is None else float(solution.rule_change[number, place]),
            path_error=None if solution.path_error is None else float(solution.path_error[number, place]),
            draws=None if solution.draws is None else int(solution.draws[place]),
            spread=None if solution.spread is None else solution.spread[number, place, : len(one.ids)].cpu().numpy(),
        )


@dataclass(frozen=True, eq=False)
class BatchResult:
    """What a method found for a batch of B texts and one baseline.

    Attributes:
        choice: the method.
        baseline: as the user would type it.
        against: the baseline itself.
        outputs, bases: (J, B), F(text) and F(baseline).
        solution: the scores.
    """

    choice: Choice
    baseline: str
    against: BaselineBatch
    outputs: Tensor
    bases: Tensor
    solution: MethodResult

    @property
    def agrees(self) -> NDArray[np.bool_]:
        """(B,) whether the closed form, where it was used, is the network's."""
        agrees = self.solution.agrees
        return np.ones(self.outputs.shape[1], dtype=bool) if agrees is None else agrees.cpu().numpy()

    @cached_property
    def _by_text(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(P,) the phrases' order by text, and where in it each text's begin and end (B + 1,)."""
        text = _NOTHING if self.solution.phrases is None else self.solution.phrases.text
        order = np.argsort(text, kind="stable")
        return order, np.searchsorted(text[order], np.arange(self.outputs.shape[1] + 1))

    def phrases(self, number: int, place: int) -> Phrases | None:
        """One text's phrases for one target: those that have a part in the score."""
        found = self.solution.phrases
        if found is None:
            return None
        order, bounds = self._by_text
        there = order[bounds[place] : bounds[place + 1]]
        there = there[found.scores[number, there] != 0]
        return Phrases(found.first[there], found.last[there], found.feature[there], found.scores[number, there])


def _check_scores(solved: Sequence[BatchResult], texts: Sequence[str]) -> None:
    """A batch's scores are finite; where they are not, though the outputs are, gradients on the way were not."""
    sound = np.all([one.solution.scores.isfinite().all(-1).all(0).cpu().numpy() for one in solved], axis=0)
    bad = [text for text, ok in zip(texts, sound, strict=True) if not ok]
    if not bad:
        return
    named = f"the text {shortened(bad[0])!r}" + (f" and {len(bad) - 1:,} more" if len(bad) > 1 else "")
    raise NetworkError(
        f"the scores by {solved[0].choice.method!r} are NaN or infinite for {named}, for the network's gradients or "
        f"its outputs for changed texts are; leave {'it' if len(bad) == 1 else 'them'} out, or take another method"
    )


def _sentence_starts(text: str, one: Encoded) -> NDArray[np.int64]:
    """The first token of each sentence, of the part of the text that was read."""
    first = int(one.starts[0])
    spans = sentence_spans(text[first : int(one.ends[-1])])
    sentence = np.searchsorted([start + first for start, _ in spans], one.starts, side="right")
    return np.flatnonzero(np.diff(sentence, prepend=-1))


def _banded(several: Sequence[TokenScores]) -> TokenScores:
    """The first baseline's panel with the band of all of them."""
    own, *others = several
    if not others:
        return own
    notes = [note for other in others for note in other.notes if note not in own.notes]
    notes += [
        f"with the baseline {other.baseline!r} it {other.verdict}" for other in others if other.converged is False
    ]
    band = Band(
        tuple(one.baseline for one in several),
        np.stack([one.scores for one in several]),
        tuple(one.converged for one in several),
    )
    return replace(own, band=band, notes=(*own.notes, *dict.fromkeys(notes)))
