"""The view of a network's other inputs: the scores of those that it embeds, the text held fixed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from attribkit.attribution.baselines import NAMES
from attribkit.attribution.targets import TargetName
from attribkit.models.classifier import Classifier
from attribkit.models.embedded_inputs import embedded_inputs
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.progress import Progress, silent
from attribkit.results.panels import Bar, Table, TokenScores
from attribkit.views.attribution import Attribution


@dataclass(frozen=True)
class Inputs:
    """The scores of each other input that passes through an embedding layer: a second text, characters, categories.

    Each moves from its own baseline while the text and the remaining inputs stay as they are, so that its scores sum to
    what this input changes. A baseline that is a text is the text's; the other inputs then start from padding.

    Attributes:
        target: as in `Attribution`.
        output: as in `Attribution`.
        method: as in `Attribution`.
        baseline: as in `Attribution`; of several the first.
        tolerance: as in `Attribution`.
        batch_size: as in `Attribution`.
        seed: as in `Attribution`.
        max_steps: as in `Attribution`.
        max_tokens: as in `Attribution`.
        progress: is called with the number of texts that are done.
    """

    target: TargetName | None = None
    output: str = "log_odds"
    method: str | None = None
    baseline: str | Sequence[str] = "pad"
    tolerance: float = 1e-4
    batch_size: int | None = None
    seed: int = 0
    max_steps: int | None = None
    max_tokens: int | None = None
    progress: Progress = field(default=silent, repr=False, compare=False)

    needs = "a network with other inputs than the text, as Adapted(network, also=…) names them"

    def supports(self, classifier: Classifier) -> bool:
        """Whether the network has other inputs."""
        return bool(classifier.other_inputs)

    def __call__(self, classifier: Classifier, batch: EncodedBatch) -> list[list[Table]]:
        """For each text a table per embedded input and target; the model is left exactly as it was."""
        settings = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "progress"}
        first = self.baseline if isinstance(self.baseline, str) else self.baseline[0]
        scored = Attribution(**settings | {"details": False, "baseline": first if first in NAMES else "pad"})
        tables: list[list[Table]] = []
        for row in range(len(batch.texts)):
            tables.append([])
            for name, (of_input, own) in embedded_inputs(classifier, batch, row).items():
                real = own.encoded[0].ids != of_input.network.pad_id
                (panels,) = scored(of_input, own)
                tables[row] += [_table(name, panel, real.tolist()) for panel in panels]
            self.progress(row + 1, len(batch.texts), "other inputs")
        return tables


def _table(name: str, panel: TokenScores, real: Sequence[bool]) -> Table:
    rows = [
        pair for pair, shown in zip(zip(panel.tokens, panel.scores.tolist(), strict=True), real, strict=True) if shown
    ]
    return Table(
        f"How much each part of the input {name!r} moved the {panel.unit} of {panel.target}",
        (name, panel.unit),
        tuple(rows),
        (panel.verdict, *panel.notes),
        tuple(Bar(score) for _, score in rows),
    )
