"""attribute(): the one way from encoded texts to the scores of their tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import Any

import numpy as np

from attribkit.attribution.baseline_batch import BaselineSpec, answered_baselines, check_baselines
from attribkit.attribution.batch_solver import BatchSolver
from attribkit.attribution.choice import MethodChoice, instead_of_exact
from attribkit.attribution.cnn.closed_form_check import declared
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.attribution.outputs import Output, check_output
from attribkit.attribution.registry import CLOSED_FORM, METHODS, method_of
from attribkit.attribution.request import check_max_steps
from attribkit.attribution.result import TokenAttribution
from attribkit.attribution.targets import TargetName, scalars_of
from attribkit.attribution.text_length import check_max_tokens
from attribkit.errors import InputError
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
_TOKENS_AT_ONCE, _TOKENS_AT_ONCE_BY_TABLES, _TOKENS_AT_ONCE_ON_A_GPU = 8_192, 32_768, 131_072


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
    own = [BaselineSpec.of(classifier, name) for name in names]
    chosen = METHODS[choice.method]
    if tables is None and chosen.tables:
        words = [spec.words.numpy() for spec in own if spec.words is not None]
        others = np.concatenate([[classifier.tokenizer.pad_id], *words])
        tables = Tables.of_run(network, [text.ids for text in batch.encoded], others)
    run = embedding_fed(network)
    solver = BatchSolver(
        classifier, batch, targets, own, tolerance, seed, windows, max_steps, max_tokens, tables, run, explained.unit
    )
    lengths = [len(text.ids) for text in batch.encoded]
    equal = chosen.equal_lengths or classifier.capabilities.equal_lengths
    # the text CNN itself draws nothing, and no gradient is taken of it
    borrow = eval_mode if chosen.needs == CLOSED_FORM and declared(network) else preserve_state
    # a linear model's closed form runs nothing; a text CNN's divides a batch by itself
    large = classifier.device.type == "cuda" or classifier.capabilities.closed_form == "linear"
    small = _TOKENS_AT_ONCE_BY_TABLES if tables and chosen.needs == CLOSED_FORM else _TOKENS_AT_ONCE
    tokens = _TOKENS_AT_ONCE_ON_A_GPU if large else small
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
    if not isinstance(tolerance, Real) or not 0 < tolerance < 1:
        raise InputError(f"`tolerance` must lie between 0 and 1, got {tolerance!r}; the default is 1e-4")
    return check_baselines(baseline)
