"""Explanation quality: convergence, faithfulness, sanity checks and plausibility."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from attribkit.evaluation.faithfulness import Faithfulness, faithfulness
from attribkit.evaluation.plausibility import Plausibility, plausibility
from attribkit.evaluation.sanity import Sanity, sanity
from attribkit.models.classifier import Classifier
from attribkit.progress import Progress, silent
from attribkit.results.panels import Chart, Convergence, Figure, Group, Panel, Section

_SEARCHED, _JOLTED, _RANDOMISED = 20, 5, 20
"""Texts of the tests that take many runs of the network for each."""


@dataclass(frozen=True, eq=False)
class ExplanationTests:
    """Tests of the explanations of some texts; None for those that were not asked for or are not possible.

    Attributes:
        faithful: faithfulness, between random scores and the best possible removal.
        sane: sanity checks with randomised weights.
        plausible: agreement with the rationales of the data.
        missing: sentences on what was not possible.
    """

    faithful: Faithfulness | None = None
    sane: Sanity | None = None
    plausible: Plausibility | None = None
    missing: tuple[str, ...] = ()

    @staticmethod
    def of(
        model: Classifier,
        texts: Sequence[str],
        rows: pd.DataFrame | None,
        seed: int,
        batch_size: int | None,
        progress: Progress = silent,
    ) -> "ExplanationTests":
        """Run the tests on few texts, in a report's time; `rows` is the table of these very texts, if there is one."""
        if not texts:
            return ExplanationTests(missing=("Their faithfulness was not tested: give tested=100, or --tested 100.",))
        if model.task == "regression":
            why = "Faithfulness was not tested: it follows the probability of a label as words are taken away."
            randomised = texts[:_RANDOMISED] if model.capabilities.layers else []
            return ExplanationTests(
                sane=sanity(model, randomised, draws=1, seed=seed, progress=progress) if randomised else None,
                missing=(why,),
            )
        faithful = faithfulness(
            model,
            texts,
            removals=("delete",),
            oracle_texts=_SEARCHED,
            perturbed=_JOLTED,
            seed=seed,
            batch_size=batch_size,
            progress=progress,
        )
        can, missing = model.capabilities, []
        sane = sanity(model, texts[:_RANDOMISED], draws=1, seed=seed, progress=progress) if can.layers else None
        if sane is None:
            missing.append(f"Its weights were not randomised: that needs layers, and this {can.kind} has none.")
        plausible = None
        if rows is None or "rationale" not in rows:
            missing.append("The data has no column of known rationales to compare with.")
        else:
            plausible = plausibility(model, rows, seed=seed, split="all", progress=progress)
        return ExplanationTests(faithful, sane, plausible, tuple(missing))

    def over_random(self) -> tuple[float, float, float] | None:
        """The comprehensiveness above that of random scores: the mean, and its 95 % interval; None if not known."""
        if self.faithful is None:
            return None
        estimate = self.faithful.estimate("comprehensiveness", self.faithful.methods[0], over="random")
        return (estimate.mean, estimate.low, estimate.high) if estimate.known else None


def section(tests: ExplanationTests, convergence: Convergence) -> Section:
    """Convergence in a sentence, then faithfulness, sanity and plausibility as far as they were tested."""
    sentences = []
    over = tests.over_random()
    if over is not None and tests.faithful is not None:
        certain = "more than chance can do" if over[1] > 0 else "not more than chance can do"
        sentences.append(
            f"Deleting the words that the method “{tests.faithful.methods[0]}” calls important lowers the predicted "
            f"label’s probability by {over[0]:.3f} more than deleting random words (95 % interval {over[1]:.3f} to "
            f"{over[2]:.3f}): {certain}."
        )
    sentences.append(f"In counting words, {convergence.sentence}.")
    tested = [study for study in (tests.faithful, tests.sane, tests.plausible) if study is not None]
    panels: tuple[Panel, ...] = tuple(panel for study in tested for panel in study.panels())
    picture = tuple(panel for panel in panels if isinstance(panel, Chart))[:1]
    rest = tuple(panel for panel in panels if panel not in picture)
    head = ("explanation-quality", "Can the explanations be trusted?", "Can it be trusted")
    groups = (Group("Every measure, with its interval", rest),) if rest else ()
    return Section(*head, (*sentences, *tests.missing), picture, groups)


def figures(tests: ExplanationTests, convergence: Convergence) -> list[Figure]:
    """The figures at the top of the page."""
    figures = []
    if convergence.share is not None:
        value = f"{100 * convergence.share:.1f} %"
        figures.append(Figure("Scores sum to the output", value, "of the explanations, within their stated tolerance"))
    over = tests.over_random()
    if over is not None:
        value = f"{over[0]:+.3f}".replace("-", "−")
        figures.append(Figure("Faithfulness", value, "comprehensiveness, above that of random scores"))
    return figures
