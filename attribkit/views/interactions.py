"""The view of interactions: which words act together, exactly, in a text CNN."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attribkit.attribution.baseline_batch import BaselineBatch, BaselineSpec, check_baselines
from attribkit.attribution.choice import why_not_exact
from attribkit.attribution.cnn import integrated_gradients
from attribkit.attribution.cnn.game import Numbers
from attribkit.attribution.cnn.hessians import integrated_hessians
from attribkit.attribution.cnn.interactions import shapley_interactions, shapley_interactions_of
from attribkit.attribution.cnn.shapley import shapley_values
from attribkit.attribution.outputs import Output, Target
from attribkit.attribution.request import AttributionRequest
from attribkit.attribution.targets import TargetName, scalars_of
from attribkit.attribution.text_length import check_max_tokens, duration, timed
from attribkit.errors import InputError
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.feeding import embedding_fed
from attribkit.models.state import preserve_state
from attribkit.progress import Progress, counted, silent
from attribkit.results.panels import INDICES, Pairs
from attribkit.text.encoded import shortened

TITLE = "Which words act together"

MOST_TOKENS = 200
"""Tokens of a text up to which the Shapley interaction index is computed without being asked to: some 40 seconds."""

MOST_TOKENS_OF_ONE = 1_000
"""Tokens of a text up to which the index of one token with all others is computed."""


@dataclass(frozen=True)
class Interactions:
    """The interactions of each pair of words, in closed form. Call it with a classifier and the texts it has read.

    Attributes:
        target: None for each text's predicted class, a label, an `Index`, "all", or a pair for why this and not that.
        output: "log_odds" or "logit"; log-odds of more than two classes have no closed form. None for the log-odds, of
            a regression its number.
        baseline: "pad", "zero", "unk", "mean", or a text; of several of them the first.
        tolerance: the largest relative error that counts as converged.
        interactions: "shapley" for the Shapley interaction index (Grabisch & Roubens 1999), over all coalitions of the
            other words; "integrated_hessians" (Janizek et al. 2021) along the path of integrated gradients, faster.
        max_tokens: longer texts are refused; None for 200 with the Shapley interaction index, no limit with the other.
        optional: leave out what would be refused; `left_out` says why.
        progress: is called with the number of texts that are done.

    Raises:
        ValueError: for a setting that is none of these; the sentence lists those that are.
    """

    target: TargetName | None = None
    output: str | None = None
    baseline: str | Sequence[str] = "pad"
    tolerance: float = 1e-4
    interactions: str = "shapley"
    max_tokens: int | None = None
    optional: bool = False
    progress: Progress = field(default=silent, repr=False, compare=False)

    needs = "a text CNN with a closed form"

    def __post_init__(self) -> None:
        if self.interactions not in INDICES:
            raise InputError(f"`interactions` must be one of {', '.join(INDICES)}, got {self.interactions!r}")
        check_max_tokens(self.max_tokens)
        names = check_baselines(self.baseline)
        object.__setattr__(self, "baseline", names[0])

    def supports(self, classifier: Classifier) -> bool:
        """Whether the network has a closed form."""
        return why_not_exact(classifier.network) is None

    def __call__(self, classifier: Classifier, batch: EncodedBatch) -> list[list[Pairs]]:
        """For each text a panel per target; the model is left exactly as it was.

        Raises:
            ValueError: for a probability, log-odds of more than two classes, or a text longer than `max_tokens`; not
                if the view is optional.
        """
        lacking = self.left_out(classifier, batch) if self.optional else {}
        if len(lacking) == len(batch.texts):
            return [[] for _ in batch.texts]
        scalars = self._scalars(classifier, batch)
        spec = BaselineSpec.of(classifier, str(self.baseline))
        run = embedding_fed(classifier.network)
        unit = Output.of(self.output, classifier.task, classifier.unit).unit
        with preserve_state(classifier.network):
            return [
                []
                if row in lacking
                else self._panels(batch, row, scalars, unit, *self._request(classifier, batch, row, scalars, spec, run))
                for row in counted(range(len(batch.texts)), self.progress, "interactions")
            ]

    def left_out(self, classifier: Classifier, batch: EncodedBatch) -> Mapping[int, str]:
        """Why texts have no interactions here, by their places in the batch; the others have them."""
        if why := self._unfit(classifier):
            return dict.fromkeys(range(len(batch.texts)), f"the view interactions is left out: {why}")
        most = self.max_tokens or (MOST_TOKENS if self.interactions == "shapley" else None)
        return {
            row: f"the view interactions is left out: the text has {count:,} tokens, of which at most {most:,} are "
            f"paired without being asked to; ask with views='interactions' and max_tokens={count}"
            for row, count in enumerate(len(encoded.ids) for encoded in batch.encoded)
            if most is not None and count > most
        }

    def of_token(self, classifier: Classifier, batch: EncodedBatch, token: int) -> Numbers:
        """(T,) the Shapley interaction index of one token of a single text with every other, for the first target.

        It takes the time of two Shapley values, so texts of up to 1,000 tokens are read unless `max_tokens` says less.

        Raises:
            ValueError: as the call; for a network that has no closed form.
        """
        if not self.supports(classifier):
            raise InputError(
                f"interactions need {self.needs}, got {type(classifier.network).__name__}; ask another model"
            )
        scalars = self._scalars(classifier, batch)
        count, most = len(batch.encoded[0].ids), self.max_tokens or MOST_TOKENS_OF_ONE
        self._check_length(count, batch.texts[0], "", most)
        spec = BaselineSpec.of(classifier, str(self.baseline))
        with preserve_state(classifier.network):
            request, _ = self._request(classifier, batch, 0, scalars[:1], spec, embedding_fed(classifier.network))
            return shapley_interactions_of(*_arguments(request), token)[0].numpy()

    def _unfit(self, classifier: Classifier) -> str | None:
        """Why nothing that this view is told to explain has a closed form; None where it has."""
        if self.output == "probability":
            return "a probability has no closed form; give output='log_odds' or 'logit'"
        several = classifier.task == "multiclass" and len(classifier.labels) > 2
        if several and self.output in (None, "log_odds") and not isinstance(self.target, (tuple, list)):
            return "log-odds of more than two classes have no closed form; give output='logit' or a pair as the target"
        return None

    def _scalars(self, classifier: Classifier, batch: EncodedBatch) -> list[tuple[list[str], Target]]:
        if self.output == "probability":
            raise InputError(
                "interactions are exact for a logit or the difference of two, got output='probability'; use "
                "output='log_odds' or 'logit'"
            )
        output = Output.of(self.output, classifier.task, classifier.unit)
        return scalars_of(self.target, output.scalar, classifier.labels, batch.logits)

    def _panels(
        self,
        batch: EncodedBatch,
        row: int,
        scalars: Sequence[tuple[list[str], Target]],
        unit: str,
        request: AttributionRequest,
        against: BaselineBatch,
    ) -> list[Pairs]:
        encoded = batch.encoded[row]
        matrices, expected = self._solve(request, batch.texts[row])
        bases = torch.stack([target.of(against.logits) for target in request.targets])
        firsts, seconds = np.triu_indices(len(encoded.ids), 1)
        panels = []
        for number, (names, _) in enumerate(scalars):
            values = matrices[number][firsts, seconds]
            nonzero = values != 0
            panels.append(
                Pairs(
                    title=TITLE,
                    starts=encoded.starts,
                    ends=encoded.ends,
                    tokens=encoded.tokens,
                    known=encoded.known,
                    firsts=firsts[nonzero],
                    seconds=seconds[nonzero],
                    values=values[nonzero],
                    own=np.diag(matrices[number]),
                    expected=expected[number],
                    unit=unit,
                    target=names[row],
                    index=self.interactions,
                    baseline=against.spec.name,
                    output_text=float(request.outputs[number, 0]),
                    output_baseline=float(bases[number, 0]),
                    tolerance=self.tolerance,
                    tokens_total=encoded.total,
                    notes=against.note(len(encoded.ids)),
                )
            )
        return panels

    def _request(
        self,
        classifier: Classifier,
        batch: EncodedBatch,
        row: int,
        scalars: Sequence[tuple[list[str], Target]],
        spec: BaselineSpec,
        run: Callable[[Tensor, Tensor, Tensor], Tensor],
    ) -> tuple[AttributionRequest, BaselineBatch]:
        ids, mask = classifier.batch([batch.encoded[row].ids])
        against = BaselineBatch.of(classifier, ids, mask, spec, run)
        targets = [scalar.rows([row]) for _, scalar in scalars]
        request = AttributionRequest(
            network=classifier.network,
            run=run,
            ids=ids,
            mask=mask,
            baseline_ids=against.ids,
            baseline_vectors=against.vectors,
            targets=targets,
            outputs=torch.stack([target.of(torch.from_numpy(batch.logits[[row]])) for target in targets]),
            difference=torch.zeros(len(targets), 1, dtype=torch.float64),
            tolerance=self.tolerance,
        )
        return request, against

    def _solve(self, request: AttributionRequest, text: str) -> tuple[Numbers, Numbers]:
        """(J, T, T) the index with what each token gives by itself on the diagonal; (J, T) what rows must sum to."""
        arguments, count = _arguments(request), request.ids.shape[1]
        if self.interactions == "integrated_hessians":
            self._check_length(count, text, "", self.max_tokens or count)
            matrices = integrated_hessians(*arguments)[:, 0].numpy()
            return matrices, integrated_gradients.attribute(*arguments).scores[:, 0].cpu().numpy()
        most = self.max_tokens or MOST_TOKENS
        if count > most:
            self._check_length(count, text, f", which take about {_duration(request)}", most)
        matrices = shapley_interactions(*arguments)[:, 0].numpy()
        alone, lost = _margins(request)
        places = np.arange(count)
        matrices[:, places, places] = alone
        return matrices, lost

    def _check_length(self, count: int, text: str, price: str, most: int) -> None:
        if count > most:
            raise InputError(
                f"the interactions of at most {most:,} tokens are computed, got {count:,}{price}, in the text "
                f"{shortened(text)!r}; give max_tokens={count}"
                + (", or interactions='integrated_hessians', which takes a moment" if price else "")
            )


def _margins(request: AttributionRequest) -> tuple[Numbers, Numbers]:
    """(J, T) each: what a token adds to the baseline, and what the text loses with the baseline in the token's place.

    Both are from the network's own forward pass, so that an error in the index, whose rows sum to the difference of the
    two, shows.
    """
    count = request.ids.shape[1]
    single_tokens = torch.eye(count, dtype=torch.bool, device=request.ids.device)
    none = torch.zeros_like(single_tokens[:1])
    keep = torch.cat((single_tokens, ~single_tokens, none, ~none))
    logits = request.logits(torch.zeros(len(keep), dtype=torch.int64, device=keep.device), keep)
    values = torch.stack([target.rows([0] * len(keep)).of(logits) for target in request.targets]).numpy()
    single, without, base, whole = np.split(values, [count, 2 * count, 2 * count + 1], axis=1)
    return single - base, whole - without


def _duration(request: AttributionRequest) -> str:
    """About how long the index takes here: a pass for each token, of which one is timed."""
    return duration(timed(lambda: shapley_values(*_arguments(request))) * request.ids.shape[1])


def _arguments(request: AttributionRequest) -> tuple[Any, Tensor, Tensor, Tensor, Sequence[Target]]:
    """What the closed forms are called with."""
    baseline = request.baseline if request.baseline_ids is None else request.baseline_ids
    return request.network, request.ids, request.mask, baseline, request.targets
