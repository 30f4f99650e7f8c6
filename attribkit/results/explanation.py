"""Explanation: a text, the prediction, and the panels that explain it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.errors import InputError, InputTypeError
from attribkit.render import terminal
from attribkit.render.preparation.provenance import reading_notes
from attribkit.results.content import checked_panels, checked_provenance
from attribkit.results.corpus_row import read_row
from attribkit.results.frames import NO_SCORES, frame
from attribkit.results.json_file import open_envelope, read, read_panels, result_json
from attribkit.results.panels import Panel, Prediction, TokenScores
from attribkit.results.panels.difference import difference
from attribkit.results.result import Result
from attribkit.results.sentences import explained, shortened


@dataclass(frozen=True, init=False, repr=False)
class Explanation(Result):
    """A text, the prediction, and the panels that explain it; it holds no tensor and no model, and never changes.

    Attributes:
        text: the user's own text, exactly as given.
        prediction: the model's probabilities for the text; None likewise.
        provenance: how it was made: model, settings, versions (strings, numbers, lists, mappings).

    Example:
        >>> import attribkit as ak
        >>> why = ak.explain(ak.load("imdb-cnn"), "It was a horrible movie")
        >>> why.label, why.token_scores.unit
        ('neg', 'log-odds')
        >>> why.to_frame().sort_values("score")["token"].iloc[-1]
        'horrible'
        >>> path = why.save("why.json")
        >>> ak.Explanation.load(path) == why
        True
    """

    text: str = field()
    prediction: Prediction | None = field()
    _panels: tuple[Panel, ...]
    provenance: Mapping[str, Any] = field()

    def __init__(
        self,
        text: str,
        prediction: Prediction | None,
        panels: Iterable[Panel],
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        """Put together what was computed.

        Args:
            text: the user's own text.
            prediction: the model's probabilities for the text, if there is one.
            panels: what is drawn, in order.
            provenance: how it was made, in what JSON can hold.

        Raises:
            TypeError: for a text that is no string, or a provenance that is no mapping.
            ValueError: for panels whose spans lie outside the text, or a provenance that JSON cannot hold.
        """
        if not isinstance(text, str):
            raise InputTypeError(
                f"`text` must be the text that is explained, got {type(text).__name__}; put panels of a whole set into "
                "attribkit.Panels"
            )
        panels = checked_panels(panels, text)
        content = checked_provenance(provenance)
        for name, value in (("text", text), ("prediction", prediction), ("_panels", panels), ("provenance", content)):
            object.__setattr__(self, name, value)

    def panels(self) -> tuple[Panel, ...]:
        """What is drawn, in order."""
        return self._panels

    @property
    def token_scores(self) -> TokenScores:
        """The first panel of token scores, with their unit, target and verdict.

        Raises:
            ValueError: if there is none.
        """
        for panel in self._panels:
            if isinstance(panel, TokenScores):
                return panel
        raise InputError(NO_SCORES)

    @property
    def scores(self) -> NDArray[np.float64]:
        """(T,) float64, how much each token moved the output, in its unit: the scores of `token_scores`."""
        return self.token_scores.scores

    @property
    def tokens(self) -> list[str]:
        """The T tokens that `scores` belong to, as written in the text."""
        panel = self.token_scores
        return [self.text[start:end] for start, end in zip(panel.starts, panel.ends, strict=True)]

    @property
    def label(self) -> str | None:
        """The label that the model predicts, of several that may hold the likeliest; None without a prediction.

        Of a regression it is the name of the number, which is in `value`.
        """
        return None if self.prediction is None else self.prediction.label

    @property
    def probability(self) -> float | None:
        """The predicted label's probability; None for a regression, and without a prediction."""
        return None if self.prediction is None else self.prediction.probability

    @property
    def value(self) -> float | None:
        """The number that a regression predicts, in its unit; None for labels."""
        return None if self.prediction is None else self.prediction.value

    def __sub__(self, other: "Explanation") -> "Explanation":
        """The scores of this explanation minus those of another one of the same text, token by token.

        Raises:
            ValueError: for another text, unit or target, or without token scores.
        """
        if not isinstance(other, Explanation):
            return NotImplemented
        if self.text != other.text:
            raise InputError("only explanations of the same text can be subtracted; explain one text twice")
        change = difference(self.token_scores, other.token_scores)
        same = self.prediction if self.prediction == other.prediction else None
        return Explanation(self.text, same, (change,), {"this": self.provenance, "minus": other.provenance})

    def to_frame(self, level: str = "token") -> pd.DataFrame:
        """The scores as a table: every target's rows under one another.

        Args:
            level: "token": one row per token, in reading order: token (as written in the text), start, end, score,
                unit, target, known; with several baselines, low and high; and, of a method that draws, spread: how far
                another run's score lies away in 95 % of cases. Of a model that cuts words into parts, one row per part,
                with the number of its word, and token as the model spells it.
                "word": the same of whole words, as `scores` and the pictures have them.
                "phrase": one row per window that a filter of a text CNN chose, strongest first: phrase (as written),
                start, end, filter (its place among the output layer's inputs), score, share (score / Σ|score| of the
                target's phrases, so that the shares' sizes sum to 1 and their signs remain), unit, target. Several
                filters may choose one window; together the scores are the sum of the tokens' scores.
                "sentence": one row per sentence, in reading order: sentence (as written), start, end, score (the sum of
                its tokens' scores), tokens (how many), unit, target.
                "window": one row per window of a text that is longer than a transformer reads: window (its number),
                start, end, tokens, answer (of the window alone), output, output_baseline, total, relative_error, steps,
                converged, verdict, unit, target;
                "passage": one row per passage, a contiguous stretch of sentences or clauses that carries the score, and
                one per stretch between them, in reading order: passage (as written), start, end, score (the sum of its
                tokens' scores, so that the rows add up), tokens (how many), speaks ("for" the target, "against" it, or
                "neither"), unit, target; results/panels/passages.py says how they are found.
                "pair": one row per pair of words that act together, of the view "interactions", the strongest first:
                word_a, start_a, end_a, word_b, start_b, end_b, value, index, unit, target.
                "text": one row, of the first target: text, label, probability, true_label, right, total (the sum of the
                scores), relative_error, relative_change (between the last two quadrature rules), converged, failed (the
                criteria that were not met: "completeness", "stability"), draws, relative_spread, tokens, method,
                baseline, unit, target.

        Raises:
            ValueError: for another level, for an explanation without token scores, or one that knows no phrases.
        """
        return frame(self, level)

    def to_json(self) -> str:
        """The explanation as JSON, which `from_json` reads back: panels and provenance, floats bit for bit."""
        return result_json("explanation", self)

    @staticmethod
    def from_json(text: str) -> "Explanation":
        """Read the JSON that `to_json` made.

        Raises:
            ValueError: for anything else, or for a file that was changed.
        """
        return Explanation.of_content(open_envelope(text, "explanation"))

    @staticmethod
    def from_row(row: Mapping[str, Any], text: str | None = None) -> "Explanation":
        """The explanation in one row of the result of `attribkit.explain_corpus`.

        Args:
            row: as pandas, polars, duckdb or Arrow give it: anything that has the columns by name.
            text: the row's text, if the run did not keep it.

        Returns:
            an explanation with the row's token scores.

        Raises:
            ValueError: for a row that was not explained, one without its text, or anything else.
        """
        return Explanation(*read_row(row, text))

    @staticmethod
    def load(path: str | Path) -> "Explanation":
        """Read a .json file that `save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: for a file that is not an explanation.
        """
        return Explanation.from_json(read(path))

    @staticmethod
    def of_content(content: Any) -> "Explanation":
        """One explanation of a JSON file that holds several results.

        Raises:
            ValueError: for anything else.
        """
        try:
            prediction = content["prediction"]
            if content["text"] is None:  # as results on a whole set were once saved
                raise InputError("the file holds panels without a text; load it with Panels.load, or save it anew")
            return Explanation(
                text=content["text"],
                prediction=None if prediction is None else Prediction(**prediction),
                panels=read_panels(content),
                provenance=content["provenance"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"the JSON is no explanation that this version can read ({error}); save it anew"
            ) from error

    def summary(self) -> str:
        """The prediction, how far the scores can be trusted, and the tokens that moved it most."""
        return explained(self)

    def __str__(self) -> str:
        """As it is printed: the prediction, the coloured line and the strongest words; colours in a terminal only."""
        return "\n".join([terminal.printed(self), *(f"– {note}" for note in reading_notes([self]))])

    def __repr__(self) -> str:
        kinds = ", ".join(panel.kind for panel in self._panels)
        label = self.prediction.label if self.prediction else None
        shown = shortened(self.text)
        return f"Explanation(text={shown!r}, label={label!r}, panels=[{kinds}])"
