"""The answers to waiting requests of one kind, from the models."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from attribkit.attribution.baselines import NAMES
from attribkit.attribution.choice import methods_for
from attribkit.attribution.outputs import UNITS, Output
from attribkit.attribution.registry import METHODS
from attribkit.errors import InputError, UnknownNameError
from attribkit.explainer import explain
from attribkit.last_layer.kept_layer import carries_rows
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.logits import check_finite
from attribkit.models.predictions import predictions
from attribkit.projection.reference_map import fits
from attribkit.render.formats import content
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.prediction import detail, headline
from attribkit.render.preparation.scatter import frame
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.serve import assets
from attribkit.serve.limits import Limits
from attribkit.serve.live import live, place
from attribkit.serve.schema import (
    Alternatives,
    Explain,
    FileFormat,
    Files,
    Live,
    ModelCard,
    Models,
    Predict,
    Settings,
    Together,
)
from attribkit.serve.served_model import ServedModel
from attribkit.views.choice import supported
from attribkit.views.interactions import Interactions

NEAREST = 8
"""Words that are offered in another's place."""
PARTNERS = 8
"""Words that are shown to act with another, at most."""


class RequestHandler:
    """Models, and the answers to each kind of request; used by one thread."""

    def __init__(self, models: Sequence[ServedModel], limits: Limits) -> None:
        self._models = {model.name: model for model in models}
        self._limits = limits

    def __call__(self, key: Any, items: Sequence[Any]) -> Sequence[Any]:
        """Answer requests that share a key; raises what `attribkit.explain` raises, and UnknownNameError."""
        kind, *shared = key
        answers: Sequence[Any] = getattr(self, f"_{kind}")(*shared, items)
        return answers

    def model(self, name: str | None) -> ServedModel:
        """A model by its name, the first by default. UnknownNameError that lists them for another name."""
        if name is None:
            return next(iter(self._models.values()))
        if name not in self._models:
            raise UnknownNameError(f"`model` must be one of {', '.join(self._models)}, got {name[:200]!r}")
        return self._models[name]

    def cards(self) -> Models:
        """What can be asked."""
        return Models(
            models=[_card(model) for model in self._models.values()],
            methods={method.name: method.label or method.name for method in METHODS.values()},
            outputs=[
                *(UNITS if any(model.task != "regression" for model in self._models.values()) else ()),
                *(("value",) if any(model.task == "regression" for model in self._models.values()) else ()),
            ],
            baselines=list(NAMES),
            text_characters=self._limits.text_characters,
            text_tokens=self._limits.text_tokens,
            texts=self._limits.texts,
        )

    def _map(self, names: Sequence[str]) -> list[bytes]:
        """The maps that models carry, for the page to draw; UnknownNameError for one that carries none."""
        return [_json(self._points(self.model(name))) for name in names]

    def _points(self, model: ServedModel) -> dict[str, Any]:
        if model.map is None:
            raise UnknownNameError(
                f"the model {model.name!r} carries no reference texts to draw a map of; ask another model"
            )
        return assets.points(model.map.scatter)

    def _live(self, settings: Settings, placed: bool, questions: Sequence[Live]) -> list[bytes]:
        """What the page paints of each text."""
        model = self.model(settings.model)
        settings = _fitting(settings, model)
        views = ["attribution", *(["attention"] if model.capabilities.attention else [])]
        views += ["training"] if carries_rows(model) else []
        rows = self._explained(model, [question.text for question in questions], settings, views, False)
        answers = [live(row) for row in rows]
        if placed and model.map is not None:
            texts = [question.text for question in questions]
            scatter, _ = model.map.marked(texts, model.ids(texts))
            for answer, placed_text in zip(answers, scatter.placed, strict=True):
                answer["place"] = place(placed_text, frame(model.map.scatter), scatter.excerpts, scatter.labels)
        return [_json(answer) for answer in answers]

    def _explain(
        self, settings: Settings, views: Any, compare: bool, interactions: str, questions: Sequence[Explain]
    ) -> list[bytes]:
        """Each question's explanation, or explanations, as the JSON that they are saved as."""
        model = self.model(settings.model)
        texts = [text for question in questions for text in question.asked]
        rows = iter(self._explained(model, texts, settings, views, compare, interactions))
        own = [Explanations(next(rows) for _ in question.asked) for question in questions]
        answers = [each[0] if question.texts is None else each for question, each in zip(questions, own, strict=True)]
        return [answer.to_json().encode() for answer in answers]

    def _files(self, kind: FileFormat, questions: Sequence[Files]) -> list[bytes]:
        """Each request's explanations drawn into one file."""
        answers = []
        for question in questions:
            rows: list[Explanation] = []
            for explanation in question.explanations:
                model = self.model(explanation.model)
                more = (explanation.views, explanation.compare, explanation.interactions)
                rows += self._explained(model, explanation.asked, explanation, *more)
            answers.append(content(rows[0] if len(rows) == 1 else Explanations(rows), f"answer.{kind}"))
        return answers

    def _predict(self, name: str | None, questions: Sequence[Predict]) -> list[dict[str, Any]]:
        """What a model says of all texts of all questions, in as few runs as it takes."""
        model = self.model(name)
        texts = [text for question in questions for text in question.asked]
        for text in texts:
            check_length(model, text, self._limits)
        rows = iter(_predictions(model, texts))
        return [{"model": model.name, "predictions": [next(rows) for _ in question.asked]} for question in questions]

    def _alternatives(self, questions: Sequence[Alternatives]) -> list[dict[str, Any]]:
        """What a model would say without a word, and with its nearest ones."""
        return [self._alternative(question) for question in questions]

    def _alternative(self, question: Alternatives) -> dict[str, Any]:
        model, text = self.model(question.model), question.text
        check_length(model, text, self._limits)
        (encoded,) = model.encode([text])
        place = _token_at(encoded.starts, encoded.ends, question.start)
        start, end = int(encoded.starts[place]), int(encoded.ends[place])
        known = bool(encoded.known[place])
        near = model.nearest(int(encoded.ids[place]), NEAREST) if known else []
        words = ["", *(_cased(neighbour.word, text[start:end]) for neighbour in near)]
        texts = [text, *(text[:start] + (word or " ") + text[end:] for word in words)]
        readable = [bool(len(ids)) for ids in model.tokenizer.ids(texts)]
        rows = iter(_predictions(model, [text for text, ok in zip(texts, readable, strict=True) if ok]))
        now, *others = [next(rows) if ok else None for ok in readable]
        similarities = [None, *(neighbour.similarity for neighbour in near)]
        return {
            "word": text[start:end],
            "start": start,
            "end": end,
            "known": known,
            "now": now,
            "alternatives": [
                {"word": word, "similarity": similarity, **answer}
                for word, similarity, answer in zip(words, similarities, others, strict=True)
                if answer is not None
            ],
        }

    def _together(self, questions: Sequence[Together]) -> list[bytes]:
        """Which words a word acts with."""
        return [_json(self._partners(question)) for question in questions]

    def _partners(self, question: Together) -> dict[str, Any]:
        model, text = self.model(question.model), question.text
        question = _fitting(question, model)
        check_length(model, text, self._limits)
        batch = EncodedBatch.of(model, [text])
        (encoded,) = batch.encoded
        place = _token_at(encoded.starts, encoded.ends, question.start)
        view = Interactions(question.target, question.output, question.baseline, max_tokens=question.max_tokens)
        values = view.of_token(model, batch, place)
        strongest = [k for k in np.argsort(-np.abs(values), kind="stable")[:PARTNERS].tolist() if values[k]]
        spans = [(int(encoded.starts[k]), int(encoded.ends[k])) for k in (place, *strongest)]
        words = [{"word": text[start:end], "start": start, "end": end} for start, end in spans]
        interactions = [{"value": float(values[k]), "said": number(values[k])} for k in strongest]
        partners = [{**word, **value} for word, value in zip(words[1:], interactions, strict=True)]
        return {**words[0], "unit": Output.of(question.output, model.task, model.unit).unit, "partners": partners}

    def _explained(
        self,
        model: ServedModel,
        texts: list[str],
        settings: Settings,
        views: Any,
        compare: bool,
        interactions: str = "shapley",
    ) -> Explanations:
        for text in texts:
            check_length(model, text, self._limits)
        options = {name: getattr(settings, name) for name in Settings.model_fields if name != "model"}
        return explain(model, texts, views=views, compare=compare, interactions=interactions, progress=False, **options)


