"""What the OpenAPI says is true: schemathesis asks whatever it allows and forbids, and finds nothing."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

UNSAYABLE: list[Any] = [positive_data_acceptance]
"""That a text holds a word which the model's tokenizer knows to cut is refused in a sentence; no schema can say it."""


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_server_keeps_to_its_description(live: str, mode: GenerationMode) -> None:
    asked = 0
    for found in schemathesis.openapi.from_url(f"{live}/openapi.json").get_all_operations():
        assert isinstance(found, Ok)
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
    assert asked >= 60
