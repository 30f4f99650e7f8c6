"""A batch of texts through a method: its request, and its results as one record a text, target and baseline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.baseline_batch import BaselineBatch, BaselineSpec
from attribkit.attribution.choice import MethodChoice
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.attribution.outputs import Target
from attribkit.attribution.registry import METHODS
from attribkit.attribution.request import MAX_STEPS, AttributionRequest, MethodResult
from attribkit.attribution.result import TokenAttribution, WindowsByText
from attribkit.attribution.ties import repeated_phrases, tied_windows
from attribkit.models.adapters import notes_of
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.text.encoded import Encoded

Run = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class BatchSolver:
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

    def _ties(self, windows: WindowsByText | None, texts: Sequence[Encoded]) -> list[tuple[str, ...]]:
        if windows is not None and self.classifier.capabilities.closed_form == "convolution":
            return tied_windows(self.classifier.network, texts, windows)
        return [repeated_phrases(self.classifier, text) for text in texts]

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
        texts = [self.batch.encoded[row] for row in rows]
        lengths = [len(text.ids) for text in texts]
        ties = self._ties(windows, texts)
        notes = [
            (
                *choice.notes,
                *result.notes,
                *result.text_notes[place : place + 1],
                *against.note(length),
                *notes_of(self.classifier.network, length),
                *self.classifier.capabilities.long_texts.note(length, self.batch.encoded[rows[place]].total),
                *ties[place],
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
