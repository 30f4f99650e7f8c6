"""What is answered is what the toolkit says, and every mistake is answered with one sentence."""

import json
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import requests
import torch
from serve.conftest import Post, Serve

import attribkit as ak
from attribkit.errors import InputError, UnknownNameError
from attribkit.models.classifier import Classifier
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations

TEXT = "It was a horrible movie"


def test_explain_answers_the_explanation_that_the_library_gives(post: Post, bundled: list[Classifier]) -> None:
    for model in bundled:
        answer = post("explain", {"text": TEXT, "model": model.name, "views": ["attribution"]})
        assert answer.status_code == 200
        found, own = Explanation.from_json(answer.text), ak.explain(model, TEXT, views=["attribution"])
        assert found.provenance == own.provenance
        np.testing.assert_allclose(found.token_scores.scores, own.token_scores.scores, rtol=1e-5, atol=1e-6)
        assert found.token_scores.converged


def test_every_setting_reaches_the_explanation(post: Post) -> None:
    body = {
        "text": TEXT,
        "views": ["attribution"],
        "target": ["pos", "neg"],
        "output": "logit",
        "method": "quadrature",
        "baseline": ["unk", "pad"],
        "tolerance": 1e-3,
        "seed": 3,
    }
    panel = Explanation.from_json(post("explain", body).text).token_scores
    assert (panel.target, panel.unit, panel.method, panel.tolerance) == ("pos − neg", "logit", "quadrature", 1e-3)
    assert panel.band is not None and panel.band.baselines == ("unk", "pad")


def test_the_most_steps_over_http_are_those_of_the_library(post: Post, bundled: list[Classifier]) -> None:
    settings = {"views": ["attribution"], "method": "quadrature", "tolerance": 1e-13, "model": bundled[0].name}
    few, many = (
        Explanation.from_json(post("explain", {"text": TEXT, **settings, "max_steps": most}).text).token_scores
        for most in (100, 400)
    )
    own = ak.explain(bundled[0], TEXT, views="attribution", method="quadrature", tolerance=1e-13, max_steps=100)
    assert few.steps == own.token_scores.steps <= 100 < many.steps <= 400
    assert np.allclose(few.scores, own.scores, atol=1e-9)


def test_live_says_what_the_explanation_says(post: Post, bundled: list[Classifier]) -> None:
    text = "The 🎬 film was dull, but not horrible."
    found = post("live", {"text": text, "place": True}).json()
    own = ak.explain(bundled[0], text, views=["attribution", "projection"])
    assert found["scores"] == pytest.approx(own.token_scores.scores.tolist(), abs=1e-5)
    assert [text[a:b] for a, b in zip(found["starts"], found["ends"], strict=True)][:4] == ["The", "🎬", "film", "was"]
    assert found["verdict"]["icon"] == "✓" and "scores sum to the model’s output" in found["verdict"]["words"]
    assert found["prediction"]["label"] == own.prediction.label  # type: ignore[union-attr]
    assert found["phrases"][0]["score"] == pytest.approx(own.token_scores.strongest_phrases(1)[0].score, abs=1e-5)
    placed = own.panels()[1].placed[0]  # type: ignore[union-attr]
    assert [near["point"] for near in found["place"]["neighbours"]] == placed.neighbours.tolist()
    assert 0 <= found["place"]["x"] <= 1 and 0 <= found["place"]["y"] <= 1


def test_attention_stands_beside_attribution_with_kendalls_tau(post: Post, bundled: list[Classifier]) -> None:
    found = post("live", {"text": TEXT, "model": "imdb-attention-rnn"}).json()["attention"]
    own = ak.explain(bundled[1], TEXT, views=["attention"], compare=True).panels()[0]
    assert found["weights"] == pytest.approx(own.rows[0].values.tolist(), abs=1e-6)  # type: ignore[union-attr]
    pair = next(one for one in own.agreements if one.second == "integrated gradients")  # type: ignore[union-attr]
    assert found["tau"] == pytest.approx(pair.tau)
    assert "τ = " in found["agreement"]


def test_predict_answers_what_the_library_predicts(post: Post, bundled: list[Classifier]) -> None:
    texts = [TEXT, "Best film ever", "a"]
    found = post("predict", {"texts": texts}).json()["predictions"]
    own = bundled[0].predict(texts)
    assert [one["label"] for one in found] == own["label"].tolist()
    assert [one["probabilities"]["pos"] for one in found] == pytest.approx(own["pos"].tolist(), abs=1e-6)


