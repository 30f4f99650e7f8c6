"""The application: its paths, and how errors are answered."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version
from typing import Annotated, Any, cast

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from attribkit.attribution.registry import METHODS
from attribkit.errors import AttribkitError, InputError, NotGivenError, UnknownNameError
from attribkit.models.classifier import Classifier
from attribkit.serve import assets
from attribkit.serve.batching import BatchWorker, BusyError, LateError
from attribkit.serve.handlers import RequestHandler
from attribkit.serve.limits import Limits
from attribkit.serve.schema import (
    Alternatives,
    AlternativesAnswer,
    Explain,
    FileFormat,
    Files,
    Health,
    Live,
    Models,
    OneOrSeveral,
    Predict,
    Predictions,
    Problem,
    SavedExplanation,
    SavedExplanations,
    Settings,
    Together,
    TogetherAnswer,
    within,
)
from attribkit.serve.served_model import ServedModel
from attribkit.serve.workbench.paths import Workbench, add_paths
from attribkit.serve.workbench.rows import DataRows

KINDS = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": meaning}
    for status, meaning in {
        400: "the body is not JSON",
        403: "the page is shared to be read, and the text is none of its rows'",
        404: "there is no such model, row or map",
        413: "the body is too large",
        422: "the question is none that can be answered; the sentence says why",
        429: "too many wait: come again after Retry-After seconds",
        503: "the answer took too long",
    }.items()
}


def create_app(
    models: Sequence[Classifier],
    limits: Limits | None = None,
    data: DataRows | None = None,
    readonly: bool = False,
) -> FastAPI:
    """The application for some models, which it copies: later changes to them have no effect on its answers.

    It enforces the limits on texts, waiting and answers. The limits on a request's bytes, and on who may ask, are
    enforced by `middleware.RequestGuard`, the time for its head by the protocol: `server.build` puts both around the
    application.

    Args:
        models: what is served.
        limits: None for the usual ones.
        data: rows that stand beside the page, answered by every model.
        readonly: whether only the texts of those rows may be asked about.

    Raises:
        ValueError: for no model, or two of one name.
    """
    limits = limits or Limits()
    names = [model.name for model in models]
    if not names or len(set(names)) != len(names):
        raise InputError(f"models of different names are needed to be served, got {', '.join(names) or 'none'}")
    cards = RequestHandler([ServedModel.of(model) for model in models], limits).cards()
    workers: dict[str, BatchWorker] = {}
    workbench = None if data is None else Workbench(models, data, limits)
    cards = cards.model_copy(update={"data": workbench is not None, "readonly": readonly})

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        for name in ("quick", "slow"):
            workers[name] = BatchWorker(
                RequestHandler([ServedModel.of(model) for model in models], limits), limits, name
            )
        with nullcontext() if workbench is None else workbench.running():
            yield
        for worker in workers.values():
            worker.close()

    async def ask(key: tuple[Any, ...], item: Any, slow: bool = False) -> Any:
        return await workers["slow" if slow else "quick"](key, item)

    app = FastAPI(
        title="attribkit",
        version=version("attribkit"),
        summary="Why a text classifier decides as it does.",
        lifespan=running,
        docs_url=None,
        redoc_url=None,
    )
    _add_api(app, ask, cards, limits, frozenset(data.texts if data else ()) if readonly else None)
    if workbench is not None:
        add_paths(app, workbench, limits, PROBLEMS)
    _add_page(app)
    _add_errors(app)
    return app


Ask = Callable[..., Awaitable[Any]]


def _add_api(app: FastAPI, ask: Ask, cards: Models, limits: Limits, readable: Set[str] | None) -> None:
    def limited(question: type[BaseModel]) -> Any:
        """The question that a request's body holds, within the limits."""

        async def read(body: Any) -> Any:
            if readable is not None and not set(_texts(body)) <= readable:
                raise HTTPException(
                    403, "this page is shared to be read: only the texts of its rows can be asked about"
                )
            return body

        read.__annotations__["body"] = within(limits, question)
        return Depends(read)

    @app.get("/healthz")
    async def health() -> Health:
        """Whether the server runs."""
        return Health()

    @app.get("/models")
    async def models() -> Models:
        """The models and what can be asked of them."""
        return cards

    @app.post("/predict", responses=PROBLEMS, response_model=Predictions)
    async def predict(question: Annotated[Predict, limited(Predict)]) -> Response:
        """What a model says of a text, or of several."""
        answer = await ask(("predict", question.model), question)
        return Response(json.dumps(answer), media_type=KINDS["json"])

    @app.post("/explain", responses=PROBLEMS, response_model=SavedExplanation | SavedExplanations)
    async def explain(question: Annotated[Explain, limited(Explain)]) -> Response:
        """Why a model says of a text what it says, as the JSON that `Explanation.from_json` reads; or of several."""
        settings = _settings(question)
        several = question.texts is not None
        slow = several or question.compare or "interactions" in (question.views or ()) or _is_slow(question)
        key = ("explain", settings, question.views, question.compare, question.interactions)
        return await _timed(ask(key, question, slow))

    @app.post("/alternatives", responses=PROBLEMS, response_model=AlternativesAnswer)
    async def alternatives(question: Annotated[Alternatives, limited(Alternatives)]) -> Response:
        """What a model would say without a word, and with each of its nearest words."""
        answer = await ask(("alternatives",), question)
        return Response(json.dumps(answer), media_type=KINDS["json"])

    @app.post("/together", responses=PROBLEMS, response_model=TogetherAnswer)
    async def together(question: Annotated[Together, limited(Together)]) -> Response:
        """Which words a word acts with, exactly, in a text CNN."""
        return Response(await ask(("together",), question, slow=True), media_type=KINDS["json"])

    files: dict[int | str, Any] = {200: {"content": {kind.partition(";")[0]: {} for kind in KINDS.values()}}}

    @app.post("/files/{kind}", responses=PROBLEMS | files, response_class=Response)
    async def file(kind: FileFormat, question: Annotated[Files, limited(Files)]) -> Response:
        """An explanation, or two beside each other, as a file: a picture, a page, or JSON."""
        content = await ask(("files", kind), question, slow=True)
        return Response(
            content, media_type=KINDS[kind], headers={"content-disposition": f'attachment; filename="why.{kind}"'}
        )

    @app.post("/live", responses=PROBLEMS, response_model=dict[str, Any])
    async def live(question: Annotated[Live, limited(Live)]) -> Response:
        """What the page paints while one types: the explanation in the words and numbers of the reports."""
        key = ("live", _settings(question), question.place)
        return await _timed(ask(key, question, _is_slow(question)))

    @app.get("/models/{name}/map", responses=PROBLEMS, response_model=dict[str, Any])
    async def points(name: str) -> Response:
        """The map of the reference texts that a model carries."""
        return Response(await ask(("map",), name), media_type=KINDS["json"])


