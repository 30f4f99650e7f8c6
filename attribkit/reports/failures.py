"""Where the model fails: kinds of mistakes with their cures, what they share, the smallest edits."""

from dataclasses import dataclass

from attribkit.evaluation.answers import Answers
from attribkit.evaluation.errors import explained_mistakes, mistakes
from attribkit.evaluation.failures import (
    Edit,
    confused_cells,
    edits_table,
    kinds_of_mistakes,
    kinds_table,
    smallest_edit,
)
from attribkit.evaluation.failures.kinds import Kind
from attribkit.models.classifier import Classifier
from attribkit.plurals import number_of
from attribkit.progress import Progress
from attribkit.reports.by_task import errors_section
from attribkit.reports.performance import NO_LABELS
from attribkit.results.explanations import Explanations
from attribkit.results.panels import Group, Section

FEW = 12
"""Labels up to which the surest mistakes are shown; of more labels those of each can be chosen."""

_EXPLAINED = 200
"""Mistakes whose words are compared, beside those that are shown."""


@dataclass(frozen=True, eq=False)
class Failures:
    """A model's mistakes on a labelled set.

    Attributes:
        kinds: the kind of each of them.
        explained: explanations of the surest.
        edits: the smallest edit of each of the first of these.
    """

    kinds: list[Kind]
    explained: Explanations
    edits: list[Edit | None]

    @staticmethod
    def of(model: Classifier, answers: Answers, most: int, batch_size: int | None, progress: Progress) -> "Failures":
        """Sort and explain the mistakes; nothing without labels, and no explanation if none is asked for."""
        if not len(answers.labelled) or not mistakes(answers):
            return Failures([], Explanations(), [])
        if model.task != "multiclass":
            return Failures([], explained_mistakes(model, answers, most, batch_size=batch_size, progress=progress), [])
        kinds, _ = kinds_of_mistakes(model, answers)
        if not most:
            return Failures(kinds, Explanations(), [])
        explained = explained_mistakes(model, answers, max(most, _EXPLAINED), batch_size=batch_size, progress=progress)
        edits = [smallest_edit(model, row.text, row.token_scores) for row in explained[:most]]
        return Failures(kinds, explained, edits)


def failures_section(answers: Answers, failures: Failures, most: int) -> Section:
    """Kinds of mistakes, what is taken for what, and the most confident mistakes with their token scores."""
    head = ("failures", "Where does it fail?", "Where it fails")
    if answers.task != "multiclass":
        return errors_section(answers, failures.explained, len(mistakes(answers)))
    if not len(answers.labelled):
        return Section(*head, (NO_LABELS,))
    wrong = len(failures.kinds)
    if not wrong:
        return Section(*head, ("It made no mistake on these texts.",))
    kinds = kinds_table(failures.kinds, answers)
    if not most:
        return Section(*head, (f"It was wrong on {number_of(wrong, 'text')}; none was asked to be shown.",), (kinds,))
    many = len(answers.labels) > FEW
    rows = failures.explained[: None if many else most]
    sentence = f"It was wrong on {number_of(wrong, 'text')}. Here are the {len(rows)} on which it was surest"
    if len(rows) == 1:
        sentence = f"It was wrong on {number_of(wrong, 'text')}. Here is the one on which it was surest"
    panels = (kinds, confused_cells(answers, failures.explained, failures.kinds))
    edits = edits_table(list(zip(rows, failures.edits, strict=False)))
    groups = (Group("What would change these answers: the smallest edits", (edits,)),)
    says = f"{sentence}: the coloured words made it say what it said."
    return Section(*head, (says,), panels, groups, rows=tuple(rows), search=many)
