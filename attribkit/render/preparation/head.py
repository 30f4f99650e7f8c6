"""The head of a page or picture: what it is, of which model and data, made when, and a sentence that answers."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from attribkit.plurals import by_number, number_of
from attribkit.render.preparation.captions import Tone, verdict_of
from attribkit.render.preparation.numbers import number, percent
from attribkit.render.preparation.prediction import headline, why
from attribkit.render.preparation.ranking import strongest
from attribkit.render.preparation.spans import words
from attribkit.render.preparation.unicode import quoted, shorten, visible
from attribkit.results.panels import Drawable, TokenScores

_TARGETS = 3  # labels that a title names
NAMED = 3
"""Words that the sentence names."""


@dataclass(frozen=True)
class Head:
    """The head of a page.

    Attributes:
        kind: what the page is, in a few words.
        title: the question, or what is shown.
        lead: one sentence that answers it; empty where nothing is known.
        facts: the model, the data, the number of texts, the day it was made.
    """

    kind: str
    title: str
    lead: str
    facts: tuple[str, ...]


def head(
    drawables: Sequence[Drawable], title: str | None = None, lead: str | None = None, kind: str | None = None
) -> Head:
    """The head of a page of these; a title, a lead and a kind that are given stand for those that would be made."""
    explained = [drawable for drawable in drawables if drawable.text is not None]
    single = len(drawables) == 1
    usual = "Explanation of a prediction" if single else "Explanations of predictions"
    return Head(
        kind or (usual if explained else "Result of attribkit"),
        visible(title or _title(drawables), one_line=True),
        visible(lead or (_answer(drawables[0]) if single else count(explained)), one_line=True),
        tuple(facts(drawables)),
    )


def today() -> date:
    """The day on which pages are made; $SOURCE_DATE_EPOCH, where it is set, makes them the same on any day."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch), UTC).date() if epoch.isdigit() else date.today()


def made_on() -> str:
    """That day in words."""
    day = today()
    return f"{day.day} {day:%B %Y}"


def panel_title(drawable: Drawable) -> str | None:
    """The title of the first panel that has one."""
    return next((panel.title for panel in drawable.panels() if not isinstance(panel, TokenScores)), None)


def _title(drawables: Sequence[Drawable]) -> str:
    if len(drawables) != 1:
        about = panel_title(drawables[0]) if drawables and drawables[0].text is None else None
        return (
            f"{about}; {number_of(len(drawables) - 1, 'text')} explained"
            if about
            else f"{number_of(len(drawables), 'text')} explained"
        )
    prediction = drawables[0].prediction
    if prediction and prediction.task == "multilabel" and (targets := _targets(drawables[0])):
        more = f" and {len(targets) - _TARGETS} more" if len(targets) > _TARGETS else ""
        return f"Why {', '.join(map(quoted, targets[:_TARGETS]))}{more}?"
    if prediction:
        return f"Why {why(prediction)}?"
    return panel_title(drawables[0]) or "Explanation"


def _targets(drawable: Drawable) -> list[str]:
    """What is explained: of several labels one need not be predicted."""
    return list(dict.fromkeys(panel.target for panel in drawable.panels() if isinstance(panel, TokenScores)))


def _model(drawable: Drawable) -> str:
    return str(drawable.provenance.get("model") or "the model")