def test_a_text_or_several_are_asked_about_in_the_same_way(post: Post, bundled: list[Classifier]) -> None:
    texts = [TEXT, "A great film", TEXT]
    own = ak.explain(bundled[0], texts, views="attribution", target="neg")
    found = Explanations.from_json(post("explain", {"texts": texts, "views": ["attribution"], "target": "neg"}).text)
    assert [row.text for row in found] == texts
    for row, wanted in zip(found, own, strict=True):
        np.testing.assert_allclose(row.scores, wanted.scores, rtol=1e-5, atol=1e-6)
    one = Explanations.from_json(post("explain", {"texts": [TEXT], "views": ["attribution"]}).text)
    alone = Explanation.from_json(post("explain", {"text": TEXT, "views": ["attribution"]}).text)
    assert len(one) == 1 and one[0].text == alone.text == TEXT
    assert post("predict", {"text": TEXT}).json() == post("predict", {"texts": [TEXT]}).json()
    for path in ("explain", "predict"):
        for body, got in (({}, "neither"), ({"text": TEXT, "texts": [TEXT]}, "both")):
            answer = post(path, body)
            assert answer.status_code == 422
            assert f"either text or texts was expected, got {got}" in answer.json()["error"]
    refused = post("files/json", {"explanations": [{"texts": [TEXT]}]})
    assert refused.status_code == 422 and "is of one text, got texts; give text" in refused.json()["error"]


def test_alternatives_are_the_nearest_words_and_what_the_model_says_with_them(
    post: Post, bundled: list[Classifier]
) -> None:
    found = post("alternatives", {"text": TEXT, "start": 12}).json()
    assert (found["word"], found["start"], found["end"], found["known"]) == ("horrible", 9, 17, True)
    without, nearest, *_ = found["alternatives"]
    assert without["word"] == "" and without["similarity"] is None
    model = bundled[0]
    weight = model.network.embedding.weight.detach().numpy()
    vocabulary = model.tokenizer.vocabulary  # type: ignore[attr-defined]
    own = weight[vocabulary["horrible"]]
    slow = {
        word: float(own @ weight[row] / np.linalg.norm(own) / np.linalg.norm(weight[row]))
        for word, row in vocabulary.items()
        if row > 1 and word != "horrible"
    }
    best = max(slow, key=lambda word: slow[word])
    assert (nearest["word"], nearest["similarity"]) == (best, pytest.approx(slow[best], abs=1e-5))
    texts = ["It was a   movie", f"It was a {best} movie"]
    assert [one["probabilities"]["neg"] for one in (without, nearest)] == pytest.approx(
        model.predict(texts)["neg"].tolist(), abs=1e-6
    )


def test_the_words_that_a_word_acts_with_are_those_of_the_view(post: Post, bundled: list[Classifier]) -> None:
    text = "It was not bad at all"
    answer = post("together", {"text": text, "start": 8, "target": "pos"}).json()
    assert (answer["word"], answer["start"], answer["end"], answer["unit"]) == ("not", 7, 10, "log-odds")
    (panel,) = ak.explain(bundled[0], text, views="interactions", target="pos").panels()
    row = panel.matrix[2]  # type: ignore[union-attr]
    row[2] = 0.0
    order = np.argsort(-np.abs(row))
    assert [one["word"] for one in answer["partners"]] == [text.split()[k] for k in order if row[k]]
    assert answer["partners"][0]["word"] == "bad" and answer["partners"][0]["said"].startswith("+")
    np.testing.assert_allclose([one["value"] for one in answer["partners"]], row[order][row[order] != 0], atol=1e-9)


def test_an_unknown_word_has_no_neighbours_and_the_only_word_cannot_be_left_out(post: Post) -> None:
    found = post("alternatives", {"text": "Qzxvbn", "start": 0}).json()
    assert found["known"] is False and found["alternatives"] == []
    assert post("alternatives", {"text": "Bad", "start": 0}).json()["alternatives"][0]["word"][0].isupper()


@pytest.mark.parametrize(
    ("kind", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("html", b"<!DOCTYPE")]
)
def test_files_are_drawn_by_the_same_writers(post: Post, kind: str, begins: bytes) -> None:
    one = {"text": TEXT, "views": ["attribution"]}
    answer = post(f"files/{kind}", {"explanations": [one, {**one, "text": "Best film ever"}]})
    assert answer.status_code == 200 and answer.content.startswith(begins)
    assert answer.headers["content-disposition"] == f'attachment; filename="why.{kind}"'
    if kind in ("svg", "html"):
        assert "Content-Security-Policy" in answer.text or kind == "svg"


def test_a_file_of_two_is_read_back_as_two(post: Post) -> None:
    one = {"text": TEXT, "views": ["attribution"]}
    assert len(Explanations.from_json(post("files/json", {"explanations": [one, one]}).text)) == 2
    assert Explanation.from_json(post("files/json", {"explanations": [one]}).text).text == TEXT


