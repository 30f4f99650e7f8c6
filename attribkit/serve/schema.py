"""The questions and answers of the server, from which, with its limits, the OpenAPI description is made."""

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, create_model, field_validator, model_validator

from attribkit.attribution.outputs import OUTPUTS
from attribkit.attribution.registry import METHODS
from attribkit.results.panels import INDICES
from attribkit.serve.limits import Limits
from attribkit.views import VIEWS

Text = Annotated[
    str, Field(min_length=1, description="At least one visible character.", examples=["It was a horrible movie"])
]
ModelName = Annotated[
    str | None, Field(description="One of those that GET /models lists; the first if not given.", examples=[None])
]
Baseline = Annotated[str, Field(min_length=1, max_length=10_000)]
FileFormat = Literal["png", "svg", "pdf", "html", "json"]
if TYPE_CHECKING:  # a checker wants the names spelled out; who asks is held to those that there are
    Unit: TypeAlias = str
    View: TypeAlias = str
    Index: TypeAlias = str
else:
    Unit, View, Index = Literal[*OUTPUTS], Literal[*VIEWS], Literal[*INDICES]

STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)
"""Unknown names are refused, so that a slip of the pen is no silent default."""


class Settings(BaseModel):
    """How a text is explained, as in `attribkit.explain`."""

    model_config = STRICT

    model: ModelName = None
    target: Annotated[
        str | int | Annotated[tuple[str | int, str | int], Field(strict=False)] | None,
        Field(description='A label, "index:1" for the second one, "all", or two labels for why this, not that.'),
    ] = None
    output: Annotated[
        Unit | None,
        Field(description="What the scores share out; the log-odds if not given, of a regression its number."),
    ] = None
    method: Annotated[
        str | None,
        Field(description="How the scores are computed; the best that the model allows if not given."),
    ] = None
    baseline: Annotated[
        Baseline | Annotated[tuple[Baseline, ...], Field(min_length=1, max_length=5, strict=False)],
        Field(description="pad, zero, unk, mean or a text; several of them give each token a band."),
    ] = "pad"
    tolerance: Annotated[float, Field(gt=0, lt=1, description="The largest relative completeness error.")] = 1e-4
    max_steps: Annotated[
        int | None,
        Field(
            ge=1, le=100_000, description="The most gradients for a text that does not converge; 4,000 if not given."
        ),
    ] = None
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Of the methods that draw samples.")] = 0
    max_tokens: Annotated[
        int | None,
        Field(ge=1, description="The longest text whose interactions, Shapley or Banzhaf values are computed exactly."),
    ] = None


class OneOrSeveral(BaseModel):
    """A text, or several."""

    model_config = STRICT

    text: Text | None = None
    texts: Annotated[list[Text], Field(min_length=1)] | None = None

    @field_validator("text", mode="before")
    @classmethod
    def _no_list(cls, text: Any) -> Any:
        if isinstance(text, list):
            raise ValueError(f"one text was expected, got a list of {len(text):,}; give several as texts")
        return text

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.text is None) == (self.texts is None):
            raise ValueError(f"either text or texts was expected, got {'neither' if self.text is None else 'both'}")
        return self

    @property
    def asked(self) -> list[str]:
        """The texts."""
        return self.texts if self.texts is not None else [str(self.text)]


class Explain(Settings, OneOrSeveral):
    """A text, or several, to be explained."""

    views: Annotated[
        Annotated[tuple[View, ...], Field(min_length=1, max_length=len(VIEWS), strict=False)] | None,
        Field(description="Every one the model supports if not given."),
    ] = None
    compare: Annotated[bool, Field(description="Set attention beside integrated gradients and leave-one-out.")] = False
    interactions: Annotated[Index, Field(description="What the view interactions shows.")] = "shapley"


class Live(Settings):
    """A text that is being typed."""

    text: Text
    place: Annotated[bool, Field(description="Whether its place on the layer's map is wanted.")] = False


class Files(BaseModel):
    """One explanation, or two to stand beside each other, to be drawn into one file."""

    model_config = STRICT

    explanations: Annotated[list[Explain], Field(min_length=1, max_length=2)]

    @model_validator(mode="after")
    def _of_one_text(self) -> Self:
        if any(explanation.texts is not None for explanation in self.explanations):
            raise ValueError("an explanation in a file is of one text, got texts; give text")
        return self


class Predict(OneOrSeveral):
    """A text, or several, to be classified."""

    model: ModelName = None


class Alternatives(BaseModel):
    """A word of a text: what if it were not there, or another?"""

    model_config = STRICT

    text: Text
    start: Annotated[int, Field(ge=0, description="Where the token begins, in characters.")]
    model: ModelName = None


class Together(Settings):
    """A word of a text: which words does it act with?"""

    text: Text
    start: Annotated[int, Field(ge=0, description="Where the token begins, in characters.")]


