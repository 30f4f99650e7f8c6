"""What word_importance() gives: every word and phrase with its mean score, as tables and as a page."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from attribkit.errors import InputError
from attribkit.evaluation.importance.tables import Importance, overview, word_tables
from attribkit.plurals import by_number, number_of
from attribkit.results.panels import Convergence, Document, Group, Section, Table
from attribkit.results.result import Result
from attribkit.task import Task

_NAMED, _NAMED_WORDS = 5, 3
"""Labels of which a summary speaks, and words that it names for each."""


@dataclass(frozen=True, eq=False, repr=False)
class WordImportance(Result):
    """The words and phrases that matter most for each class.

    Attributes:
        labels: (C,) the classes.
        words: one row for each class and word, over the texts that count for the class: `label`, `word`, `score` (the
            mean of its scores in the log-odds of that class, over its occurrences), `low` and `high` (its 95 %
            bootstrap interval over texts), `occurrences`, `texts`, `share_for` and `share_against` (the shares of its
            occurrences that speak for the class and against it), `when_for` and `when_against` (its mean score there),
            `example` (a place where its score is about its mean), `example_for` and `example_against` (the places where
            it speaks most for and against). For each class the words that most surely speak for it come first, and
            those that most surely speak against it last.
        phrases: likewise for runs of two and three words: `label`, `phrase`, `score`, `low`, `high`, `occurrences`,
            `texts`, `alone` (the sum of its words' means, wherever they occur), `tells` (whether its mean exceeds each
            of its parts') and `example`.
        one_sided: words that speak for a class and hardly occur in the training texts of others, or that speak against
            it and hardly occur in its own: `label`, `word`, `score`, `texts`, `inside` and `outside` (training texts of
            that class and of the others that hold it). A name or a number there is a shortcut; an opinion is none. None
            without training texts.
        texts: how many texts were explained.
        tokens: how many tokens they have.
        unknown: the share of the tokens that the model does not know; they are in no row.
        counted: how many of the texts count for each class, by its label: those that the model predicts as it, of two
            classes all.
        convergence: how many of the texts' explanations converged.
        notes: sentences a reader must know.
        provenance: how it was made.
        task: of the model.
        unit: of the scores.
    """

    about = "Important words of a model"
    heading = "Words that decide"
    writes_csv = True

    labels: tuple[str, ...]
    words: pd.DataFrame
    phrases: pd.DataFrame
    one_sided: pd.DataFrame | None
    texts: int
    tokens: int
    unknown: float
    counted: Mapping[str, int]
    convergence: Convergence
    notes: tuple[str, ...]
    provenance: Mapping[str, Any] = field()
    task: Task = "multiclass"
    unit: str = "log-odds"

    def to_frame(self, what: str = "words") -> pd.DataFrame:
        """One of the tables, with `convergence` in its `attrs`.

        Args:
            what: "words", "phrases" or "one_sided".

        Raises:
            ValueError: for another name, or for "one_sided" if no training texts were given.
        """
        if what not in ("words", "phrases", "one_sided"):
            raise InputError(f"`what` must be 'words', 'phrases' or 'one_sided', got {what!r}")
        table = getattr(self, what)
        if table is None:
            raise InputError("one-sided words need the texts the model was trained on; give them as `train`")
        table.attrs["convergence"] = self.convergence.to_json()
        return table

    def panels(self, most: int = 20) -> tuple[Table, ...]:
        """The first `most` of each table: words and phrases by class, context-dependent words, one-sided words.

        The first of them says in its notes what was counted, and how many explanations converged.

        Raises:
            ValueError: for fewer than one row.
        """
        if most < 1:
            raise InputError(f"`most` must be at least 1 row of each table, got {most}")
        tables = word_tables(
            Importance(self.labels, self.words, self.phrases, self.one_sided, self.task, self.unit), most
        )
        notes = (*self.notes, self.convergence.sentence)
        return tuple(replace(table, notes=(*table.notes, *notes)) for table in tables[:1]) + tables[1:]

    @property
    def overview(self) -> Table:
        """A row for each label, those of most texts first: the words that most surely speak for it."""
        return overview(self.labels, self.words, self.counted)

    def by_label(self, most: int = 20) -> dict[str, tuple[Table, ...]]:
        """The tables of each label, as `panels` has them; of two labels what concerns both stands with the second.

        Labels for which a word surely speaks come first.

        Raises:
            ValueError: for fewer than one row.
        """
        tables = self.panels(most)
        quoted = {label: f"“{label}”" for label in self.labels}
        order = sorted(self.labels, key=lambda label: not len(self._sure(label)))
        return {label: tuple(t for t in tables if quoted[label] in t.title) for label in order}

    def as_document(self) -> Document | None:
        """Of more than two labels, the first words of each and the tables of the one that a reader picks."""
        if len(self.labels) <= 2:
            return None
        groups = tuple(Group(label, tables) for label, tables in self.by_label().items() if tables)
        every = Section("labels", "Which words speak most surely for each label?", "Each label", (), (self.overview,))
        own = Section(
            "words",
            "Which words speak for a label, and which against it?",
            "One label",
            () if groups else ("No word occurs in enough texts to be counted.",),
            groups=groups,
            picked="Words of the label",
        )
        model, data = self.provenance.get("model"), self.provenance.get("data")
        known = [f"{name} {value}" for name, value in (("model", model), ("data", data)) if value]
        return Document(
            self.heading,
            (self.answer() or "",),
            (),
            (every, own),
            provenance=self.provenance,
            kind=self.about,
            facts=(*known, number_of(self.texts, "text")),
        )

    def to_csv(self) -> str:
        """Every word and phrase, more than `panels` draws."""
        rows = pd.concat([self.words, self.phrases.rename(columns={"phrase": "word"})], ignore_index=True)
        return str(rows.to_csv(index=False))

    @property
    def _share(self) -> str:
        """In what, in words."""
        return f"in the number ({self.unit})" if self.task == "regression" else "in the log-odds of a class"

    def answer(self) -> str | None:
        """The words by which the model decides, of the first labels."""
        if self.task == "regression":
            return super().answer()
        named = self.reasons()
        if not named:
            return f"No word surely moves the model in {number_of(self.texts, 'text')}."
        rest, without = len(named) - _NAMED, len(self.labels) - len(named)
        counts = (
            f"{number_of(rest, 'more label has', 'more labels have')} words below" if rest > 0 else "",
            f"{without:,} of {number_of(len(self.labels), 'label')} {by_number(without, 'has', 'have')} no word that "
            "surely speaks for them"
            if without
            else "",
        )
        first = f"In {number_of(self.texts, 'text')} {self.provenance.get('model') or 'the model'} says"
        return f"{first} {'; '.join([*named[:_NAMED], *filter(None, counts)])}."

    def reasons(self) -> list[str]:
        """Of each label for which words surely speak a clause that names them, as "“neg” mainly because of “dull”".

        Of many labels those come first whose words speak most surely.
        """
        sure = {label: self._sure(label) for label in self.labels}
        known = [label for label, words in sure.items() if len(words)]
        if len(known) > _NAMED:
            known.sort(key=lambda label: -float(sure[label]["low"].max()))
        return [
            f"“{label}” mainly because of {', '.join(f'“{word}”' for word in sure[label]['word'])}" for label in known
        ]

    def _sure(self, label: str) -> pd.DataFrame:
        """The first words that surely speak for a label."""
        return self.words[(self.words["label"] == label) & (self.words["low"] > 0)].head(_NAMED_WORDS)

    def summary(self) -> str:
        """The words that speak for each class most surely, with their intervals; how many explanations converged."""
        lines = [
            f"{number_of(self.words['word'].nunique(), 'word')} and "
            f"{number_of(self.phrases['phrase'].nunique(), 'phrase')} in "
            f"{number_of(self.texts, 'text')}; a word's score is its mean share {self._share}"
        ]
        for label in self.labels[:_NAMED]:
            own = self._sure(label)
            words = (
                f"{row.word} {row.score:+.2f} (95 % interval {row.low:.2f} to {row.high:.2f})"
                for row in own.itertuples()
            )
            lines.append(f"for {label}: {', '.join(words) or 'no word surely'}")
        if len(self.labels) > _NAMED:
            lines.append(f"… and {number_of(len(self.labels) - _NAMED, 'more label')}")
        return "\n".join([*lines, self.convergence.sentence])
