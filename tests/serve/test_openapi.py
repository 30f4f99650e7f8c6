"""What the OpenAPI says is true: schemathesis asks whatever it allows and forbids, and finds nothing."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance
from serve.conftest import Serve

from attribkit.models.classifier import Classifier
from attribkit.serve.limits import Limits

UNSAYABLE: list[Any] = [positive_data_acceptance]
"""That a text holds a word which the model's tokenizer knows to cut is refused in a sentence; no schema can say it."""

REFUSED = "400 401 403 404 405 406 409 413 415 422 428 429 5xx".split()
REFUSALS = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSED}}})
"""As schemathesis expects them of what is forbidden, and 413: a body over the limit is refused before it is read."""


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_server_keeps_to_its_description(live: str, mode: GenerationMode) -> None:
    assert keeps_to_its_description(live, mode) >= 60


def keeps_to_its_description(address: str, mode: GenerationMode, prefix: str = "/") -> int:
    """Ask what its paths allow or forbid, and say how often."""
    asked = 0
    for found in schemathesis.openapi.from_url(f"{address}/openapi.json", config=REFUSALS).get_all_operations():
        assert isinstance(found, Ok)
        if not found.ok().path.startswith(prefix):
            continue
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and operation.method.upper() == "GET":
            continue  # a path that takes nothing, or any name at all, cannot be asked wrongly

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=15,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        def keeps_to_it(case: Case) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(timeout=60, excluded_checks=UNSAYABLE)

        keeps_to_it()
    return asked


LIMITS = Limits(body_bytes=900, text_characters=20, text_tokens=3, texts=2)
ONE = {"text": "a film"}


def test_the_limits_that_are_told_are_those_that_are_kept(
    make_classifier: Callable[..., Classifier], serving: Serve
) -> None:
    address = serving([make_classifier("cnn")], LIMITS)
    told = requests.get(f"{address}/models", timeout=60).json()
    assert (told["text_characters"], told["text_tokens"], told["texts"]) == (20, 3, 2)
    schemas = requests.get(f"{address}/openapi.json", timeout=60).json()["components"]["schemas"]
    for name in ("Explain", "Live", "Alternatives"):
        assert schemas[name]["properties"]["text"]["maxLength"] == 20
    assert schemas["Alternatives"]["properties"]["start"]["maximum"] == 20
    assert schemas["Predict"]["properties"]["texts"]["maxItems"] == 2
    assert schemas["Predict"]["properties"]["texts"]["items"]["maxLength"] == 20
    assert schemas["Files"]["properties"]["explanations"]["items"] == {"$ref": "#/components/schemas/Explain"}

    def asked(path: str, body: Any) -> tuple[int, str]:
        answer = requests.post(f"{address}/{path}", json=body, timeout=60)
        return answer.status_code, answer.json().get("error", "") if answer.status_code != 200 else ""

    short, long, many = "a" * 20, "a" * 21, "a a a a"
    for path in ("explain", "live"):
        assert asked(path, {"text": short})[0] == 200
        assert asked(path, {"text": long})[0] == 422 and "20 characters" in asked(path, {"text": long})[1]
        assert asked(path, {"text": many}) == (
            422,
            "a text may have 3 tokens here, got 4; explain it with attribkit.explain, or shorten it",
        )
    assert asked("files/json", {"explanations": [{"text": long}]})[0] == 422
    assert asked("alternatives", {"text": long, "start": 0})[0] == 422
    assert asked("alternatives", {"text": short, "start": 21})[0] == 422
    assert asked("predict", {"texts": [short, short]})[0] == 200
    assert asked("predict", {"texts": ["a", "a", "a"]})[0] == asked("predict", {"texts": [long]})[0] == 422
    assert asked("explain", ONE | {"baseline": "a" * 1_000})[0] == 413


def test_a_text_of_more_tokens_than_characters_is_too_long_too(
    make_classifier: Callable[..., Classifier], serving: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_classifier("cnn")
    real = type(model.tokenizer).encode  # as one that cuts characters into bytes does

    def encode(self: Any, texts: list[str]) -> Any:
        return real(self, [" ".join("film" for _ in text.encode()) for text in texts])

    monkeypatch.setattr(type(model.tokenizer), "encode", encode)
    answer = requests.post(f"{serving([model], LIMITS)}/explain", json={"text": "é字"}, timeout=60)
    assert answer.status_code == 422 and "got 5" in answer.json()["error"]
