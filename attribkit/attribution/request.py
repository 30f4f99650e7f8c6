"""What every method is given and what it gives back: some texts, what they are compared with, and their scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from attribkit.attribution.cnn.filters import Filters, geometry_fault
from attribkit.attribution.cnn.integrated_gradients import Phrases
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.attribution.outputs import Target
from attribkit.errors import InputError
from attribkit.models.capabilities import Capabilities, capabilities_of

MAX_STEPS = 4_000
"""Gradients for a text, at most, where fewer do not make its scores converge."""

TOKENS_AT_ONCE = 16_384
"""Tokens that are run through the network together where nothing is kept for a backward pass."""


def check_max_steps(max_steps: int | None) -> None:
    """Check the limit on the gradients of one text.

    Raises:
        InputError: if it is no whole number, or less than the 7 of the smallest rule that is judged by another.
    """
    if max_steps is not None and (not isinstance(max_steps, Integral) or max_steps < 7):
        raise InputError(f"`max_steps` must be at least 7, got {max_steps!r}; give a whole number, or None")


@dataclass(frozen=True, eq=False)
class AttributionRequest:
    """What a method gets: texts, their baselines, and the scalars to attribute; all on the network's device.

    Attributes:
        network: keeps the contract of `attribkit.models.Network`; in evaluation mode.
        run: (embedded (N, T, E), ids (N, T), mask (N, T)) → logits (N, C), the network fed with embeddings.
        ids: (B, T) int64, the texts' token ids.
        mask: (B, T) bool, True for tokens of the text.
        baseline_ids: (B, T), or None if the baseline is no sequence of tokens.
        baseline_vectors: (B, T, E) if the baseline is no sequence of tokens, else None.
        targets: J scalars.
        outputs: (J, B) float64, F(text), from the network's own forward pass.
        difference: (J, B) float64, F(text) − F(baseline), from the network's own forward pass.
        tolerance: the largest relative completeness error that counts as converged.
        seed: of the methods that are sampled; a text gets the same draws alone and among others.
        tables: lookup tables of the closed form, for all texts of the run.
        max_steps: the most gradients for a text whose scores do not converge with fewer.
        max_tokens: the longest text for methods whose time grows fast with it; None for their own limit.
        phrases: whether to return the phrases too, if the method knows them.
        closed_form: False if the network is not the text CNN that its modules make it look like.
        logits_at_ends: (2, B, C) float64, of the baselines and of the texts, from the network's own forward pass; None
            if they are not known.
    """

    network: Any
    run: Callable[[Tensor, Tensor, Tensor], Tensor]
    ids: Tensor
    mask: Tensor
    baseline_ids: Tensor | None
    baseline_vectors: Tensor | None
    targets: Sequence[Target]
    outputs: Tensor
    difference: Tensor
    tolerance: float
    seed: int = 0
    max_steps: int = MAX_STEPS
    tables: Tables | None = None
    max_tokens: int | None = None
    phrases: bool = False
    closed_form: bool = True
    logits_at_ends: Tensor | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What the network declares that it can do."""
        return capabilities_of(self.network)

    @cached_property
    def filters(self) -> Filters | None:
        """The filters of a text CNN; None for any other network."""
        return Filters.of(self.network) if self.closed_form and geometry_fault(self.network) is None else None

    @cached_property
    def embedded(self) -> Tensor:
        """(B, T, E), the texts, zero at padding."""
        vectors: Tensor = self.network.embedding(self.ids).detach() * self.mask.unsqueeze(2)
        return vectors

    @cached_property
    def baseline(self) -> Tensor:
        """(B, T, E), the baselines, zero at padding."""
        if self.baseline_vectors is not None:
            return self.baseline_vectors
        vectors: Tensor = self.network.embedding.weight.detach()[self.baseline_ids] * self.mask.unsqueeze(2)
        return vectors

    @cached_property
    def moved(self) -> Tensor:
        """(B, T) bool: the real tokens whose embedding is not the baseline's; no other token can have a part.

        Where words pass through no embedding layer, those whose id is not the baseline's.
        """
        if self.network.embedding is None:
            return (self.ids != self.baseline_ids) & self.mask
        return (self.embedded != self.baseline).any(2) & self.mask

    def text(self, row: int) -> "AttributionRequest":
        """One of the texts by itself, without padding."""
        row_slice, length = slice(row, row + 1), int(self.mask[row].sum())
        return AttributionRequest(
            self.network,
            self.run,
            self.ids[row_slice, :length],
            self.mask[row_slice, :length],
            None if self.baseline_ids is None else self.baseline_ids[row_slice, :length],
            None if self.baseline_vectors is None else self.baseline_vectors[row_slice, :length],
            [target.rows([row]) for target in self.targets],
            self.outputs[:, row_slice],
            self.difference[:, row_slice],
            self.tolerance,
            self.seed,
            max_steps=self.max_steps,
            max_tokens=self.max_tokens,
            closed_form=self.closed_form,
            logits_at_ends=None if self.logits_at_ends is None else self.logits_at_ends[:, row_slice],
        )

    @torch.no_grad()
    def logits(self, rows: Tensor, keep: Tensor) -> Tensor:
        """Logits (N, C) float64, on the processor, of texts with all but some tokens replaced by the baseline's.

        The replaced tokens keep their places, so no text becomes shorter.

        Args:
            rows: (N,) the texts' numbers.
            keep: (N, T) bool, the tokens that are kept.
        """
        parts = []
        for chunk, present in zip(*(part.split(self.rows_at_once) for part in (rows, keep)), strict=True):
            mask, ids = self.mask[chunk], self.ids[chunk]
            if self.baseline_ids is not None:
                logits = self.network(torch.where(present, ids, self.baseline_ids[chunk]), mask)
            else:
                points = torch.where(present.unsqueeze(2), self.embedded[chunk], self.baseline[chunk])
                logits = self.run(points, ids, mask)
            parts.append(logits.cpu().double())
        return torch.cat(parts)

    @property
    def rows_at_once(self) -> int:
        """How many texts go through the network together."""
        return max(1, TOKENS_AT_ONCE // self.ids.shape[1])


@dataclass(frozen=True, eq=False)
class MethodResult:
    """What a method returns.

    Attributes:
        scores: (J, B, T) float64, exactly 0 at padding.
        steps: (J, B) int64, how often the network was evaluated: gradients for methods that use gradients, outputs of
            changed texts for those that change texts.
        converged: (J, B) bool, whether every criterion was met; None for a method that does not promise completeness.
            For sampled scores it does not count: see `verdict`.
        notes: what a reader of the scores must know.
        phrases: the windows that a text CNN's filters chose; None for a method that does not know them.
        rule_change: (J, B) float64, the largest change of a score between the last two quadrature rules; None for a
            method without them.
        path_error: (J, B) float64, the largest difference, between two points of the path, of the output's change and
            the integral of the gradients; None likewise.
        draws: (B,) int64, random draws; 0 for a text whose scores were computed from all cases; None for a method that
            is never sampled.
        spread: (J, B, T) float64, how far another run's scores lie away in 95 % of cases; None likewise.
        text_notes: what a reader must know of each text's scores; empty if there is nothing.
        agrees: (B,) bool, whether the closed form used is the network's for these texts; None if none was used.
    """

    scores: Tensor
    steps: Tensor
    converged: Tensor | None
    notes: tuple[str, ...] = ()
    phrases: Phrases | None = None
    agrees: Tensor | None = None
    rule_change: Tensor | None = None
    path_error: Tensor | None = None
    draws: Tensor | None = None
    spread: Tensor | None = None
    text_notes: Sequence[str] = ()

    def verdict(self, target: int, text: int) -> bool | None:
        """Whether one text's scores converged; None if completeness is not promised, or the scores were sampled.

        Sampled scores sum to the change because they were fitted to, or by chance; that says nothing about any of them.
        """
        if self.converged is None or (self.draws is not None and bool(self.draws[text])):
            return None
        return bool(self.converged[target, text])


def adds_up(request: AttributionRequest, scores: Tensor) -> Tensor:
    """(J, B) bool: |Σ scores − difference| ≤ tolerance · Σ|scores|."""
    error = (scores.sum(2) - request.difference.to(scores.device)).abs()
    return error <= request.tolerance * scores.abs().sum(2)


def one_by_one(
    request: AttributionRequest, solve: Callable[[AttributionRequest], tuple[Tensor, int]]
) -> tuple[Tensor, Tensor]:
    """Scores (J, B, T) and steps (J, B) of a method that takes one text, without padding, to (J, T) and a number."""
    scores = torch.zeros(len(request.targets), *request.ids.shape, dtype=torch.float64)
    steps = torch.zeros(scores.shape[:2], dtype=torch.int64)
    for row in range(len(request.ids)):
        text = request.text(row)
        row_scores, steps[:, row] = solve(text)
        scores[:, row, : text.ids.shape[1]] = row_scores
    return scores, steps