def test_models_tell_what_can_be_asked(live: str) -> None:
    found = requests.get(f"{live}/models", timeout=60).json()
    cnn, rnn = found["models"]
    assert (cnn["name"], cnn["labels"], cnn["attention"], cnn["map"]) == ("imdb-cnn", ["neg", "pos"], False, True)
    assert "exact" in cnn["methods"] and "exact" not in rnn["methods"] and rnn["attention"]
    assert found["text_tokens"] == 2000
    points = requests.get(f"{live}/models/imdb-cnn/map", timeout=60).json()
    assert len(points["points"]) == len(points["sign"]) == 300
    assert requests.get(f"{live}/healthz", timeout=60).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("explain", {"text": "a", "model": "nobody"}, 404, "must be one of imdb-cnn, imdb-attention-rnn"),
        ("explain", {"text": ""}, 422, "text"),
        ("explain", {"text": " \n\t "}, 422, "the text is empty"),
        ("explain", {"text": 7}, 422, "text"),
        ("explain", {"text": ["a", "b"]}, 422, "text: one text was expected, got a list of 2; give several as texts"),
        ("predict", {"text": ["a", "b"]}, 422, "text: one text was expected, got a list of 2; give several as texts"),
        ("predict", {}, 422, "the body: either text or texts was expected, got neither"),
        ("explain", {"text": "a", "textt": "b"}, 422, "textt"),
        ("explain", {"text": "a", "target": "good"}, 422, "must be one of the labels neg, pos"),
        ("explain", {"text": "a", "target": ["pos", "pos"]}, 422, "two different labels"),
        ("explain", {"text": "a", "target": "9" * 5000}, 422, ""),
        ("explain", {"text": "a", "tolerance": 0}, 422, "tolerance"),
        ("explain", {"text": "a", "method": "magic"}, 422, "method"),
        ("explain", {"text": "a", "baseline": []}, 422, "baseline"),
        ("explain", {"text": "a", "model": "imdb-attention-rnn", "method": "exact"}, 422, "closed form"),
        ("explain", {"text": "a", "views": ["attention"]}, 422, "needs a network with attention"),
        ("explain", {"text": "word " * 2001}, 422, "a text may have 2,000 tokens here, got 2,001"),
        ("live", {"text": "x" * 100_001}, 422, "text"),
        ("live", [], 422, "body"),
        ("predict", {"texts": []}, 422, "texts"),
        ("predict", {"texts": ["a", ""]}, 422, "texts.1"),
        ("alternatives", {"text": "a  b", "start": 1}, 422, "must lie in a word"),
        ("together", {"text": "a  b", "start": 1}, 422, "must lie in a word"),
        ("together", {"text": "a b", "start": 0, "model": "imdb-attention-rnn"}, 422, "need a text CNN"),
        ("together", {"text": "a b", "start": 0, "output": "probability"}, 422, "use output='log_odds' or 'logit'"),
        ("together", {"text": "a b c", "start": 0, "max_tokens": 2}, 422, "give max_tokens=3"),
        ("explain", {"text": "a b c", "method": "shapley", "max_tokens": 2}, 422, "give max_tokens=3"),
        ("explain", {"text": "a b", "interactions": "banzhaf"}, 422, "interactions: Input should be 'shapley'"),
        ("files/gif", {"explanations": [{"text": "a"}]}, 422, "kind"),
        ("nowhere", {}, 404, "Not Found"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(post: Post, path: str, body: Any, status: int, says: str) -> None:
    answer = post(path, body)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"] and says in answer.json()["error"]


@pytest.mark.parametrize(
    ("kind", "body", "status", "sentence"),
    [
        (None, b'{"text": "a"}', 422, "the content-type header must be application/json, got none; send that header"),
        ("text/plain", b'{"text": "a"}', 422, "must be application/json, got text/plain; send that header"),
        ("application/json", b'{"text": a}', 400, "the body is not JSON: Expecting value at character 10; send JSON"),
        ("application/json", b'{"text": "\xe9"}', 400, "the body cannot be read as JSON in UTF-8; send JSON"),
    ],
)
@pytest.mark.parametrize("path", ["predict", "explain"])
def test_a_body_that_is_not_sent_as_json_is_answered_with_what_is_missing(
    live: str, path: str, kind: str | None, body: bytes, status: int, sentence: str
) -> None:
    answer = requests.post(f"{live}/{path}", data=body, headers={"content-type": kind} if kind else {}, timeout=60)
    if kind is None and answer.status_code == 200:
        pytest.skip("this FastAPI reads a body without the header as JSON")
    assert answer.status_code == status
    assert sentence in answer.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"text": "\\ud800"}',
        b'{"text": "a\\udfff b"}',
        b"[" * 100_000,
        b'{"tolerance": NaN}',
        b"1" * 9000,
    ],
)
def test_hostile_bodies_are_refused_and_nobody_else_notices(live: str, post: Post, body: bytes) -> None:
    answer = requests.post(f"{live}/explain", data=body, headers={"content-type": "application/json"}, timeout=60)
    assert answer.status_code in (400, 422) and len(answer.json()["error"]) < 500
    assert post("live", {"text": TEXT}).status_code == 200


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "a\x00b\x1b[31m", "a \u202e b \u2066", "</script><!--", "\U0001f468\u200d\U0001f469"],
)
def test_hostile_texts_come_back_as_the_text_that_they_are(post: Post, text: str) -> None:
    answer = post("explain", {"text": text, "views": ["attribution"]})
    assert Explanation.from_json(answer.text).text == text
    assert (
        answer.headers["content-type"] == "application/json" and answer.headers["x-content-type-options"] == "nosniff"
    )
    page = post("files/html", {"explanations": [{"text": text, "views": ["attribution"]}]}).text
    assert "<script" not in page


class Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.mark.parametrize("fault", [KeyError("label"), ValueError("shapes"), TypeError("of None"), TimeoutError("own")])
def test_a_fault_of_the_package_is_told_as_one_and_traced(
    make_classifier: Callable[..., Classifier], serving: Serve, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    handler = Kept()
    address = serving([make_classifier("cnn")])

    def broken(*_: object, **__: object) -> None:
        raise fault

    logger = logging.getLogger("uvicorn.error")
    logger.addHandler(handler)
    monkeypatch.setattr("attribkit.serve.handlers.explain", broken)
    answer = requests.post(f"{address}/explain", json={"text": "a film"}, timeout=60)
    assert answer.status_code == 500
    assert answer.json()["error"].startswith(f"this is a fault of attribkit ({type(fault).__name__})")
    assert requests.post(f"{address}/predict", json={"texts": ["a film"]}, timeout=60).status_code == 200
    logger.removeHandler(handler)
    traced = [one.exc_info[1] for one in handler.records if one.exc_info]
    assert [repr(one) for one in traced] == [repr(fault)]


@pytest.mark.parametrize(("error", "status"), [(InputError("why"), 422), (UnknownNameError("why"), 404)])
def test_only_the_packages_own_errors_are_sentences(
    make_classifier: Callable[..., Classifier],
    serving: Serve,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
) -> None:
    def refusing(*_: object, **__: object) -> None:
        raise error

    address = serving([make_classifier("cnn")])
    monkeypatch.setattr("attribkit.serve.handlers.explain", refusing)
    answer = requests.post(f"{address}/explain", json={"text": "a film"}, timeout=60)
    assert (answer.status_code, answer.json()) == (status, {"error": "why"})


def test_two_models_of_one_name_are_refused(make_classifier: Callable[..., Classifier]) -> None:
    from attribkit.serve.app import create_app

    for models in ([], [make_classifier(), make_classifier()]):
        with pytest.raises(ValueError, match="models of different names"):
            create_app(models)


def test_a_model_that_changes_later_changes_no_answer(
    make_classifier: Callable[..., Classifier], serving: Serve
) -> None:
    model = make_classifier("cnn")
    address = serving([model])
    ask = lambda: requests.post(f"{address}/explain", json={"text": "a good film"}, timeout=60).json()  # noqa: E731
    before = ask()
    model.network.output.weight.data.zero_()
    assert ask() == before
    assert before["content"]["provenance"]["fingerprint"] != model.fingerprint()


def test_the_openapi_names_every_path(live: str) -> None:
    found = requests.get(f"{live}/openapi.json", timeout=60).json()
    assert {"/explain", "/predict", "/models", "/healthz", "/alternatives", "/live", "/files/{kind}"} <= set(
        found["paths"]
    )
    assert json.dumps(found).count("$ref") > 5


def test_a_text_without_a_finite_output_is_refused_and_the_others_are_answered(
    serving: Serve, make_classifier: Callable[..., Classifier]
) -> None:
    model = make_classifier("attention-rnn")
    with torch.no_grad():
        model.network.embedding.weight[model.tokenizer.vocabulary["dull"]] = torch.nan  # type: ignore[attr-defined]
    address = serving([model])
    for path, question in (
        ("predict", {"texts": ["a good film", "dull and bad"]}),
        ("explain", {"text": "dull and bad"}),
        ("live", {"text": "dull and bad"}),
        ("alternatives", {"text": "dull and bad", "start": 5}),
    ):
        told = requests.post(f"{address}/{path}", json=question, timeout=60)
        assert told.status_code == 422, told.text
        assert "NaN or infinite for" in told.json()["error"] and "dull and bad" in told.json()["error"]
    fine = requests.post(f"{address}/predict", json={"texts": ["a good film"]}, timeout=60)
    assert fine.status_code == 200 and fine.json()["predictions"][0]["label"] in model.labels
