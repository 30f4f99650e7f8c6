"""The view of token scores: how much each token moved the prediction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.attribution.attribute import attribute, check_settings
from attribkit.attribution.request import check_max_steps
from attribkit.attribution.result import TokenAttribution, WindowScores
from attribkit.attribution.targets import TargetName
from attribkit.attribution.text_length import check_max_tokens
from attribkit.errors import NetworkError
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.progress import Progress, silent
from attribkit.results.panels import Band, Phrases, Subwords, TokenScores, relative_error
from attribkit.text.clauses import sentence_starts
from attribkit.text.encoded import Encoded, shortened
from attribkit.text.joined_words import JoinedWords
from attribkit.views.text_windows import with_windows

_NO_CUTS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Attribution:
    """The score of each token. Call it with a classifier and the texts it has read.

    Attributes:
        target: None for each text's likeliest class, a label, an `Index`, "all", "top5" or the like, or a pair for why
            this and not that.
        output: "log_odds", "logit" or "probability"; None for the log-odds, of a regression its number.
        method: a name in `attribkit.attribution.registry.METHODS`, or None for the best the network allows.
        baseline: "pad", "zero", "unk", "mean", or a text; several of them for a band, the first the panel's own.
        tolerance: the largest relative completeness error that counts as converged.
        batch_size: the most texts at once; None chooses by their length.
        seed: of the methods that are sampled; the same seed gives a text the same scores.
        max_steps: the most gradients for a text whose scores do not converge with fewer; None for 4,000.
        max_tokens: the longest text whose "shapley" or "banzhaf" values are computed; None for 2,000.
        details: whether sentences and, if the method knows them, phrases are found too; they take a little time.
        progress: is called with the number of texts that are done.

    Raises:
        TypeError: for a baseline that is no string and no list of strings.
        ValueError: for a setting that is none of these; the sentence lists those that are.
    """

    target: TargetName | None = None
    output: str | None = None
    method: str | None = None
    baseline: str | Sequence[str] = "pad"
    tolerance: float = 1e-4
    batch_size: int | None = None
    seed: int = 0
    max_steps: int | None = None
    max_tokens: int | None = None
    details: bool = True
    progress: Progress = field(default=silent, repr=False, compare=False)

    needs = "a network whose `embedding` is an nn.Embedding"

    def __post_init__(self) -> None:
        names = check_settings(self.output, self.method, self.baseline, self.tolerance)
        check_max_steps(self.max_steps)
        check_max_tokens(self.max_tokens)
        object.__setattr__(self, "baseline", names[0] if len(names) == 1 else names)

    def supports(self, classifier: Classifier) -> bool:
        """Every classifier has the embedding that this view needs."""
        return True

    def _alike(self, panels: Sequence[TokenScores]) -> list["Attribution"]:
        """The view for each panel's target alone, without what takes longer."""
        pair = isinstance(self.target, (tuple, list))
        first = self.baseline if isinstance(self.baseline, str) else self.baseline[0]
        own = replace(self, baseline=first, details=False, progress=silent)
        return [own if pair else replace(own, target=panel.target) for panel in panels]

    def __call__(self, classifier: Classifier, batch: EncodedBatch) -> list[list[TokenScores]]:
        """For each text a panel per target; the model is left exactly as it was.

        Raises:
            RuntimeError: if scores are NaN or infinite; the sentence names the texts.
        """
        panels: list[list[TokenScores]] = [[] for _ in batch.texts]
        infinite: list[tuple[str, str]] = []
        in_windows = self.details and classifier.capabilities.long_texts.how == "windows"
        attributions = attribute(
            classifier,
            batch,
            target=self.target,
            output=self.output,
            method=self.method,
            baseline=self.baseline,
            tolerance=self.tolerance,
            seed=self.seed,
            batch_size=self.batch_size,
            max_steps=self.max_steps,
            max_tokens=self.max_tokens,
            windows=self.details,
        )
        for done, (row, by_target) in enumerate(attributions, 1):
            self.progress(done, len(batch.texts), f"attribution by {by_target[0][0].method}")
            text, encoded = batch.texts[row], batch.encoded[row]
            if not all(np.isfinite(part.scores).all() for against in by_target for part in against):
                infinite.append((text, by_target[0][0].method))
            elif not infinite:
                places = encoded if encoded.words is None else encoded.words
                cuts = partial(sentence_starts, text, places.starts, places.ends) if self.details else _NO_CUTS
                of_text = [_banded([_panel(part, encoded, cuts) for part in against]) for against in by_target]
                if in_windows:
                    of_text = with_windows(classifier, batch, row, of_text, self._alike(of_text))
                panels[row] = of_text
        _check_finite(infinite)
        return panels


def _panel(
    attribution: TokenAttribution, encoded: Encoded, cuts: NDArray[np.int64] | Callable[[], NDArray[np.int64]]
) -> TokenScores:
    values: dict[str, Any] = dict(vars(attribution))
    windows: WindowScores | None = values.pop("windows")
    values |= {"sentence_starts": cuts, "phrases": None if windows is None else partial(Phrases, *windows)}
    values |= {"starts": encoded.starts, "ends": encoded.ends, "tokens": encoded.tokens, "known": encoded.known}
    if encoded.words is not None:
        values |= _by_word(attribution, encoded, encoded.words)
    unread = encoded.total - len(encoded.ids)
    return TokenScores(tokens_total=len(values["tokens"]) + unread, **values)


def _by_word(attribution: TokenAttribution, encoded: Encoded, words: JoinedWords) -> dict[str, Any]:
    """The columns of a panel whose tokens are parts of words: a row per word, and the parts beside them."""
    scores, converged = words.summed(attribution.scores), attribution.converged
    if converged:  # parts of a word may cancel: then the same error weighs more
        change = attribution.output_text - attribution.output_baseline
        converged = relative_error(scores, change) <= attribution.tolerance
    return {
        "starts": words.starts,
        "ends": words.ends,
        "tokens": words.tokens,
        "known": words.every(encoded.known),
        "scores": scores,
        "converged": converged,
        # no more than if all parts moved together
        "spread": None if attribution.spread is None else words.summed(attribution.spread),
        "subwords": Subwords(
            encoded.starts, encoded.ends, encoded.tokens, words.word, attribution.scores, encoded.known
        ),
    }


def _check_finite(infinite: Sequence[tuple[str, str]]) -> None:
    """Refuse scores that are not finite: gradients can overflow though the outputs are finite."""
    if not infinite:
        return
    (text, method), *more = infinite
    named = f"the text {shortened(text)!r}" + (f" and {len(more):,} more" if more else "")
    raise NetworkError(
        f"the scores by {method!r} are NaN or infinite for {named}, for the network's gradients or "
        f"its outputs for changed texts are; leave {'them' if more else 'it'} out, or take another method"
    )


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
        tuple(panel.baseline for panel in several),
        np.stack([panel.scores for panel in several]),
        tuple(panel.converged for panel in several),
    )
    return replace(own, band=band, notes=(*own.notes, *dict.fromkeys(notes)))