def _answer(drawable: Drawable) -> str:
    """What the model says of one text, and which words moved it most."""
    prediction = drawable.prediction
    if prediction is None or drawable.text is None:
        return ""
    panels = [panel for panel in drawable.panels() if isinstance(panel, TokenScores)]
    panel = next((panel for panel in panels if panel.target == prediction.label), panels[0] if panels else None)
    if prediction.task == "multiclass" and prediction.probability is not None:
        answer = f"{_model(drawable)} finds {quoted(prediction.label)} {percent(prediction.probability)} likely"
    else:
        several = prediction.task == "multilabel"
        answer = f"{_model(drawable)} predicts {headline(prediction) if several else why(prediction)}"
    if panel is None or not panel.scores.any():
        return f"{answer}."
    written, size = words(drawable.text, panel), float(abs(panel.scores).max())
    sides = [
        ", ".join(f"{quoted(shorten(written[i], 40))} ({number(float(panel.scores[i]), size)})" for i in places[:count])
        for places, count in zip(strongest(panel, NAMED), (NAMED, 1), strict=True)
    ]
    if panel.target == prediction.label and prediction.task != "multilabel":
        towards = f", mainly because of {sides[0]}" if sides[0] else ""
        against = f"; against it speaks most {sides[1]}" if sides[1] else ""
        return f"{answer}{towards}{against}."
    towards = f"for {quoted(panel.target)} {'speak' if ', ' in sides[0] else 'speaks'} mainly {sides[0]}"
    against = f"against {'it' if sides[0] else quoted(panel.target)} speaks most {sides[1]}" if sides[1] else ""
    return f"{answer}; {'; '.join(filter(None, (towards if sides[0] else '', against)))}."


def count(drawables: Sequence[Drawable]) -> str:
    """How many texts get which label, how many answers are right, and whether all scores sum to the outputs."""
    predictions = [drawable.prediction for drawable in drawables if drawable.prediction is not None]
    if not predictions:
        return ""
    sentences = []
    values = [prediction.value for prediction in predictions if prediction.value is not None]
    if len(values) == len(predictions):
        low, high = number(min(values), sign=False), number(max(values), sign=False)
        sentences.append(f"Predicted {low} to {high} {predictions[0].unit}")
    else:
        counted = Counter(headline(prediction) for prediction in predictions).most_common()
        named = ", ".join(f"{count} {quoted(label)}" for label, count in counted[:4])
        sentences.append(
            f"Predicted {named}" + (f" and {number_of(len(counted) - 4, 'other')}" if len(counted) > 4 else "")
        )
    judged = [prediction.right for prediction in predictions if prediction.right is not None]
    if judged:
        sentences[-1] += f"; {sum(judged)} of {len(judged)} right"
    tones = [verdict_of(p).tone for drawable in drawables for p in drawable.panels() if isinstance(p, TokenScores)]
    failed = sum(tone is Tone.bad for tone in tones)
    if failed:
        sentences.append(f"{failed} of {number_of(len(tones), 'explanation')} did not converge")
    elif tones and all(tone is Tone.good for tone in tones):
        sentences.append("All scores sum to the model’s output")
    return ". ".join(sentences) + "."


def facts(drawables: Sequence[Drawable]) -> list[str]:
    """The model, the data, the number of texts and the day, as far as the results tell them."""
    texts = sum(drawable.text is not None for drawable in drawables)
    models = _in_provenance(drawables, "model")
    named = ", ".join(models[:3]) + (f" and {len(models) - 3} more" if len(models) > 3 else "")
    data = _in_provenance(drawables, "data")
    measured = sum(int(drawable.provenance.get("texts", 0)) for drawable in drawables if drawable.text is None)
    rows = sum(int(drawable.provenance.get("training rows", 0)) for drawable in drawables if drawable.text is None)
    return [
        *([f"{by_number(len(models), 'model', 'models')} {visible(named, one_line=True)}"] if models else []),
        *([f"data {shorten(data[0], 60)}"] if len(data) == 1 else []),
        *([number_of(rows, "training row")] if rows else []),
        *([number_of(measured or texts, "text")] if measured or texts else []),
        *([f"{texts:,} explained"] if measured and texts else []),
        made_on(),
    ]


def _in_provenance(drawables: Sequence[Drawable], key: str) -> list[str]:
    """What the provenances hold by this name; a comparison's holds one of each of its two."""
    held = [each for d in drawables for each in (d.provenance, *d.provenance.values()) if isinstance(each, Mapping)]
    return list(dict.fromkeys(str(each[key]) for each in held if each.get(key)))
