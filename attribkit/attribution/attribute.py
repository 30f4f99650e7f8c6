"""attribute(): the one way from encoded texts to the scores of their tokens."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.baseline_batch import BaselineBatch, BaselineSpec, answered_baselines, check_baselines
from attribkit.attribution.choice import MethodChoice, instead_of_exact
from attribkit.attribution.cnn.closed_form_check import declared
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.attribution.outputs import Output, Target, check_output
from attribkit.attribution.registry import CLOSED_FORM, METHODS, method_of
from attribkit.attribution.request import MAX_STEPS, AttributionRequest, MethodResult, check_max_steps
from attribkit.attribution.result import TokenAttribution, WindowsByText
from attribkit.attribution.targets import TargetName, scalars_of
from attribkit.attribution.text_length import check_max_tokens
from attribkit.attribution.ties import repeated_phrases, tied_windows
from attribkit.errors import InputError
from attribkit.models.adapters import notes_of
from attribkit.models.batch_dependence import dependence_notes
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.feeding import embedding_fed
from attribkit.models.other_inputs import held
from attribkit.models.smaller_pieces import smaller_pieces
from attribkit.models.state import eval_mode, preserve_state
from attribkit.text import batching

_SETTINGS = (
    "target",
    "output",
    "method",
    "baseline",
    "tolerance",
    "seed",
    "batch_size",
    "windows",
    "max_steps",
    "max_tokens",
    "tables",
)
Run = Callable[[Tensor, Tensor, Tensor], Tensor]
_TOKENS_AT_ONCE, _TOKENS_AT_ONCE_ON_A_GPU = 8_192, 131_072


def attribute(
    classifier: Classifier,
    batch: EncodedBatch,
    *,
    target: TargetName | None = None,
    output: str | None = None,
    method: str | None = None,
    baseline: str | Sequence[str] = "pad",
    tolerance: float = 1e-4,
    seed: int = 0,
    batch_size: int | None = None,
    windows: bool = False,
    max_steps: int | None = None,
    max_tokens: int | None = None,
    tables: Tables | None = None,
) -> Iterator[tuple[int, list[list[TokenAttribution]]]]:
    """Attribute the outputs of a classifier to the tokens of each text, for each target and against each baseline.

    The network is in evaluation mode until the last text is done, and exactly as before afterwards.

    Args:
        classifier: any classifier.
        batch: N texts with their tokens and logits.
        target: None for each text's likeliest class, a label, an `Index`, "all", "top5" or the like, or a pair for why
            this and not that.
        output: "log_odds", "logit" or "probability"; None for the log-odds, of a regression its number.
        method: a name in `attribkit.attribution.registry.METHODS`; None for the best that the network allows.
        baseline: "pad", "zero", "unk", "mean" or a text; or several of them.
        tolerance: the largest relative completeness error that counts as converged.
        seed: of the methods that are sampled; the same seed gives a text the same scores.
        batch_size: the most texts at once; None chooses by their length.
        windows: whether the windows that a text CNN's filters chose are returned too, for the first baseline.
        max_steps: the most gradients for a text whose scores do not converge with fewer; None for 4,000.
        max_tokens: the longest text whose "shapley" or "banzhaf" values are computed; None for 2,000.
        tables: lookup tables of the closed form, if they were built for all texts to come; None builds them for these.

    Yields:
        a text's number, and its attributions [target][baseline]; texts of similar length together, not in their order.

    Raises:
        TypeError: for a baseline that is no string and no list of strings.
        ValueError: for a setting out of its range; for a method that does not fit the network.
        RuntimeError: if the network's outputs for a baseline are NaN or infinite.

    Example:
        >>> import attribkit as ak
        >>> from attribkit.attribution.attribute import attribute
        >>> from attribkit.models.encoded_batch import EncodedBatch
        >>> model = ak.load("imdb-cnn")
        >>> ((row, [[scores]]),) = attribute(model, EncodedBatch.of(model, ["It was a horrible movie"]))
        >>> scores.method, scores.unit, scores.converged
        ('exact', 'log-odds', True)
    """
    if batch.also is not None:
        settings = (
            target,
            output,
            method,
            baseline,
            tolerance,
            seed,
            batch_size,
            windows,
            max_steps,
            max_tokens,
            tables,
        )
        yield from _text_by_text(classifier, batch, settings)
        return
    names = check_settings(output, method, baseline, tolerance)
    check_max_steps(max_steps)
    check_max_tokens(max_tokens)
    network = classifier.network
    choice = MethodChoice.of(method, network)
    names, notes = answered_baselines(classifier, names)
    if batch.encoded:
        notes += dependence_notes(classifier, batch.encoded[0].ids)
    choice = replace(choice, notes=(*choice.notes, *classifier.capabilities.notes, *notes))
    explained = Output.of(output, classifier.task, classifier.unit)
    targets = scalars_of(target, explained.scalar, classifier.labels, batch.logits)
    specs = [BaselineSpec.of(classifier, name) for name in names]
    chosen = METHODS[choice.method]
    if tables is None and chosen.tables:
        words = [spec.words.numpy() for spec in specs if spec.words is not None]
        others = np.concatenate([[classifier.tokenizer.pad_id], *words])
        tables = Tables.of_run(network, [text.ids for text in batch.encoded], others)
    run = embedding_fed(network)
    solver = _BatchSolver(
        classifier, batch, targets, specs, tolerance, seed, windows, max_steps, max_tokens, tables, run, explained.unit
    )
    lengths = [len(text.ids) for text in batch.encoded]
    equal = chosen.equal_lengths or classifier.capabilities.equal_lengths
    # the text CNN itself draws nothing, and no gradient is taken of it
    borrow = eval_mode if chosen.needs == CLOSED_FORM and declared(network) else preserve_state
    # a linear model's closed form runs nothing
    large = classifier.device.type == "cuda" or classifier.capabilities.closed_form == "linear"
    tokens = _TOKENS_AT_ONCE_ON_A_GPU if large else _TOKENS_AT_ONCE
    with borrow(network):
        for together in batching.by_length(lengths, batch_size, tokens=tokens, equal=equal):
            solve = partial(solver.solve, choice=choice)
            for rows, (attributions, agree) in smaller_pieces(together, solve, lengths, classifier.device):
                if agree.all():
                    yield from attributions
                    continue
                other = instead_of_exact(method, network)
                with preserve_state(network):
                    for group, way in ((rows[agree], choice), (rows[~agree], other)):
                        if len(group):
                            yield from solver.solve(group, way)[0]


def _text_by_text(
    classifier: Classifier, batch: EncodedBatch, settings: tuple[Any, ...]
) -> Iterator[tuple[int, list[list[TokenAttribution]]]]:
    """`attribute` for a network with other inputs: those of one text stand for all changed versions of it."""
    for row in range(len(batch.texts)):
        own = batch.also and batch.also.rows([row])
        with held(classifier.network, own, len(batch.encoded[row].ids)):
            alone = replace(batch.part(np.array([row])), also=None)
            for _, by_target in attribute(classifier.beside(own), alone, **dict(zip(_SETTINGS, settings, strict=True))):
                yield row, by_target


def check_settings(
    output: str | None, method: str | None, baseline: str | Sequence[str], tolerance: float
) -> tuple[str, ...]:
    """Refuse settings that `attribute` does not take, before anything is computed.

    Args:
        output: one of `attribkit.attribution.outputs.OUTPUTS`, or None.
        method: a method's name, or None.
        baseline: a baseline, or several.
        tolerance: above 0.

    Returns:
        the baselines' names or texts.

    Raises:
        TypeError: for a baseline that is no string and no list of strings.
        ValueError: for a setting out of its range.
    """
    check_output(output)
    if method is not None:
        method_of(method)
    if not 0 < tolerance < 1:
        raise InputError(f"`tolerance` must lie between 0 and 1, got {tolerance}; the default is 1e-4")
    return check_baselines(baseline)


@dataclass(frozen=True, eq=False)
class _BatchSolver:
    """What all batches of a run have in common."""

    classifier: Classifier
    batch: EncodedBatch
    targets: Sequence[tuple[list[str], Target]]
    baselines: Sequence[BaselineSpec]
    tolerance: float
    seed: int
    windows: bool
    max_steps: int | None
    max_tokens: int | None
    tables: Tables | None
    run: Run
    unit: str

    def solve(
        self, rows: NDArray[np.int64], choice: MethodChoice
    ) -> tuple[list[tuple[int, list[list[TokenAttribution]]]], NDArray[np.bool_]]:
        """One batch against each baseline, by the method chosen.

        Returns:
            each text's number and attributions [target][baseline], and (B,) whether the closed form, where it was used,
            is the network's.
        """
        classifier, device = self.classifier, self.classifier.device
        targets = [target.rows(rows) for _, target in self.targets]
        ids, mask = classifier.batch([self.batch.encoded[row].ids for row in rows])
        logits = torch.from_numpy(self.batch.logits[rows])
        outputs = torch.stack([target.of(logits) for target in targets])
        agree = np.ones(len(rows), dtype=bool)
        by_baseline: list[list[list[TokenAttribution]]] = []
        for spec in self.baselines:
            against = BaselineBatch.of(classifier, ids, mask, spec, self.run)
            bases = torch.stack([target.of(against.logits) for target in targets])
            request = AttributionRequest(
                network=classifier.network,
                run=self.run,
                ids=ids,
                mask=mask,
                baseline_ids=against.ids,
                baseline_vectors=against.vectors,
                targets=[target.to(device) for target in targets],
                outputs=outputs.to(device),
                difference=(outputs - bases).to(device),
                tolerance=self.tolerance,
                seed=self.seed,
                tables=self.tables,
                max_steps=MAX_STEPS if self.max_steps is None else self.max_steps,
                max_tokens=self.max_tokens,
                phrases=self.windows and not by_baseline,
                closed_form=choice.closed_form,
                logits_at_ends=torch.stack((against.logits, logits)),
            )
            result = METHODS[choice.method].solve(request)
            if result.agrees is not None:
                agree &= result.agrees.cpu().numpy()
            by_baseline.append(self._attributions(rows, choice, against, result, outputs.tolist(), bases.tolist()))
        by_text = [
            (row, [[table[number][place] for table in by_baseline] for number in range(len(targets))])
            for place, row in enumerate(rows.tolist())
        ]
        return by_text, agree

    def _ties(self, windows: WindowsByText | None, place: int, row: int) -> tuple[str, ...]:
        encoded = self.batch.encoded[row]
        if windows is not None and self.classifier.capabilities.closed_form == "convolution":
            return tied_windows(self.classifier.network, encoded, windows.of_text(0, place))
        return repeated_phrases(self.classifier, encoded)

    def _attributions(
        self,
        rows: NDArray[np.int64],
        choice: MethodChoice,
        against: BaselineBatch,
        result: MethodResult,
        outputs: list[list[float]],
        bases: list[list[float]],
    ) -> list[list[TokenAttribution]]:
        """[target][text] of a batch against one baseline; outputs and bases [target][text]."""
        scores, steps = result.scores.cpu().numpy(), result.steps.tolist()
        changes, path_errors, draws, spreads = (
            None if part is None else part.cpu().numpy()
            for part in (result.rule_change, result.path_error, result.draws, result.spread)
        )
        windows = None if result.phrases is None else WindowsByText.of(result.phrases, len(rows))
        lengths = [len(self.batch.encoded[row].ids) for row in rows]
        notes = [
            (
                *choice.notes,
                *result.notes,
                *result.text_notes[place : place + 1],
                *against.note(length),
                *notes_of(self.classifier.network, length),
                *self._ties(windows, place, int(rows[place])),
            )
            for place, length in enumerate(lengths)
        ]
        return [
            [
                TokenAttribution(
                    scores=scores[number, place, :length],
                    target=names[row],
                    unit=self.unit,
                    method=choice.method,
                    baseline=against.spec.name,
                    tolerance=self.tolerance,
                    output_text=outputs[number][place],
                    output_baseline=bases[number][place],
                    steps=steps[number][place],
                    converged=result.verdict(number, place),
                    rule_change=None if changes is None else float(changes[number, place]),
                    path_error=None if path_errors is None else float(path_errors[number, place]),
                    draws=None if draws is None else int(draws[place]),
                    spread=None if spreads is None else spreads[number, place, :length],
                    windows=None if windows is None else windows.of_text(number, place),
                    notes=notes[place],
                )
                for place, (row, length) in enumerate(zip(rows.tolist(), lengths, strict=True))
            ]
            for number, (names, _) in enumerate(self.targets)
        ]