def within(limits: Limits, question: type[BaseModel]) -> type[BaseModel]:
    """The schema of a question with a server's limits in it.

    They are the lengths and numbers of its texts, and the methods that are registered by now.
    """
    return _within(limits, question, tuple(METHODS))


@cache  # a class of a name, or OpenAPI would have two
def _within(limits: Limits, question: type[BaseModel], methods: tuple[str, ...]) -> type[BaseModel]:
    text = Annotated[Text, Field(max_length=limits.text_characters)]
    fields: dict[str, Any] = {}
    if "text" in question.model_fields:
        fields["text"] = text
    if "method" in question.model_fields:
        fields["method"] = (Annotated[Literal[*methods] | None, question.model_fields["method"]], None)
    if issubclass(question, OneOrSeveral):
        several = Annotated[list[text], Field(min_length=1, max_length=limits.texts)]
        left_out: Any = Field(default_factory=lambda: None)  # of which the schema says that it need not be there
        fields |= {"text": (text, left_out), "texts": (several, left_out)}
    if "start" in question.model_fields:
        start = question.model_fields["start"]
        fields["start"] = Annotated[int, Field(ge=0, le=limits.text_characters, description=start.description)]
    if question is Files:
        explained: Any = within(limits, Explain)
        fields["explanations"] = Annotated[list[explained], Field(min_length=1, max_length=2)]
    return create_model(question.__name__, __base__=question, __doc__=question.__doc__, **fields)


class Problem(BaseModel):
    """The reason why a request was not answered."""

    error: Annotated[str, Field(description="One sentence: what was expected, what came, what to do.")]


class Health(BaseModel):
    """Sign that the server runs."""

    status: Literal["ok"] = "ok"


class ModelCard(BaseModel):
    """What a model can be asked."""

    name: str
    network: str
    parameters: int
    labels: list[str]
    task: Annotated[str, Field(description="multiclass, multilabel or regression.")]
    unit: Annotated[str | None, Field(description="Of a regression's number.")]
    vocabulary: int
    methods: list[str]
    views: list[str]
    attention: bool
    interactions: bool
    map: bool


class Models(BaseModel):
    """What can be asked of this server."""

    models: list[ModelCard]
    methods: Annotated[dict[str, str], Field(description="Each method's name for a menu.")]
    outputs: list[str]
    baselines: list[str]
    text_characters: Annotated[int, Field(description="A text may have so many characters.")]
    text_tokens: Annotated[int, Field(description="A text may have so many tokens.")]
    texts: Annotated[int, Field(description="A question may have so many texts.")]
    data: Annotated[bool, Field(description="Whether rows of data are served too, at /data.")] = False
    readonly: Annotated[bool, Field(description="Whether only the texts of those rows may be asked about.")] = False


class PredictionAnswer(BaseModel):
    """A model's prediction for one text."""

    label: Annotated[str, Field(description="The likeliest label; of a regression the name of its number.")]
    probabilities: Annotated[dict[str, float], Field(description="Of every label; empty for a regression.")]
    predicted: Annotated[list[str], Field(description="One label, or those that hold, the likeliest first.")]
    value: Annotated[float | None, Field(description="The number of a regression.")]
    said: Annotated[str, Field(description="The prediction in words.")]


class Predictions(BaseModel):
    """A model's prediction for each text, in their order."""

    model: str
    predictions: list[PredictionAnswer]


class Alternative(PredictionAnswer):
    """A model's prediction with another word in a word's place."""

    word: Annotated[str, Field(description="Empty for none at all.")]
    similarity: Annotated[float | None, Field(description="Cosine of the two words' embeddings.")]


class AlternativesAnswer(BaseModel):
    """A word, and the model's predictions with it, without it and with its nearest words."""

    word: str
    start: int
    end: int
    known: bool
    now: PredictionAnswer
    alternatives: list[Alternative]


class Partner(BaseModel):
    """A word that does more, or less, together with another than the two do apart."""

    word: str
    start: int
    end: int
    value: Annotated[float, Field(description="The Shapley interaction index of the two, in the unit explained.")]
    said: str


class TogetherAnswer(BaseModel):
    """A word, and the words that it acts with, the strongest first."""

    word: str
    start: int
    end: int
    unit: str
    partners: list[Partner]


class SavedExplanation(BaseModel):
    """What `Explanation.to_json` writes and `Explanation.from_json` reads."""

    attribkit: Literal["explanation"]
    format: int
    sha256: str
    content: dict[str, object]


class SavedExplanations(BaseModel):
    """What `Explanations.to_json` writes and `Explanations.from_json` reads: the answer to `texts`."""

    attribkit: Literal["explanations"]
    format: int
    sha256: str
    content: list[dict[str, object]]
