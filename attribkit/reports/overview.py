"""The overview: the model, the data, and the rows that could not be used."""

import hashlib
from collections import Counter

import numpy as np

from attribkit.evaluation.answers import Answers
from attribkit.models.classifier import Classifier
from attribkit.plurals import by_number, number_of
from attribkit.reports.by_task import what_it_gives
from attribkit.results.panels import Group, Section, Table

_LISTED = 20


def overview_section(model: Classifier, answers: Answers, source: str) -> Section:
    """Model and data with their fingerprints; rows left out are counted and the first of them listed."""
    used = (
        f"{len(answers.texts):,} of {number_of(answers.given, 'row')} {by_number(len(answers.texts), 'was', 'were')} "
        "read."
    )
    sentences = [f"{what_it_gives(model)} {used}"]
    if answers.unknown_labels:
        named = ", ".join(f"“{name}” ({number_of(rows, 'row')})" for name, rows in answers.unknown_labels[:5])
        sentences.append(
            f"The data has labels that the model does not know: {named}. Those rows are explained, but counted neither "
            "as right nor as wrong."
        )
    groups = [Group("The model", (_model_table(model),)), Group("The data", (_data_table(answers, source),))]
    if answers.skipped:
        groups.append(Group("Rows that could not be used", (_skipped_table(answers),)))
    head = ("overview", "What model, and what data?", "Model and data")
    return Section(*head, tuple(sentences), groups=tuple(groups))


def fingerprint_of(answers: Answers) -> str:
    """A hash of the texts read and of their true labels, in order."""
    digest = hashlib.blake2b(digest_size=16)
    for text, truth in zip(answers.texts, answers.truth.tolist(), strict=True):
        content = text.encode()
        known = truth.to_bytes(8, "big", signed=True) if answers.task == "multiclass" else repr(truth).encode()
        digest.update(len(content).to_bytes(8, "big") + content + known)
    return digest.hexdigest()


def _model_table(model: Classifier) -> Table:
    data = model.provenance.get("data", {})
    trained = data.get("name") or data.get("source")
    rows = [
        ("name", model.name),
        ("network", type(model.network).__name__),
        ("parameters", f"{sum(p.numel() for p in model.network.parameters()):,}"),
        ("labels", ", ".join(model.labels)),
        (
            "trained on",
            f"{trained}, fingerprint {data['fingerprint']}" if trained and "fingerprint" in data else trained,
        ),
        ("fingerprint of all that its answers depend on", model.fingerprint()),
    ]
    return Table("The model", ("what", "value"), tuple(row for row in rows if row[1]))


def _data_table(answers: Answers, source: str) -> Table:
    truth = _counts(answers)
    lengths = [len(ids) for ids in answers.ids]
    rows: list[tuple[str, str]] = [
        ("name", source),
        ("rows given", f"{answers.given:,}"),
        ("texts read", f"{len(answers.texts):,}"),
        ("tokens in a text", f"{min(lengths):,} to {max(lengths):,}, on average {sum(lengths) / len(lengths):,.0f}"),
        *((f"texts labelled “{name}”", f"{truth[place]:,}") for place, name in enumerate(answers.labels) if truth),
        ("texts without a label that the model knows", f"{len(answers.texts) - len(answers.labelled):,}"),
        ("fingerprint of texts and labels", fingerprint_of(answers)),
    ]
    return Table("The data", ("what", "value"), tuple(rows), answers.notes)


def _counts(answers: Answers) -> Counter[int]:
    """Texts of each label, by its place; of a regression none."""
    known = answers.truth[answers.labelled]
    if answers.task == "regression":
        return Counter()
    return Counter(np.nonzero(known)[1].tolist() if answers.task == "multilabel" else known.tolist())


def _skipped_table(answers: Answers) -> Table:
    counts = Counter(reason for _, reason in answers.skipped)
    counted = "; ".join(f"{reason}: {count:,}" for reason, count in counts.most_common(5))
    more = len(answers.skipped) - _LISTED
    notes = [counted, *([f"the first {_LISTED} are listed, {more:,} more are not"] if more > 0 else [])]
    rows = tuple((row, reason) for row, reason in answers.skipped[:_LISTED])
    return Table("Rows that could not be used", ("row, from 0", "why"), rows, tuple(notes))
