"""How much each token moved one output of the model."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.plurals import number_of
from attribkit.results.panels.arrays import ArrayEquality, MadeLater, check_tokens, freeze, frozen_array, nested
from attribkit.results.panels.band import Band
from attribkit.results.panels.criteria import PATH_TOLERANCE, failed, relative_error, relative_to_size
from attribkit.results.panels.passages import Passages, passages
from attribkit.results.panels.phrases import Phrase, Phrases
from attribkit.results.panels.subwords import Subwords
from attribkit.results.panels.text_windows import TextWindows
from attribkit.text.clauses import clause_starts, sentence_starts


@dataclass(frozen=True, eq=False)
class TokenScores(MadeLater, ArrayEquality):
    """How much each token moved one output of the model, in that output's unit.

    The scores are never rescaled; only a drawing scales its colours. A method with completeness has a verdict: whether
    the scores sum to F(text) − F(baseline). A sampled method has none, for its scores sum to it by construction or by
    chance; it has a spread instead: how far the scores would move with other draws.

    Attributes:
        starts: (T,) where each token begins in the original text, in characters, in reading order.
        ends: (T,) where it ends.
        tokens: (T,) the tokens as the model read them (lower-cased, say).
        scores: (T,) signed, in `unit`; positive speaks for `target`.
        known: (T,) False where the model's vocabulary lacks the token.
        unit: "log-odds", "logit" or "probability".
        target: the label explained, or "a − b" for why a and not b.
        method: the method's name, as `attribkit.explain` takes it.
        baseline: the baseline's name, or its text.
        steps: how often the network was evaluated: gradients computed, or changed texts run (0: none were needed).
        output_text: F(text), from the network's own forward pass.
        output_baseline: F(baseline), likewise.
        tolerance: the largest relative completeness error, and relative change between rules, that counts as converged.
        converged: whether every criterion was met; None for a method that does not promise completeness, or is sampled.
        tokens_total: tokens in the whole text; more than T if the text was truncated.
        notes: sentences a reader must know ("the baseline text was cut to 12 tokens").
        sentence_starts: (S,) the first token of each sentence, beginning with 0; empty if the text was not split. May
            be given as a function that returns it, which is called when it is first asked for.
        phrases: the windows that a CNN's filters chose; None for methods that do not know them. Likewise.
        band: the scores with other baselines; None if only one was asked for.
        rule_change: the largest change of a score between the last two quadrature rules, in `unit`; None for a method
            without such rules.
        path_error: the largest difference, between two points of the path, of the output's change and the integral of
            its gradients, in `unit`; None likewise.
        draws: how many random draws the scores were estimated from; 0 if everything was counted; None for a method that
            is never sampled.
        spread: (T,) in `unit`, how far the score of another run, with as many other draws, lies away in 95 % of cases:
            t · √2 · standard error (the repeatability limit of ISO 5725-6). The value that is estimated lies nearer.
            None for a method that is never sampled.
        subwords: the tokens as the model reads them, where it cuts words into parts; None where it does not.
        windows: what the windows of a text that is longer than the model reads say by themselves; None for any other.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: tuple[str, ...]
    scores: NDArray[np.float64]
    known: NDArray[np.bool_]
    unit: str
    target: str
    method: str
    baseline: str
    steps: int
    output_text: float
    output_baseline: float
    tolerance: float
    converged: bool | None
    tokens_total: int
    notes: tuple[str, ...] = ()
    sentence_starts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    phrases: Phrases | None = field(default_factory=lambda: None)
    band: Band | None = None
    rule_change: float | None = None
    path_error: float | None = None
    draws: int | None = None
    spread: NDArray[np.float64] | None = None
    subwords: Subwords | None = None
    windows: TextWindows | None = None

    kind = "token_scores"

    def __post_init__(self) -> None:
        freeze(self, starts=np.int64, ends=np.int64, scores=float, known=np.bool_, spread=float)
        if self.band is not None:
            object.__setattr__(self, "band", nested(Band, self.band))
        if self.subwords is not None:
            object.__setattr__(self, "subwords", nested(Subwords, self.subwords))
            if len(self.subwords.words) and int(self.subwords.words[-1]) >= len(self.tokens):
                raise InputError(f"the words of subwords must lie among the panel's {len(self.tokens)}")
        if self.windows is not None:
            object.__setattr__(self, "windows", nested(TextWindows, self.windows))
        object.__setattr__(self, "tokens", tuple(self.tokens))
        object.__setattr__(self, "notes", tuple(self.notes))
        check_tokens(self, "token scores", "scores")
        self._defer("sentence_starts", "phrases")
        for name in ("sentence_starts", "phrases"):
            if name in vars(self):
                object.__setattr__(self, name, self._made(name, vars(self)[name]))
        if self.band is not None and self.band.scores.shape[1] != len(self.tokens):
            raise InputError(
                f"the band needs a score for each of the {len(self.tokens)} tokens, got {self.band.scores.shape[1]}"
            )
        self._check_draws()
        if self.converged and self.relative_error > self.tolerance:
            raise InputError(
                f"`converged` must be False where the relative error {self.relative_error:.1e} exceeds the tolerance "
                f"{self.tolerance:g}"
            )

    def _made(self, name: str, value: Any) -> Any:
        if name == "sentence_starts":
            cuts = frozen_array(value, np.int64, name)
            if len(cuts) and (cuts[0] != 0 or np.any(np.diff(cuts) <= 0) or cuts[-1] >= len(self.tokens)):
                raise InputError("`sentence_starts` must begin with 0 and rise, below the number of tokens")
            return cuts
        phrases = None if value is None else nested(Phrases, value)
        if phrases is not None and np.any(phrases.lasts >= len(self.tokens)):
            raise InputError(f"the phrases' tokens must lie among the panel's {len(self.tokens)}")
        return phrases

    def _check_draws(self) -> None:
        if (self.draws is None) != (self.spread is None):
            raise InputError(
                "`draws` and `spread` belong together: give both, or neither for a method that never draws"
            )
        if self.spread is None:
            return
        if len(self.spread) != len(self.tokens) or np.any(self.spread < 0):
            raise InputError(f"`spread` must hold a number ≥ 0 for each of the {len(self.tokens)} tokens")
        if self.draws and self.converged is not None:
            raise InputError(
                "`converged` must be None where scores were drawn: that they sum to the output proves nothing"
            )

    @property
    def model_scores(self) -> NDArray[np.float64]:
        """The scores of the tokens as the model reads them: of the parts of words, where it cuts words into parts."""
        return self.scores if self.subwords is None else self.subwords.scores

    @property
    def total(self) -> float:
        """Σ scores, in `unit`."""
        return float(self.scores.sum())

    @property
    def completeness_error(self) -> float:
        """Σ scores − (F(text) − F(baseline)), in `unit`."""
        return self.total - (self.output_text - self.output_baseline)

    @property
    def relative_error(self) -> float:
        """|completeness error| / Σ|scores|, with 0/0 = 0."""
        return relative_error(self.scores, self.output_text - self.output_baseline)

    @property
    def relative_change(self) -> float | None:
        """The change between the last two rules / Σ|scores|, with 0/0 = 0; None for a method without rules."""
        return None if self.rule_change is None else relative_to_size(self.rule_change, self.scores)

    @property
    def relative_path_error(self) -> float | None:
        """The error along the path / Σ|scores|, with 0/0 = 0; None for a method without rules."""
        return None if self.path_error is None else relative_to_size(self.path_error, self.scores)

    @property
    def relative_spread(self) -> float | None:
        """Σ spread / Σ|scores|, with 0/0 = 0; None for a method that is never sampled."""
        if self.spread is None:
            return None
        with np.errstate(over="ignore"):
            return relative_to_size(float(self.spread.sum()), self.scores)

    @property
    def failed(self) -> tuple[str, ...]:
        """The criteria that were not met, of "completeness", "stability" and "path"; empty unless `converged` is False.

        Also empty if the numbers held do not tell: in a file of an older version, or for a difference.
        """
        errors = self.relative_error, self.relative_change, self.relative_path_error
        return failed(self.converged, *errors, self.tolerance)

    @property
    def sentence_totals(self) -> NDArray[np.float64]:
        """(S,) each sentence's score: the sum of its tokens' scores, in `unit`."""
        if not len(self.sentence_starts):
            return np.zeros(0)
        return np.add.reduceat(self.scores, self.sentence_starts)

    def passages(self, text: str) -> Passages:
        """The contiguous stretches of the text that carry the score, and those between them, in reading order.

        Args:
            text: what the panel's tokens are cut from.
        """
        sentences = self.sentence_starts
        if not len(sentences):
            sentences = sentence_starts(text, self.starts, self.ends)
        return passages(self.scores, sentences, clause_starts(text, self.starts, sentences))

    def strongest_phrases(self, count: int | None = None) -> list[Phrase]:
        """The windows with the largest scores, each with all filters that chose it taken together.

        Args:
            count: the most windows; None for all.

        Returns:
            the strongest first, and of equally strong ones the one that begins, then the one that ends, earlier; empty
            if no phrases are known.
        """
        if self.phrases is None:
            return []
        filter_phrases = self.phrases
        each, place = np.unique(
            np.stack((filter_phrases.firsts, filter_phrases.lasts), axis=1), axis=0, return_inverse=True
        )
        place = place.reshape(-1)
        scores = np.bincount(place, filter_phrases.scores, len(each))
        whole = np.abs(filter_phrases.scores).sum() or 1.0
        phrases = []
        for i in np.argsort(-np.abs(scores), kind="stable")[:count]:
            own = np.flatnonzero(place == i)
            own = own[np.argsort(-np.abs(filter_phrases.scores[own]), kind="stable")]
            first, last = each[i].tolist()
            phrases.append(
                Phrase(
                    first, last, scores[i].item(), float(scores[i] / whole), tuple(filter_phrases.filters[own].tolist())
                )
            )
        return phrases

    @property
    def truncated(self) -> bool:
        """Whether the model read only part of the text."""
        return self.tokens_total > len(self.tokens)

    @property
    def verdict(self) -> str:
        """One sentence on how far the scores can be trusted, with its numbers; printed on every picture."""
        if self.draws and self.spread is not None:
            with np.errstate(over="ignore"):
                mean = float(self.spread.mean()) if len(self.spread) else 0.0
            whole = _two_digits(100 * (self.relative_spread or 0.0))
            share = f"; in all {whole} % of Σ|scores|" if self.scores.any() else ""
            return f"sampled: {number_of(self.draws, 'draw')}, spread ± {_two_digits(mean)} (95 %) a token{share}"
        if self.converged is None:
            return f"{self.method} does not promise that scores sum to the model’s output"
        relative = "0" if self.relative_error == 0 else f"{self.relative_error:.1e}"
        if self.converged:
            return f"scores sum to the model’s output: relative error {relative} ≤ {self.tolerance:g}"
        missed, after = self.failed, f"after {number_of(self.steps, 'step')}"
        moves = f"by {self.relative_change:.1e} > {self.tolerance:g}" if "stability" in missed else ""
        if "completeness" in missed:
            error = f"relative error {relative} > {self.tolerance:g}"
            if not self.steps:
                return f"scores do not sum to the model’s output: {error}"
            also = f", and scores still move {moves}" if moves else ""
            return f"did not converge: {error}{also} {after}"
        if moves:
            return f"did not converge: scores sum to the model’s output, but still move {moves} {after}"
        if "path" in missed:
            limit = PATH_TOLERANCE * self.tolerance
            apart = f"{self.relative_path_error:.1e} > {limit:g}"
            sums = "scores sum to the model’s output at the end, but not along the path"
            return f"did not converge: {sums}: {apart} {after}"
        summed = f"relative error {relative} ≤ {self.tolerance:g}"
        return f"did not converge {after}, though scores sum to the model’s output: {summed}"


def _two_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.2g}"