def _texts(question: BaseModel) -> list[str]:
    """Every text that a question holds."""
    if isinstance(question, Files):
        return [text for each in question.explanations for text in each.asked]
    return question.asked if isinstance(question, OneOrSeveral) else [cast(Live, question).text]


def _settings(question: Settings) -> Settings:
    """What several questions share, so that they can be answered together."""
    return Settings(**{name: getattr(question, name) for name in Settings.model_fields})


async def _timed(answer: Awaitable[bytes]) -> Response:
    """The JSON, and how long the server took, as browsers' tools show it."""
    since = time.perf_counter()
    content = await answer
    took = 1000 * (time.perf_counter() - since)
    return Response(content, media_type=KINDS["json"], headers={"server-timing": f"answer;dur={took:.2f}"})


def _add_page(app: FastAPI) -> None:
    for path, file in assets.files().items():
        app.add_api_route(f"/{path}", _serving(file), methods=["GET", "HEAD"], include_in_schema=False)


def _serving(file: assets.File) -> Callable[[Request], Awaitable[Response]]:
    headers = {"cache-control": "no-cache", "etag": file.tag}

    async def serve(request: Request) -> Response:
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, media_type=file.kind, headers=headers)

    return serve


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: Exception) -> Response:
        known = cast(RequestValidationError, error)
        first = known.errors()[0]
        if first["type"] == "json_invalid":
            where = f"{first['ctx']['error']} at character {first['loc'][1] + 1:,}"
            return _problem(400, f"the body is not JSON: {where}; send JSON as /openapi.json describes it")
        if first["loc"] == ("body",) and isinstance(known.body, bytes):  # read as JSON only under its header
            kind = request.headers.get("content-type", "none")[:100]
            return _problem(422, f"the content-type header must be application/json, got {kind}; send that header")
        field = ".".join(str(part) for part in first["loc"][1:]) or "the body"
        reason = first["msg"].removeprefix("Value error, ")
        return _problem(422, f"{field}: {reason}; see /openapi.json for what can be asked")

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: Exception) -> Response:
        known = cast(HTTPException, error)
        if known.status_code == 400:  # of FastAPI, for bytes that are not UTF-8 and for too many brackets or digits
            return _problem(400, "the body cannot be read as JSON in UTF-8; send JSON as /openapi.json describes it")
        return _problem(known.status_code, str(known.detail), known.headers)

    @app.exception_handler(UnknownNameError)
    async def missing(request: Request, error: Exception) -> Response:
        return _problem(404, str(error.args[0]))

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: Exception) -> Response:
        return _problem(429, "too many requests wait; come again in a second", {"retry-after": "1"})

    @app.exception_handler(LateError)
    async def late(request: Request, error: Exception) -> Response:
        return _problem(
            503, "the answer took too long; send a shorter text or ask for another method", {"retry-after": "5"}
        )

    @app.exception_handler(NotGivenError)
    async def not_given(request: Request, error: NotGivenError) -> Response:
        return _problem(
            422, f"{error.needs}; a request carries texts alone, so ask another model, or this one in Python"
        )

    @app.exception_handler(AttribkitError)
    async def unanswerable(request: Request, error: Exception) -> Response:
        return _problem(422, str(error))

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        name = type(error).__name__
        return _problem(500, f"this is a fault of attribkit ({name}); please report it, with what the terminal says")


def _problem(status: int, sentence: str, headers: Any = None) -> Response:
    # what a user typed may hold half a character, which only JSON's own escapes can carry
    content = json.dumps({"error": sentence[:2_000]}).encode()
    return Response(content, status, media_type=KINDS["json"], headers=headers)


def _is_slow(question: Settings) -> bool:
    """Whether a question goes to the worker for long work, so that nobody's typing waits for it."""
    return question.method is not None and not METHODS[question.method].fast
