"""What the OpenAPI says of the rows is true."""

import pytest
from schemathesis import GenerationMode
from serve.test_openapi import keeps_to_its_description


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_workbench_keeps_to_its_description(bench: str, mode: GenerationMode) -> None:
    assert keeps_to_its_description(bench, mode, "/data") >= 60
