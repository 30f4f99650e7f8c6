"""The captions of every picture, each with one line on what it means."""

from dataclasses import dataclass
from enum import StrEnum

from attribkit.plurals import by_number, number_of
from attribkit.render.preparation.numbers import number, percent
from attribkit.render.preparation.prediction import detail, headline, true_words
from attribkit.render.preparation.scales import Scale
from attribkit.render.preparation.spans import empty_tokens
from attribkit.render.preparation.unicode import quoted, visible
from attribkit.results.panels import Phrase, Prediction, TokenScores

_UNITS = {
    "log-odds": "The natural logarithm of p / (1 − p) of the target: +0.69 doubles its odds, −0.69 halves them.",
    "logit": "The network's own output for the target, before it is turned into a probability.",
    "probability": "The target's probability: +0.1 means ten percentage points more.",
}


def sides(unit: str) -> tuple[str, str]:
    """What positive and negative scores do to the target, in a word each: of a number they raise and lower it."""
    return ("for", "against") if unit in _UNITS else ("raises", "lowers")


_ASIDE = {
    ("for", "against"): "positive scores speak for it, negative ones against it",
    ("raises", "lowers"): "positive scores raise the number, negative ones lower it",
}
_PREDICTED = {
    "multiclass": ("Predicted label", "The label the model finds likeliest, and its probability."),
    "multilabel": ("Predicted labels", "The labels to which the model gives a probability of 50 % or more."),
    "regression": ("Predicted value", "The model's number for the text."),
}
_BASELINES = {
    "pad": "What the text is compared with: the same text with every token replaced by padding, which says nothing.",
    "zero": "What the text is compared with: every token's vector set to zero.",
    "unk": "What the text is compared with: every token replaced by the mark for an unknown word.",
    "mean": "What the text is compared with: every token's vector set to the mean of the vocabulary.",
}
_BAND = "Each token’s band runs from its lowest to its highest score over these baselines."

_SPREAD = (
    "How far a score would move with as many other draws, in 95 % of cases; each token’s own is given with its score."
)
_DRAWN = (
    "Sum of scores − (F(text) − F(baseline)). It proves nothing of drawn scores: their fit or chance makes it small."
)

_FILTERS_NAMED = 3


@dataclass(frozen=True)
class Caption:
    """A figure beside a picture: its name, its value, and a sentence for readers who do not know the name."""

    name: str
    value: str
    meaning: str


class Tone(StrEnum):
    """How a verdict is coloured, and what its mark is called in a style sheet."""

    good = "good"
    bad = "bad"
    none = "none"


@dataclass(frozen=True)
class Verdict:
    """How far scores can be trusted, as every format prints it.

    Attributes:
        icon: ✓ they converged, ! they did not, ± they were sampled, – completeness was not promised.
        tone: good or bad; none without a verdict.
        words: the sentence with its numbers.
        short: the same in a few words, for an overview.
    """

    icon: str
    tone: Tone
    words: str
    short: str


def verdict_of(panel: TokenScores) -> Verdict:
    """The panel's verdict with its mark."""
    if panel.draws:
        return Verdict("±", Tone.none, panel.verdict, "sampled scores")
    if panel.converged is None:
        return Verdict("–", Tone.none, panel.verdict, "not promised to sum to the model’s output")
    if panel.converged:
        return Verdict("✓", Tone.good, panel.verdict, "scores sum to the model’s output")
    # without steps there is nothing that could have converged
    short = (
        "scores do not sum to the model’s output"
        if "completeness" in panel.failed and not panel.steps
        else "did not converge"
    )
    return Verdict("!", Tone.bad, panel.verdict, short)


def _size(panel: TokenScores) -> float:
    """The size at which outputs are printed: digits enough for the smallest of them, within a thousandth."""
    sizes = [abs(value) for value in (panel.output_text, panel.output_baseline, panel.total) if value]
    return max(min(sizes), max(sizes) / 1000) if sizes else 0.0


def equation(panel: TokenScores) -> str:
    """What completeness compares, with the panel's numbers."""
    size = _size(panel)
    text, baseline, total = (number(v, size) for v in (panel.output_text, panel.output_baseline, panel.total))
    change = number(panel.output_text - panel.output_baseline, size)
    return f"sum of scores {total}; F(text) − F(baseline) = {text} − ({baseline}) = {change}"


def in_sum(panel: TokenScores) -> str:
    """What the scores add up to, in words, beside the outputs that they explain; empty without such a promise."""
    if panel.converged is None or panel.draws:
        return ""
    size = _size(panel)
    text, baseline, total = (number(v, size) for v in (panel.output_text, panel.output_baseline, panel.total))
    return (
        f"All scores together are {total}: the output is {text} for the text and {baseline} for its baseline, "
        f"{quoted(panel.baseline)}."
    )


def tokens_read(panel: TokenScores) -> str:
    """How many tokens the model read, and of how many."""
    read = len(panel.tokens)
    if panel.truncated:
        return f"{read:,} of {panel.tokens_total:,}: the grey rest was not read"
    return f"all {read:,}" if read != 1 else "1, the whole text"


