"""The first view: how much each token moved the prediction, by layer integrated gradients on the embedding."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit import batches
from attribkit.attribution import baselines
from attribkit.attribution.outputs import UNITS, Target
from attribkit.classifier import Classifier
from attribkit.panels import TokenScores
from attribkit.text import Encoded
from attribkit.views.borrow import borrowed, embedding_fed
from attribkit.views.engines import ENGINES, Problem, choose, tables_of_run

TargetName = str | int | tuple[str | int, str | int]


@dataclass(frozen=True)
class Attribution:
    """Settings of the view; call it with a classifier and encoded texts.

    Attributes:
        target: None for each text's predicted class, a label, an index, "all", or a pair for why this and not that.
        output: "log_odds", "logit" or "probability".
        method: one of `attribkit.views.engines.ENGINES`, or None for the best the network allows.
        baseline: "pad", "zero", "unk", "mean", or a text.
        tolerance: largest relative completeness error that counts as converged.
        batch_size: most texts at once; None chooses by length.
        seed: of the methods that draw; the same seed gives a text the same scores.

    Raises:
        ValueError: for a setting that is none of these; the sentence lists those that are.
    """

    target: TargetName | None = None
    output: str = "log_odds"
    method: str | None = None
    baseline: str = "pad"
    tolerance: float = 1e-4
    batch_size: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.output not in UNITS:
            raise ValueError(f"`output` must be one of {', '.join(UNITS)}, got {self.output!r}")
        if self.method is not None and self.method not in ENGINES:
            raise ValueError(f"`method` must be one of {', '.join(ENGINES)}, got {self.method!r}")
        if not 0 < self.tolerance < 1:
            raise ValueError(f"`tolerance` must lie between 0 and 1, got {self.tolerance}; the default is 1e-4")
        if not isinstance(self.baseline, str):
            raise TypeError(f"`baseline` must be a name or a text, got {type(self.baseline).__name__}")
        near = get_close_matches(self.baseline, baselines.NAMES, n=1, cutoff=0.7)
        if near and self.baseline != near[0]:
            raise ValueError(
                f"`baseline` must be one of {', '.join(baselines.NAMES)} or a text, got {self.baseline!r}; "
                f"did you mean {near[0]!r}?"
            )

    def __call__(
        self, classifier: Classifier, encoded: Sequence[Encoded], logits: NDArray[np.float64]
    ) -> list[list[TokenScores]]:
        """For each text a panel per target.

        Args:
            classifier: the model, given back as it was found.
            encoded: the texts' tokens.
            logits: (N, C), what the network said of them.
        """
        method = choose(self.method, classifier.network)
        targets = _targets(self.target, self.output, classifier.labels, logits)
        panels: list[list[TokenScores]] = [[] for _ in encoded]
        equal = method == "captum" or getattr(classifier.network, "equal_lengths", False)
        lengths = [len(one.ids) for one in encoded]
        tables = tables_of_run(method, classifier.network, [one.ids for one in encoded])
        with borrowed(classifier.network), embedding_fed(classifier.network) as run:
            for rows in batches.by_length(lengths, self.batch_size, tokens=8_192, equal=equal):
                some = [encoded[row] for row in rows]
                ids, mask = classifier.batch([one.ids for one in some])
                compared = _Compared.with_baseline(classifier, ids, mask, self.baseline, run)
                scalars = [target.rows(rows) for _, target in targets]
                outputs = torch.stack([scalar.of(torch.from_numpy(logits[rows])) for scalar in scalars])
                bases = torch.stack([scalar.of(compared.logits) for scalar in scalars])
                problem = Problem(
                    network=classifier.network,
                    run=run,
                    ids=ids,
                    mask=mask,
                    baseline_ids=compared.ids,
                    baseline=compared.embedded,
                    targets=[scalar.to(classifier.device) for scalar in scalars],
                    outputs=outputs.to(classifier.device),
                    difference=(outputs - bases).to(classifier.device),
                    tolerance=self.tolerance,
                    seed=self.seed,
                    tables=tables,
                )
                solution = ENGINES[method](problem)
                for place, row in enumerate(rows):
                    one = encoded[row]
                    panels[row] = [
                        TokenScores(
                            starts=one.starts,
                            ends=one.ends,
                            tokens=one.tokens,
                            scores=solution.scores[number, place, : len(one.ids)].cpu().numpy(),
                            known=one.known,
                            unit=UNITS[self.output],
                            target=names[row],
                            method=method,
                            baseline=self.baseline,
                            steps=int(solution.steps[number, place]),
                            output_text=float(outputs[number, place]),
                            output_baseline=float(bases[number, place]),
                            tolerance=self.tolerance,
                            converged=None if solution.converged is None else bool(solution.converged[number, place]),
                            tokens_total=one.total,
                            notes=(*solution.notes, *_length_note(compared.length, len(one.ids))),
                        )
                        for number, (names, _) in enumerate(targets)
                    ]
        return panels


@dataclass(frozen=True, eq=False)
class _Compared:
    """What a batch of texts is compared with.

    Attributes:
        ids: (B, T), or None where the baseline is no sequence of tokens.
        embedded: (B, T, E).
        logits: (B, C) float64, on the processor.
        length: tokens of the baseline text, None if the baseline is no text.
    """

    ids: Tensor | None
    embedded: Tensor
    logits: Tensor
    length: int | None

    @staticmethod
    def with_baseline(classifier: Classifier, ids: Tensor, mask: Tensor, baseline: str, run: Any) -> "_Compared":
        network, tokenizer = classifier.network, classifier.tokenizer
        name, words = baseline, None
        if baseline not in baselines.NAMES:
            name, words = "text", torch.from_numpy(classifier.encode([baseline])[0].ids)
        arguments = (mask, tokenizer.pad_id, tokenizer.unk_id, words)
        tokens = baselines.ids(name, *arguments)
        embedded = baselines.embedded(name, network.embedding.weight.detach(), *arguments)
        with torch.no_grad():
            # by the network's own forward pass, never by an engine's shortcut: the check must be able to fail
            logits = network(tokens, mask) if tokens is not None else run(embedded, ids, mask)
        return _Compared(tokens, embedded, logits.double().cpu(), None if words is None else len(words))


def _length_note(given: int | None, wanted: int) -> tuple[str, ...]:
    if given is None or given == wanted:
        return ()
    if given > wanted:
        return (f"the baseline text was cut from {given} to the text's {wanted} tokens",)
    return (f"the baseline text's {given} tokens were filled with PAD to the text's {wanted}",)


def _targets(
    target: TargetName | None, output: str, labels: tuple[str, ...], logits: NDArray[np.float64]
) -> list[tuple[list[str], Target]]:
    """Each target asked for: its name for each text, and the scalars themselves."""
    count = len(logits)

    def same(index: int, against: int | None = None) -> tuple[list[str], Target]:
        name = labels[index] if against is None else f"{labels[index]} − {labels[against]}"
        pair = None if against is None else torch.full((count,), against)
        return [name] * count, Target(output, torch.full((count,), index), pair)

    if target is None:
        best = logits.argmax(1)
        return [([labels[i] for i in best], Target(output, torch.from_numpy(best)))]
    if target == "all" and "all" not in labels:
        return [same(index) for index in range(len(labels))]
    if isinstance(target, (tuple, list)):
        if len(target) != 2:
            raise ValueError(f"a pair of two labels was expected as `target`, got {len(target)} of them")
        index, against = (find_label(one, labels) for one in target)
        if index == against:
            raise ValueError(f"a pair of two different labels was expected as `target`, got {labels[index]!r} twice")
        return [same(index, against)]
    return [same(find_label(target, labels))]


def find_label(target: str | int, labels: tuple[str, ...]) -> int:
    """The number of a label given by its name or, if it is no name, by its index.

    Raises: ValueError that lists the labels and suggests the near one.
    """
    if isinstance(target, str) and target in labels:
        return labels.index(target)
    if isinstance(target, (int, np.integer)) and not isinstance(target, bool) and 0 <= target < len(labels):
        return int(target)
    if isinstance(target, str) and target.isdecimal() and int(target) < len(labels):
        return int(target)
    near = get_close_matches(str(target), labels, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(
        f"`target` must be one of the labels {', '.join(labels)}, an index below {len(labels)}, 'all' or a pair, got "
        f"{target!r}{hint}"
    )
