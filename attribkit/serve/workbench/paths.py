"""The paths of the workbench."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Response
from fastapi.responses import StreamingResponse

from attribkit.models.classifier import Classifier
from attribkit.serve.batching import BatchWorker, Work
from attribkit.serve.limits import Limits
from attribkit.serve.schema import within
from attribkit.serve.served_model import ServedModel
from attribkit.serve.workbench.answers import Background, ModelAnswers
from attribkit.serve.workbench.handler import DataHandler, WordsHandler
from attribkit.serve.workbench.rows import DataRows
from attribkit.serve.workbench.schema import (
    DataCard,
    MapAnswer,
    NotesQuestion,
    PlaceAnswer,
    PlaceQuestion,
    RowsAnswer,
    RowsQuestion,
    SliceAnswer,
    SliceQuestion,
    WholeRow,
    WordsAnswer,
    WordsQuestion,
)

Answers = dict[int | str, dict[str, Any]]
JSON, LINES, CSV = "application/json", "application/x-ndjson", "text/csv; charset=utf-8"


class Workbench:
    """Some rows behind an application, and the threads that answer for them while it runs."""

    def __init__(self, models: Sequence[Classifier], rows: DataRows, limits: Limits) -> None:
        self._answers = [ModelAnswers(ServedModel.of(model), rows) for model in models]
        self._rows, self._limits = rows, limits
        self._workers: dict[str, BatchWorker] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Answer the rows in the background, and questions about them."""
        background = Background(self._answers)
        handlers: dict[str, Work] = {
            "data": DataHandler(self._rows, self._answers, self._limits),
            "words": WordsHandler(self._answers),
        }
        self._workers |= {name: BatchWorker(work, self._limits, name) for name, work in handlers.items()}
        yield
        for worker in self._workers.values():
            worker.close()
        background.close()

    async def ask(self, kind: str, item: Any = None) -> Any:
        """The answer to a question about the rows."""
        return await self._workers["data"](kind, item)

    async def words(self, question: WordsQuestion) -> AsyncIterator[bytes]:
        """The words of a slice, a line each time more of its texts are explained."""
        words = await self.ask("words", question.slice)
        name = question.slice.model or self._answers[0].model.name
        for upto in words.steps():
            yield await self._workers["words"](name, (words, upto))


def add_paths(app: FastAPI, workbench: Workbench, limits: Limits, problems: Answers) -> None:
    """Add the questions about the rows to an application."""

    @app.get("/data", response_model=DataCard)
    async def data() -> Response:
        """The data that are served, and how far the models are with them."""
        return Response(await workbench.ask("card"), media_type=JSON)

    @app.post("/data/slice", responses=problems, response_model=SliceAnswer)
    async def sliced(question: SliceQuestion) -> Response:
        """Which rows meet some conditions, in order, with their figures beside the rest's."""
        return Response(await workbench.ask("slice", question), media_type=JSON)

    @app.post("/data/rows", responses=problems, response_model=RowsAnswer)
    async def rows(question: RowsQuestion) -> Response:
        """Some rows as a table lists them."""
        return Response(await workbench.ask("rows_of", question), media_type=JSON)

    @app.get("/data/rows/{row}", responses=problems, response_model=WholeRow)
    async def row(row: Annotated[int, Path(ge=0, lt=2**31)]) -> Response:
        """A row with its whole text."""
        return Response(await workbench.ask("whole", row), media_type=JSON)

    lines: Answers = {200: {"content": {LINES: {"schema": WordsAnswer.model_json_schema()}}}}

    @app.post("/data/words", responses=problems | lines, response_class=StreamingResponse)
    async def words(question: WordsQuestion) -> Response:
        """The words of a slice beside the rest's, a line of JSON each time more of its texts are explained."""
        answers = workbench.words(question)
        first = await anext(answers)  # so that a question that cannot be answered is a status and not a broken stream

        async def all_lines() -> AsyncIterator[bytes]:
            yield first
            async for line in answers:
                yield line

        return StreamingResponse(all_lines(), media_type=LINES)

    @app.get("/data/map/{name}", responses=problems, response_model=MapAnswer)
    async def points(name: str) -> Response:
        """Every row's place on a map of the layer before the model's last."""
        return Response(await workbench.ask("map", name), media_type=JSON)

    async def placed(body: Any) -> Any:
        return body

    placed.__annotations__["body"] = within(limits, PlaceQuestion)

    @app.post("/data/place", responses=problems, response_model=PlaceAnswer)
    async def place(question: Annotated[PlaceQuestion, Depends(placed)]) -> Response:
        """Where a text lies on that map."""
        return Response(await workbench.ask("place", question), media_type=JSON)

    file: Answers = {200: {"content": {"text/csv": {}}}}

    @app.post("/data/notes.csv", responses=problems | file, response_class=Response)
    async def notes(question: NotesQuestion) -> Response:
        """Bookmarked rows and what was noted of them, as a CSV file."""
        content = await workbench.ask("notes", question)
        return Response(content, media_type=CSV, headers={"content-disposition": 'attachment; filename="notes.csv"'})