def _predicted(prediction: Prediction) -> list[Caption]:
    """What is predicted, and what is known."""
    name, meaning = _PREDICTED[prediction.task]
    shown = f"{visible(headline(prediction), one_line=True)} ({visible(detail(prediction), one_line=True)})"
    rows = [Caption(name, shown, meaning)]
    true = true_words(prediction)
    if true is not None:
        rows.append(Caption(name.replace("Predicted", "True"), visible(true, one_line=True), "The known answer."))
    return rows


def captions(panel: TokenScores, prediction: Prediction | None) -> list[Caption]:
    """The figures of one panel: the columns of captum's `visualize_text`, and what they left out."""
    size = _size(panel)
    rows = []
    if prediction is not None:
        rows += _predicted(prediction)
    target = visible(panel.target, one_line=True)
    others = [Caption("Baselines", visible(", ".join(panel.band.baselines), True), _BAND)] if panel.band else []
    steps = number_of(panel.steps, "step") if panel.steps else "no steps needed"
    error = f"{number(panel.completeness_error)} ({panel.relative_error:.1e} of the scores' size)"
    unit_meaning = _UNITS.get(panel.unit, "What the scores are measured in.")
    base_meaning = _BASELINES.get(panel.baseline, "What the text is compared with: another text, given by the user.")
    rows += [
        Caption("Target", target, f"What is explained: {_ASIDE[sides(panel.unit)]}."),
        Caption("Unit", panel.unit, unit_meaning),
        Caption("Baseline", visible(panel.baseline, one_line=True), base_meaning),
        *others,
        Caption(
            "Method", f"{panel.method}, {steps}", "How the change from the baseline is shared out over the tokens."
        ),
        Caption("F(text)", number(panel.output_text, size), "The model's output for the target, in the unit above."),
        Caption("F(baseline)", number(panel.output_baseline, size), "The same output for the baseline."),
        Caption(
            "Sum of scores",
            number(panel.total, size),
            "All scores added; completeness asks for F(text) − F(baseline).",
        ),
        Caption(
            "Completeness error",
            error,
            _DRAWN if panel.draws else "Sum of scores − (F(text) − F(baseline)), and its share of Σ|scores|.",
        ),
        *_stability(panel),
        Caption(
            "Verdict",
            panel.verdict,
            "How far the scores may be trusted."
            if panel.draws
            else "Whether the scores may be read as parts of one whole.",
        ),
        Caption("Tokens read", tokens_read(panel), "How much of the text the model saw."),
    ]
    return rows


def _stability(panel: TokenScores) -> list[Caption]:
    """How much the scores change: between quadrature rules, or between draws."""
    if panel.draws and panel.spread is not None and len(panel.spread):
        mean, most = (number(float(value), sign=False) for value in (panel.spread.mean(), panel.spread.max()))
        return [Caption("Spread of the draws", f"± {mean} in the mean, at most ± {most}", _SPREAD)]
    if panel.rule_change is None:
        return []
    shown = f"{number(panel.rule_change, sign=False)} ({panel.relative_change:.1e} of the scores' size)"
    rows = [
        Caption(
            "Change between rules", shown, "By how much a score moved at most between the last two quadrature rules."
        )
    ]
    if panel.path_error is not None:
        shown = f"{number(panel.path_error, sign=False)} ({panel.relative_path_error:.1e} of the scores' size)"
        meaning = "How far the output, between two points of the path, leaves the integral of its gradients at most."
        rows.append(Caption("Error along the path", shown, meaning))
    return rows


def caveats(panel: TokenScores, scale: Scale) -> list[str]:
    """Sentences a reader must know: the panel's own notes, and what the drawing itself leaves out."""
    sentences = [visible(note, one_line=True) for note in panel.notes]
    if not len(panel.tokens):
        sentences.append("there are no tokens to score")
    elif not panel.scores.any():
        sentences.append("every score is exactly 0")
    nowhere = empty_tokens(panel)
    if nowhere:
        share = number(float(panel.scores[nowhere].sum()), scale.limit)
        sentences.append(
            f"{number_of(len(nowhere), 'token stands', 'tokens stand')} for no character of the text, not drawn "
            f"(together {share})"
        )
    if panel.band is not None:
        pairs = zip(panel.band.baselines, panel.band.converged, strict=True)
        failed = ", ".join(quoted(name) for name, converged in pairs if converged is False)
        if failed:
            sentences.append(f"in the band the scores with the baseline {failed} did not converge")
    if scale.shared > 1:
        sentences.append(f"one colour scale for {scale.shared} panels: a paler one is a weaker one")
    return sentences


def chosen_by(phrase: Phrase) -> str:
    """A phrase's share of the scores of all phrases, and its filters: their numbers, or if many how many."""
    count = len(phrase.filters)
    if count > _FILTERS_NAMED:
        filters = f"{count:,} filters"
    else:
        filters = f"{by_number(count, 'filter', 'filters')} {', '.join(map(str, phrase.filters))}"
    return f"{percent(abs(phrase.share))} · {filters}"
