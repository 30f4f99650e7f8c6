"""The questions and answers about the rows of a server's data."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from attribkit.serve.schema import STRICT, ModelName

MOST_SHOWN = 200
"""Rows of the table that are asked for at once."""

Place = Annotated[float, Field(ge=-1e9, le=1e9)]
Row = Annotated[int, Field(ge=0, lt=2**31)]
Column = Literal["row", "label", "predicted", "confidence", "length", "difference"]


class Slice(BaseModel):
    """Some rows of the data: those that meet every condition given."""

    model_config = STRICT

    model: ModelName = None
    other: Annotated[str | None, Field(description="A second model beside the first.")] = None
    search: Annotated[str | None, Field(max_length=200, description="What the text holds, in any letters.")] = None
    word: Annotated[str | None, Field(max_length=200, description="A token, as the model spells it.")] = None
    label: Annotated[str | None, Field(max_length=1_000, description="The label in the data.")] = None
    predicted: Annotated[str | None, Field(max_length=1_000)] = None
    other_predicted: Annotated[str | None, Field(max_length=1_000, description="By the second model.")] = None
    outcome: Annotated[
        Literal["right", "wrong", "differ"] | None,
        Field(description="differ: the two models predict different labels."),
    ] = None
    least: Annotated[float, Field(ge=0, le=1, description="The smallest confidence.")] = 0.0
    most: Annotated[float, Field(ge=0, le=1, description="The largest confidence.")] = 1.0
    lasso: Annotated[
        tuple[Annotated[tuple[Place, Place], Field(strict=False)], ...] | None,
        Field(strict=False, min_length=3, max_length=1_000, description="The corners of an area of the map."),
    ] = None
    rows: Annotated[
        tuple[Row, ...] | None, Field(strict=False, max_length=10_000, description="These rows, by their places.")
    ] = None


class SliceQuestion(BaseModel):
    """A slice, and the order of its rows."""

    model_config = STRICT

    slice: Slice = Slice()
    sort: Column = "row"
    descending: bool = False


class Figures(BaseModel):
    """How good a model is on some rows."""

    texts: int
    labelled: Annotated[int, Field(description="Those whose label the model has.")]
    accuracy: float | None
    macro_f1: float | None
    confidence: Annotated[float | None, Field(description="The mean probability of the predicted label.")]


class SliceAnswer(BaseModel):
    """The rows of a slice in order, and its figures beside those of all other rows."""

    rows: Annotated[list[int], Field(description="Their places in the data as it is served, from 0.")]
    inside: Figures
    rest: Figures
    across: Annotated[list[str], Field(description="The matrix's columns: labels predicted by `model`.")]
    down: Annotated[list[str], Field(description="Its rows: labels in the data, or predicted by the other model.")]
    matrix: Annotated[list[list[int]], Field(description="Texts, whatever label, prediction or outcome is asked for.")]


class RowsQuestion(BaseModel):
    """Rows to be listed."""

    model_config = STRICT

    rows: Annotated[tuple[Row, ...], Field(strict=False, min_length=1, max_length=MOST_SHOWN)]
    model: ModelName = None
    other: str | None = None
    search: Annotated[str | None, Field(max_length=200, description="What the excerpt is to show.")] = None


class ListedRow(BaseModel):
    """A row as the table shows it."""

    row: int
    number: Annotated[int, Field(description="Its number in the data, from 0.")]
    excerpt: str
    label: str | None
    predicted: str | None
    confidence: float | None
    other: str | None
    other_confidence: float | None


class RowsAnswer(BaseModel):
    """Rows in the order asked for."""

    rows: list[ListedRow]


class WholeRow(BaseModel):
    """A row with all that the data say of it."""

    row: int
    number: int
    text: str
    label: str | None
    columns: dict[str, str]
    predicted: Annotated[dict[str, str], Field(description="By model.")]
    confidence: dict[str, float]
    skipped: Annotated[dict[str, str], Field(description="Why a model cannot answer it.")]


class WordsQuestion(BaseModel):
    """A slice whose words are compared with the rest's."""

    model_config = STRICT

    slice: Slice = Slice()


class SliceWord(BaseModel):
    """A word in a slice and in the rest."""

    word: str
    inside: Annotated[int, Field(description="Texts of the slice that hold it.")]
    outside: Annotated[int, Field(description="Texts of the rest that hold it.")]
    score: Annotated[float | None, Field(description="Its mean score in the slice's explained texts, in log-odds.")]
    rest: Annotated[float | None, Field(description="Its mean score in explained texts of the rest.")]


class WordsAnswer(BaseModel):
    """The words of a slice so far; a line each time more of its texts are explained."""

    explained: int
    wanted: Annotated[int, Field(description="Texts of the slice that will be explained.")]
    texts: Annotated[int, Field(description="Texts of the slice.")]
    target: Annotated[str, Field(description="What positive scores speak for.")]
    strongest: Annotated[list[SliceWord], Field(description="Those that move the model most in the slice.")]
    frequent: Annotated[list[SliceWord], Field(description="Those most surely more frequent in it than in the rest.")]


class MapAnswer(BaseModel):
    """Every row's place on a model's map, and what it may be coloured by."""

    axes: list[str]
    x: Annotated[list[float | None], Field(description="null for a row without a place.")]
    y: list[float | None]
    labels: list[str]
    label: Annotated[list[int], Field(description="The place of each row's label among `labels`; −1 for none.")]
    predicted: list[int]
    confidence: Annotated[list[int], Field(description="In percent.")]


class PlaceQuestion(BaseModel):
    """A text to be placed on the map of the data."""

    model_config = STRICT

    text: Annotated[str, Field(min_length=1, max_length=100_000)]
    model: ModelName = None


class PlaceAnswer(BaseModel):
    """Where it lies."""

    x: float
    y: float


class Note(BaseModel):
    """A bookmark, and what was noted of the row."""

    model_config = STRICT

    row: Row
    note: Annotated[str, Field(max_length=10_000)] = ""


class NotesQuestion(BaseModel):
    """Notes to be written as a CSV file."""

    model_config = STRICT

    notes: Annotated[tuple[Note, ...], Field(strict=False, min_length=1, max_length=10_000)]


class AnsweringModel(BaseModel):
    """How far a model is with the rows."""

    name: str
    done: int
    skipped: int
    first_skipped: str | None
    map: Annotated[bool, Field(description="Whether its map is ready.")]
    error: str | None


class DataCard(BaseModel):
    """The data of this server."""

    source: str
    fingerprint: str
    rows: int
    labels: Annotated[list[str], Field(description="Those that occur in the data or that the first model has.")]
    labelled: bool
    columns: list[str]
    notes: list[str]
    examples: Annotated[list[tuple[str, str]], Field(description="A name and a text each.")]
    models: list[AnsweringModel]
