"""A method of one's own: one function and one call of `register`, and everything that takes a method takes it."""

from collections.abc import Callable

import pytest
import torch

from attribkit.attribution import registry
from attribkit.attribution.registry import Method, in_words, register_method
from attribkit.attribution.request import AttributionRequest, MethodResult
from attribkit.errors import InputError, InputTypeError
from attribkit.evaluation.scores import check_methods
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.serve.limits import Limits
from attribkit.serve.schema import Explain, within


def norms(request: AttributionRequest) -> MethodResult:
    """The length of each token's embedding."""
    scores = request.embedded.norm(dim=2).double().expand(len(request.targets), -1, -1)
    return MethodResult(scores, torch.zeros(scores.shape[:2], dtype=torch.int64), None)


def test_a_registered_method_is_taken_everywhere(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.METHODS, "norms", Method("norms", "embedding lengths", norms, "none"))
    model = make_classifier("cnn")
    why = explain(model, "a good film", method="norms")
    expected = model.network.embedding(torch.from_numpy(model.encode(["a good film"])[0].ids)).norm(dim=1)
    assert why.scores == pytest.approx(expected.detach().numpy())
    assert "norms" in in_words() and check_methods(model, ["norms"]) == ("norms",)
    assert "'norms'" in str(within(Limits(), Explain).model_json_schema()["properties"]["method"])
    register_method(Method("norms", "embedding lengths", norms, "none"))  # the same again is no fault
    with pytest.raises(InputError, match="already a method 'lime'"):
        register_method(Method("lime", "embedding lengths", norms, "none"))
    with pytest.raises(InputTypeError, match="a Method whose `solve` can be called was expected, got 'norms'"):
        register_method("norms")  # type: ignore[arg-type]  # the mistake under test