def check_length(model: ServedModel, text: str, limits: Limits) -> None:
    """Refuse a text longer than a server reads; ValueError that says how long."""
    (encoded,) = model.encode([text])
    if encoded.total > limits.text_tokens:
        raise InputError(
            f"a text may have {limits.text_tokens:,} tokens here, got {encoded.total:,}; explain it with "
            "attribkit.explain, or shorten it"
        )


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _token_at(starts: NDArray[np.int64], ends: NDArray[np.int64], start: int) -> int:
    """The token at a place in the text, in characters; InputError where there is none."""
    places = np.flatnonzero((starts <= start) & (start < ends))
    if not len(places):
        raise InputError(f"`start` must lie in a word that the model reads, got {start}; take another")
    return int(places[0])


def _card(model: ServedModel) -> ModelCard:
    return ModelCard(
        name=model.name,
        network=type(model.network).__name__,
        parameters=sum(parameter.numel() for parameter in model.network.parameters()),
        labels=list(model.labels),
        task=model.task,
        unit=model.unit,
        vocabulary=model.vocabulary_size,
        methods=methods_for(model.network),
        views=supported(model),
        attention=model.capabilities.attention,
        interactions=Interactions().supports(model),
        map=fits(model),
    )


def _predictions(model: ServedModel, texts: list[str]) -> list[dict[str, Any]]:
    """What is predicted for each text, as `PredictionAnswer` says it."""
    long = model.capabilities.long_texts
    encoded = [] if long.room is None else model.encode(texts)
    ids = [each.ids for each in encoded] or model.ids(texts)
    notes = [long.note(len(each.ids), each.total) for each in encoded] or [()] * len(texts)
    logits = check_finite(model.logits(ids), texts)
    return [
        {
            "label": prediction.label,
            "probabilities": dict(
                zip(prediction.labels, prediction.probabilities, strict=bool(prediction.probabilities))
            ),
            "predicted": list(prediction.predicted),
            "value": prediction.value,
            "said": "; ".join((f"{headline(prediction)} {detail(prediction)}", *how_read)),
        }
        for prediction, how_read in zip(predictions(logits, model.labels, model.task, model.unit), notes, strict=True)
    ]


S = TypeVar("S", bound=Settings)


def _fitting(settings: S, model: ServedModel) -> S:
    """The page's settings for a model: it has one output to choose for all, and a regression has its number alone."""
    return settings.model_copy(update={"output": None, "target": None}) if model.task == "regression" else settings


def _cased(word: str, like: str) -> str:
    """A word of the vocabulary as it would be written in another's place."""
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word
