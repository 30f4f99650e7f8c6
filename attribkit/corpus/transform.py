"""From a window to a part: each row's prediction and scores as an Arrow table."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from traceback import walk_tb
from typing import Any

import numpy as np
import pyarrow as pa

from attribkit.attribution.attribute import attribute, check_settings
from attribkit.attribution.baseline_batch import BaselineSpec
from attribkit.attribution.choice import choose
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.attribution.label_index import Index
from attribkit.attribution.outputs import Output
from attribkit.attribution.registry import METHODS
from attribkit.attribution.request import check_max_steps
from attribkit.attribution.targets import scalars_of
from attribkit.corpus.job import Settings
from attribkit.corpus.schema import Explained, table_of
from attribkit.errors import AttribkitError, InputError, InputTypeError, TooLongError, ran_out
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.logits import NOT_FINITE, probabilities
from attribkit.plurals import number_of
from attribkit.text.encode import read_each
from attribkit.text.encoded import Encoded
from attribkit.text.text_pair import SEPARATOR, SINGLE

Tokens = Mapping[int, Encoded | TooLongError]
"""Of rows of a window by their place: their tokens, or why the model does not take them."""


@dataclass
class Transform:
    """Explains windows with one classifier; call it with a window's table.

    Attributes:
        classifier: the model that explains.
        settings: how it explains.
        tables: of the closed form, built once; None where there is none.
    """

    classifier: Classifier
    settings: Settings
    tables: Tables | None = field(init=False)

    def __post_init__(self) -> None:
        settings, network = self.settings, self.classifier.network
        if settings.target == "all":
            raise InputError("a corpus run explains one target per text, got target='all'; run it once for each label")
        if not isinstance(settings.baseline, str):
            raise InputTypeError("a corpus run has one `baseline`, a name or a text; run it once for each")
        check_max_steps(settings.max_steps)
        check_settings(settings.output, settings.method, settings.baseline, settings.tolerance)
        method = METHODS[choose(settings.method, network)]
        self.tables = Tables.of_run(network, None) if method.tables else None

    def check(self) -> None:
        """Refuse a target, a method or a baseline that this classifier does not have, before anything is computed."""
        labels = self.classifier.labels
        output = Output.of(self.settings.output, self.classifier.task, self.classifier.unit)
        scalars_of(_target(self.settings), output.scalar, labels, np.zeros((1, len(labels))))
        choose(self.settings.method, self.classifier.network)
        BaselineSpec.of(self.classifier, self.settings.baseline)

    def encoded(self, window: pa.Table) -> Tokens:
        """The tokens of each row that can be read, or why the model takes them not, by the row's place."""
        texts, status = (window[name].to_pylist() for name in ("text", "status"))
        return self._tokens([row for row, fault in enumerate(status) if fault is None], texts)

    def __call__(self, window: pa.Table, slices: int = 1, encoded: Tokens | None = None) -> pa.Table:
        """A row of `SCHEMA` for each row of the window, in order; a row that failed says why.

        Args:
            window: rows of the corpus.
            slices: how many slices the window is explained in, one after the other; more need less memory.
            encoded: what `encoded` gave for it; None to encode each slice when its turn comes.
        """
        texts, status, reason = (window[name].to_pylist() for name in ("text", "status", "reason"))
        explained: dict[int, Explained] = {}
        good = [row for row, fault in enumerate(status) if fault is None]
        size = max(1, -(-len(good) // slices))
        for first in range(0, len(good), size):
            rows = good[first : first + size]
            tokens = self._tokens(rows, texts) if encoded is None else {row: encoded[row] for row in rows}
            for row, outcome in self._explained(tokens, texts):
                if isinstance(outcome, Explained):
                    explained[row], status[row] = outcome, "ok"
                else:
                    status[row], reason[row] = outcome
        model = self.classifier
        if model.task == "multilabel":
            window = self._with_lists(window)
        return table_of(window, status, reason, explained, model.labels, self.settings, model.task)

    def _with_lists(self, window: pa.Table) -> pa.Table:
        """The window with true labels as JSON lists; null where nothing tells what parts a string."""
        parting = self.classifier.provenance.get("split", {}).get("label_separator")
        labels = [listed_labels(cell, parting, self.classifier.labels) for cell in window["true_label"].to_pylist()]
        place = window.column_names.index("true_label")
        return window.set_column(place, "true_label", pa.array(labels, pa.string()))

    def _tokens(self, rows: Sequence[int], texts: Sequence[str]) -> Tokens:
        return dict(zip(rows, read_each(self.classifier.tokenizer.encode, [texts[row] for row in rows]), strict=True))

    def _explained(self, tokens: Tokens, texts: Sequence[str]) -> Iterator[tuple[int, Explained | tuple[str, str]]]:
        """Each row with its evidence, or with the status and reason of its failure."""
        encoded: dict[int, Encoded] = {}
        for row, entry in tokens.items():
            if isinstance(entry, TooLongError):
                yield row, ("too long", str(entry))
            elif SEPARATOR in texts[row] and not self.classifier.reads_pairs:
                yield row, ("not text", SINGLE)
            elif len(entry.ids):
                encoded[row] = entry
            else:
                yield row, ("no token", "the tokenizer found no token in the text")
        yield from self._solved(list(encoded), texts, encoded)

    def _solved(
        self, rows: Sequence[int], texts: Sequence[str], encoded: Mapping[int, Encoded]
    ) -> Iterator[tuple[int, Explained | tuple[str, str]]]:
        """All rows at once; if that fails, for lack of memory or because of one bad text, each half by itself."""
        if not rows:
            return
        try:
            outcomes = self._together([texts[row] for row in rows], [encoded[row] for row in rows])
        except Exception as error:
            if not (ran_out(error) or isinstance(error, (AttribkitError, _NotFinite)) or _of_network(error)):
                raise  # a fault of this package is no row's
            if len(rows) == 1:
                yield rows[0], ("failed", _sentence(error, len(encoded[rows[0]].ids)))
                return
            middle = len(rows) // 2
            yield from self._solved(rows[:middle], texts, encoded)
            yield from self._solved(rows[middle:], texts, encoded)
        else:
            yield from zip(rows, outcomes, strict=True)

    def _together(self, texts: Sequence[str], encoded: Sequence[Encoded]) -> list[Explained | tuple[str, str]]:
        logits = self.classifier.logits([entry.ids for entry in encoded])
        if not np.isfinite(logits).all():
            if len(texts) > 1:
                raise _NotFinite
            return [("failed", NOT_FINITE)]
        regression = self.classifier.task == "regression"
        shares = logits[:, :0] if regression else probabilities(logits, self.classifier.task)
        settings = self.settings
        explained: dict[int, Explained | tuple[str, str]] = {}
        for row, ((attribution,),) in attribute(
            self.classifier,
            EncodedBatch(tuple(texts), tuple(encoded), logits),
            target=_target(settings),
            output=settings.output,
            method=settings.method,
            baseline=settings.baseline,
            tolerance=settings.tolerance,
            max_steps=settings.max_steps,
            tables=self.tables,
        ):
            if np.isfinite(attribution.scores).all():
                explained[row] = Explained(encoded[row], shares[row], attribution)
            else:
                explained[row] = ("failed", "the network's gradient for it is NaN or infinite")
        return [explained[row] for row in range(len(texts))]


def _target(settings: Settings) -> Any:
    """As `attribute` takes it: from JSON a pair comes as a list, an `Index` as what `asdict` makes of it."""
    if isinstance(settings.target, (list, tuple)):
        return tuple(_label(part) for part in settings.target)
    return _label(settings.target)


def _label(part: Any) -> Any:
    return Index(**part) if isinstance(part, Mapping) else part


def listed_labels(cell: str | None, separator: str | None, known: Sequence[str]) -> str | None:
    """Several labels in a cell as a JSON list: one already, parted by a separator, or a single label of the model's."""
    if cell is None or cell.startswith("["):
        return cell
    if separator is None and cell not in known:
        return None
    names = [cell] if separator is None else [name.strip() for name in cell.split(separator)]
    return json.dumps([name for name in names if name], ensure_ascii=False)


class _NotFinite(Exception):
    """Some outputs of several texts are not finite: each is to be looked at by itself."""


def _of_network(error: Exception) -> bool:
    """Whether an error was raised in the forward pass of a network that was made elsewhere."""
    frames = (frame for frame, _ in walk_tb(error.__traceback__) if frame.f_code.co_name == "forward")
    return any(str(frame.f_globals.get("__name__")).partition(".")[0] not in ("attribkit", "torch") for frame in frames)


def _sentence(error: Exception, tokens: int) -> str:
    """Why a row failed, in one line."""
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    if ran_out(error):
        return f"a text of {number_of(tokens, 'token')} needs more memory than there is ({reason})"
    return f"{type(error).__name__}: {reason}"
