"""Texts longer than the model: refused, cut as the pipeline cuts them, or read in windows; never a silent cut."""

import io
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from huggingface.long_texts import LIMIT, LONG, STRIDE, limited, windows_by_hand
from huggingface.test_architectures import state_of, theirs
from huggingface.tiny import INPUTS, NAMES, TEXTS, pipeline_of, saved, tiny
from rich.console import Console
from transformers import AutoConfig

import attribkit as ak
from attribkit.cli import main
from attribkit.data.readable import SkippedRowsWarning
from attribkit.errors import InputError, TooLongError
from attribkit.huggingface.architectures import longest
from attribkit.huggingface.encoder import longest_first
from attribkit.last_layer.features import read_features
from attribkit.results.panels import TokenScores
from attribkit.text.long_texts import CutTextsWarning, LongTexts
from attribkit.text.text_pair import joined_pair


def logits_by_hand(model: Any, windows: list[dict[str, Any]]) -> np.ndarray:
    """(W, C) the model's own logits of each window."""
    rows = []
    with torch.no_grad():
        for window in windows:
            names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in window]
            rows.append(model(**{name: torch.tensor([window[name]]) for name in names}).logits[0].double().numpy())
    return np.array(rows)


def text_of(tokenizer: Any, tokens: int) -> str:
    """A text of exactly so many tokens."""
    text = TEXTS[0]
    pieces = [" film", " a", ".", " the", " x"]
    for _ in range(10_000):
        count = len(tokenizer(text, add_special_tokens=False)["input_ids"])
        if count == tokens:
            return text
        text = text + pieces[count % len(pieces)] if count < tokens else text[:-1]
    raise AssertionError("no text of so many tokens")


@pytest.mark.parametrize("name", NAMES)
def test_a_text_at_the_limit_is_read_and_one_above_it_is_not_cut_in_silence(name: str) -> None:
    model, tokenizer = tiny(name)
    limit = longest(model.config, tokenizer)
    assert (limit is None) == (name in ("deberta-v2", "xlnet", "funnel", "t5"))
    if limit is None:
        assert len(ak.load((model, tokenizer)).predict([LONG * 3])) == 1
        model, tokenizer = limited(name)
        limit = longest(model.config, tokenizer)
    assert limit in (64, LIMIT)
    room = limit - tokenizer.num_special_tokens_to_add()
    at, above = text_of(tokenizer, room), text_of(tokenizer, room + 1)
    refusing, cutting = ak.load((model, tokenizer)), ak.load((model, tokenizer), long="cut")
    expected = theirs(pipeline_of(model, tokenizer), [at], refusing.labels)
    assert np.abs(refusing.probabilities([at]) - expected).max() < 1e-5
    with pytest.raises(TooLongError, match=f"reads {limit} tokens, .* has {room + 1}; shorten it, or load"):
        ak.explain(refusing, above)
    pipe = pipeline_of(model, tokenizer, truncation=True, max_length=limit)
    expected = theirs(pipe, [above], refusing.labels)
    with pytest.warns(CutTextsWarning):
        own = cutting.probabilities([above])
    assert np.abs(own - expected).max() < 1e-5
    assert cutting.encode([at])[0].total == room and cutting.encode([above])[0].total == room + 1
    windowed = ak.load((model, tokenizer), long="windows", stride=STRIDE)
    assert np.array_equal(windowed.probabilities([at]), refusing.probabilities([at]))
    by_hand = logits_by_hand(model, windows_by_hand(tokenizer, above, limit))
    assert len(by_hand) == 2
    np.testing.assert_allclose(windowed.logits(windowed.ids([above]))[0], by_hand.mean(0), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "positions", "tokens", "expected"),
    [
        ("roberta", 514, 10**30, 512),  # two positions are kept for padding
        ("xlm-roberta", 514, 512, 512),
        ("camembert", 514, 10**30, 512),
        ("mpnet", 514, 512, 512),
        ("longformer", 4098, 10**30, 4096),
        ("bert", 512, 10**30, 512),
        ("distilbert", 512, 128, 128),
        ("gpt2", 1024, 10**30, 1024),
        ("xlnet", None, 10**30, None),
        ("t5", None, 10**30, None),
        ("t5", None, 512, 512),
        ("deberta-v2", 512, 10**30, None),
    ],
)
def test_what_a_model_reads_is_told_from_its_configuration(
    name: str, positions: int | None, tokens: int, expected: int | None
) -> None:
    settings = {} if positions is None else {"max_position_embeddings": positions}
    config = AutoConfig.for_model(name, **settings)
    assert longest(config, SimpleNamespace(model_max_length=tokens)) == expected


def test_of_several_texts_the_one_that_is_too_long_is_named() -> None:
    loaded = ak.load(limited("bert"))
    for ask in (loaded.encode, loaded.predict, loaded.probabilities):
        with pytest.raises(TooLongError, match="text 1: the model reads 24 tokens"):
            ask([TEXTS[0], LONG])


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_the_mean_of_the_tokenizers_own_windows(name: str) -> None:
    model, tokenizer = limited(name)
    loaded, before = ak.load((model, tokenizer), long="windows", stride=STRIDE), state_of(model)
    texts = [LONG, TEXTS[0], TEXTS[3] + " " + TEXTS[1], joined_pair(INPUTS[0]) if name == "bert" else TEXTS[2], LONG]
    if any(len(tokenizer(*text.split(" ␞ "))["input_ids"]) > LIMIT for text in texts[3:4]):
        texts[3] = TEXTS[2]
    together = loaded.logits(loaded.ids(texts))
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_allclose(loaded.logits(loaded.ids([text]))[0], row, atol=1e-5)  # in a batch as alone
    assert state_of(model) == before  # what is run by hand below changes BigBird's kind of attention by itself
    for text, row in zip(texts, together, strict=True):
        if " ␞ " not in text:
            windows = windows_by_hand(tokenizer, text)
            assert len(windows) > 1 or text is not LONG
            np.testing.assert_allclose(row, logits_by_hand(model, windows).mean(0), atol=1e-5)


def gradients_by_hand(model: Any, loaded: Any, window: dict[str, Any], label: int, steps: int = 400) -> np.ndarray:
    """(L,) integrated gradients of one logit of one window, by many midpoints; its special tokens stay."""
    ids = torch.tensor([window["input_ids"]])
    own = torch.tensor(window["special_tokens_mask"]) == 0
    vectors = model.get_input_embeddings()(ids).detach()
    base = vectors.clone()
    base[0, own] = model.get_input_embeddings()(torch.tensor(loaded.network.baselines["pad"])).detach()
    others = {name: torch.tensor([window[name]]) for name in ("attention_mask", "token_type_ids") if name in window}
    total = torch.zeros_like(vectors, dtype=torch.float64)
    for alphas in ((torch.arange(steps) + 0.5) / steps).split(100):
        points = (base + alphas.view(-1, 1, 1) * (vectors - base)).requires_grad_()
        given = {name: value.expand(len(alphas), -1) for name, value in others.items()}
        logits = model(inputs_embeds=points, **given).logits[:, label]
        total += torch.autograd.grad(logits.sum(), points)[0].double().sum(0) / steps
    return ((vectors - base) * total).sum(2)[0].numpy()


@pytest.mark.parametrize("name", ["bert", "distilbert", "electra", "albert"])
def test_scores_are_those_of_the_windows_summed_over_what_they_share(name: str) -> None:
    model, tokenizer = limited(name)
    loaded, before = ak.load((model, tokenizer), long="windows", stride=STRIDE), state_of(model)
    why = ak.explain(loaded, LONG, views="attribution", output="logit", target="LABEL_1", baseline="pad")
    assert state_of(model) == before
    panel = why.token_scores
    assert panel.converged and panel.subwords is not None
    windows = windows_by_hand(tokenizer, LONG)
    ids = tokenizer(LONG, add_special_tokens=False)["input_ids"]
    expected, shares, first = np.zeros(len(ids)), np.zeros(len(ids)), 0
    for window in windows:
        scores = gradients_by_hand(model, loaded, window, 1)
        words = [k for k, special in enumerate(window["special_tokens_mask"]) if not special]
        assert [window["input_ids"][k] for k in words] == ids[first : first + len(words)]
        expected[first : first + len(words)] += scores[words] / len(windows)
        shares[first : first + len(words)] += 1
        first += len(words) - STRIDE
    assert set(shares) == {1, 2}  # some in one window, some in two
    np.testing.assert_allclose(panel.subwords.scores, expected, atol=2e-3 * np.abs(expected).sum() / 10)
    logits = logits_by_hand(model, windows)
    assert panel.output_text == pytest.approx(logits[:, 1].mean(), abs=1e-5)
    assert panel.total == pytest.approx(panel.output_text - panel.output_baseline, rel=1e-3)


def test_every_window_has_a_verdict_of_its_own() -> None:
    model, tokenizer = limited("bert")
    loaded = ak.load((model, tokenizer), long="windows", stride=STRIDE)
    why = ak.explain(loaded, LONG, views="attribution", output="logit", target="LABEL_2")
    table, panel = why.to_frame(level="window"), why.token_scores
    windows = windows_by_hand(tokenizer, LONG)
    logits = logits_by_hand(model, windows)
    np.testing.assert_allclose(table["output"], logits[:, 2], atol=1e-5)
    assert panel.output_text == pytest.approx(table["output"].mean(), abs=1e-6)
    assert panel.output_baseline == pytest.approx(table["output_baseline"].mean(), abs=1e-6)
    assert panel.total == pytest.approx(table["total"].mean(), rel=1e-3)
    assert table["converged"].all() and (table["relative_error"] <= 1e-4).all() and (table["steps"] >= 7).all()
    assert table["verdict"].str.startswith("scores sum to the model’s output").all()
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    for answer, share in zip(table["answer"], shares, strict=True):
        assert answer == f"LABEL_{share.argmax()} ({100 * share.max():.1f}%)"
    for (start, end), window in zip(table[["start", "end"]].to_numpy(), windows, strict=True):
        own = [place for place in window["offset_mapping"] if place != (0, 0)]
        assert (start, end) == (min(place[0] for place in own), max(place[1] for place in own))
    notes = " ".join(panel.notes)
    assert (
        f"read in {len(windows)} windows of 22 tokens, each sharing 5" in notes and "by themselves the windows" in notes
    )
    assert ak.Explanation.from_json(why.to_json()) == why and f"in {len(windows)} windows: by" in why.summary()
    with pytest.raises(InputError, match="was not read in windows"):
        ak.explain(loaded, TEXTS[0]).to_frame(level="window")


@pytest.mark.parametrize("target", [None, "all", ("LABEL_0", "LABEL_1"), "top2"])
def test_windows_are_explained_for_the_same_target(target: Any) -> None:
    loaded = ak.load(limited("bert"), long="windows")
    text = TEXTS[3] + " " + TEXTS[0]
    why = ak.explain(loaded, text, views="attribution", target=target, baseline=["pad", "mask"])
    table = why.to_frame(level="window")
    ids = loaded.ids([text])[0]
    assert len(table) == 3 * len(why.panels())
    for panel, (name, rows) in zip(why.panels(), table.groupby("target", sort=False), strict=True):
        assert isinstance(panel, TokenScores) and panel.target == name
        logits = loaded.logits([ids[start:end] for start, end in loaded.capabilities.long_texts.spans(len(ids))])
        for row, output in zip(logits, rows["output"], strict=True):
            first, *against = [loaded.labels.index(label) for label in str(name).split(" − ")]
            others = against or [number for number in range(3) if number != first]
            assert output == pytest.approx(row[first] - np.logaddexp.reduce(row[others]), abs=1e-6)


def test_a_window_that_did_not_converge_is_named() -> None:
    loaded = ak.load(limited("bert"), long="windows")
    panel = ak.explain(loaded, LONG, views="attribution", max_steps=7, tolerance=1e-9).token_scores
    assert not panel.converged and panel.windows is not None and False in panel.windows.converged
    number = panel.windows.converged.index(False) + 1
    assert f"{number}" in panel.windows.note and "did not converge" in panel.windows.note
    assert panel.windows.note in panel.notes


@pytest.mark.parametrize("method", ["leave_one_out", "shapley_sampling", "saliency"])
def test_other_methods_ask_the_same_windows(method: str) -> None:
    model, tokenizer = limited("bert")
    loaded = ak.load((model, tokenizer), long="windows", stride=STRIDE)
    text = TEXTS[3] + " " + TEXTS[0]
    why = ak.explain(loaded, text, views="attribution", method=method, output="logit", target="LABEL_0")
    assert np.isfinite(why.scores).all() and np.abs(why.scores).max() > 0
    if method == "leave_one_out":  # by hand: one token's vector exchanged in every window that has it
        windows = windows_by_hand(tokenizer, text)
        whole = logits_by_hand(model, windows)[:, 0].mean()
        place = LIMIT - 2 - STRIDE + 1  # which the first two windows share
        changed = [dict(window, input_ids=list(window["input_ids"])) for window in windows]
        changed[0]["input_ids"][1 + place] = tokenizer.pad_token_id
        changed[1]["input_ids"][1 + place - (LIMIT - 2 - STRIDE)] = tokenizer.pad_token_id
        without = logits_by_hand(model, changed)[:, 0].mean()
        assert why.to_frame(level="token")["score"].iloc[place] == pytest.approx(whole - without, abs=1e-5)


def test_a_point_on_a_map_is_the_mean_of_the_windows() -> None:
    model, tokenizer = limited("bert")
    loaded = ak.load((model, tokenizer), long="windows", stride=STRIDE)
    ids = loaded.ids([LONG])[0]
    outputs = ak.layer_outputs(loaded, [LONG, TEXTS[0]], "hidden_states.2")
    states = []
    hook = model.bert.encoder.layer[1].register_forward_hook(
        lambda _, __, out: states.append((out[0] if isinstance(out, tuple) else out)[0, 0].numpy().copy())
    )
    logits_by_hand(model, windows_by_hand(tokenizer, LONG))
    hook.remove()
    assert len(states) == len(loaded.capabilities.long_texts.spans(len(ids)))
    np.testing.assert_allclose(outputs["hidden_states.2"][0], np.mean(states, axis=0), atol=1e-5)
    np.testing.assert_allclose(outputs.logits, loaded.logits(loaded.ids([LONG, TEXTS[0]])), atol=1e-5)
    assert "1 of 2 texts was read in windows" in outputs.summary()
    with pytest.raises(InputError, match="which share tokens"):
        ak.layer_outputs(loaded, [LONG], "hidden_states.2", "tokens")


def test_what_the_last_layer_read_is_the_mean_over_the_windows(tmp_path: Path) -> None:
    model, tokenizer = limited("bert")
    loaded = ak.load((model, tokenizer), long="windows", stride=STRIDE)
    ids = loaded.ids([LONG, TEXTS[0]])
    for folder in (None, tmp_path / "features"):
        features = read_features(loaded, ids, folder=folder)
        with torch.no_grad():
            logits = model.classifier(torch.from_numpy(np.array(features.values)))
        np.testing.assert_allclose(logits, loaded.logits(ids), atol=1e-5)
        np.testing.assert_allclose(features.logits, loaded.logits(ids), atol=1e-6)


def test_what_asks_a_model_about_texts_asks_about_long_ones() -> None:
    loaded = ak.load(limited("bert"), long="windows")
    short = TEXTS[3] + " " + TEXTS[0]
    assert len(loaded.capabilities.long_texts.spans(len(loaded.ids([short])[0]))) > 1
    study = ak.faithfulness(
        loaded, [short], methods=["saliency", "leave_one_out"], oracle_texts=0, perturbed=1, progress=False
    )
    assert np.isfinite(study.to_frame().select_dtypes("number").to_numpy(float)).any()
    words = ak.word_importance(loaded, [short, LONG, *TEXTS] * 2).to_frame()
    assert "film" in words["word"].str.lower().tolist()
    assert ak.project(loaded, [short, LONG, *TEXTS] * 3, neighbours=2).panels()
    table = pd.DataFrame({"text": [short, TEXTS[0]], "label": ["LABEL_0", "LABEL_1"]})
    assert 0 <= ak.evaluate(loaded, table).accuracy <= 1


def test_a_row_that_is_too_long_is_left_out_and_said(tmp_path: Path) -> None:
    model, tokenizer = limited("bert")
    loaded = ak.load((model, tokenizer))
    table = pd.DataFrame({"text": [TEXTS[0], LONG, TEXTS[2]], "label": ["LABEL_0", "LABEL_1", "LABEL_2"]})
    with pytest.warns(SkippedRowsWarning, match="1 of 3 rows was left out, row 1: the model reads 24"):
        rows = ak.explain(loaded, table, views="attribution")
    assert [row.text for row in rows] == [TEXTS[0], TEXTS[2]]
    run = ak.explain_corpus(loaded, table, tmp_path / "refused", workers=1)
    assert dict(run.statuses) == {"ok": 2, "too long": 1}
    folder = saved((model, tokenizer), tmp_path / "model")
    run = ak.explain_corpus(folder, table, tmp_path / "windows", workers=1, long="windows", stride=3)
    assert dict(run.statuses) == {"ok": 3}
    with pytest.raises(InputError, match=r"give them to attribkit\.load"):
        ak.explain_corpus(loaded, table, tmp_path / "x", long="windows")


def test_the_command_line_takes_long_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(saved(limited("bert"), tmp_path / "model"))

    def commanded(*arguments: str) -> tuple[Any, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        captured = capsys.readouterr()
        return ended.value.code, captured.out + captured.err

    code, printed = commanded("explain", folder, LONG, "--view", "attribution")
    assert code and "reads 24 tokens" in printed and "Traceback" not in printed
    code, printed = commanded("explain", folder, LONG, "--view", "attribution", "--long", "windows", "--stride", "5")
    assert not code and "windows of 22 tokens" in " ".join(printed.split())
    code, printed = commanded("explain", folder, LONG, "--view", "attribution", "--long", "cut")
    assert not code and "not read" in " ".join(printed.split())
    code, printed = commanded("explain", "imdb-cnn", "A film", "--long", "cut")
    assert code and "belong to a transformer" in " ".join(printed.split())


def test_a_cut_is_said_with_every_answer() -> None:
    model, tokenizer = limited("roberta")
    loaded = ak.load((model, tokenizer), long="cut")
    whole = len(tokenizer(LONG, add_special_tokens=False)["input_ids"])
    why = ak.explain(loaded, LONG, views="attribution")
    assert why.token_scores.truncated and "not read" in _printed(why)
    assert f"cut: {LIMIT - 2} of the text's {whole} tokens were read" in why.token_scores.notes
    assert "tokens were read" in why.summary()
    table = pd.DataFrame({"text": [LONG, TEXTS[0]], "label": ["LABEL_0", "LABEL_1"]})
    for call in (loaded.predict, loaded.probabilities, lambda texts: ak.evaluate(loaded, table)):
        with pytest.warns(CutTextsWarning, match=f"of 2 texts 1 is cut to the {LIMIT} tokens"):
            call([LONG, TEXTS[0]])
    assert len(loaded.predict(TEXTS[:1])) == 1  # which warns of nothing
    assert whole > LIMIT and loaded.encode([LONG])[0].total == whole


def _printed(why: Any) -> str:
    printed = io.StringIO()
    Console(file=printed, width=200).print(why)
    return printed.getvalue()


def test_a_pipeline_that_truncates_is_taken_as_it_is() -> None:
    model, tokenizer = limited("bert")
    pipe = pipeline_of(model, tokenizer, truncation=True)
    loaded = ak.load(pipe)
    assert loaded.capabilities.long_texts.how == "cut" and "cut, and said" in loaded.summary()
    for given in (pipe, pipeline_of(model, tokenizer, truncation=True, max_length=10)):
        with pytest.warns(CutTextsWarning):
            own = ak.load(given).probabilities([LONG])
        assert np.abs(own - theirs(given, [LONG], loaded.labels)).max() < 1e-5
    assert ak.load(pipeline_of(model, tokenizer)).capabilities.long_texts.how == "refuse"
    assert ak.load(pipe, long="refuse").capabilities.long_texts.how == "refuse"


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("name", ["bert", "roberta", "xlnet", "gpt2"])
def test_a_pair_is_cut_as_the_tokenizer_cuts_it_and_not_read_in_windows(name: str, side: str) -> None:
    model, tokenizer = limited(name, 16)
    tokenizer.truncation_side = side
    try:
        pairs = [(TEXTS[3], TEXTS[0]), (TEXTS[0], TEXTS[3]), (TEXTS[3], TEXTS[3]), (TEXTS[3], "a"), ("a", TEXTS[3])]
        given = [{"text": first, "text_pair": second} for first, second in pairs]
        loaded = ak.load((model, tokenizer), long="cut")
        pipe = pipeline_of(model, tokenizer, truncation=True)
        with pytest.warns(CutTextsWarning):
            own = loaded.predict(given)[list(loaded.labels)].to_numpy()
        assert np.abs(own - theirs(pipe, given, loaded.labels)).max() < 1e-5
        with pytest.raises(TooLongError, match="a pair is not read in windows"):
            ak.load((model, tokenizer), long="windows").predict(given[:1])
    finally:
        tokenizer.truncation_side = "right"


def test_the_longer_text_of_a_pair_is_cut_first() -> None:
    """By hand: one token after the other from the longer text."""
    for first in range(1, 12):
        for second in range(1, 12):
            for room in range(2, first + second):
                a, b = first, second
                while a + b > room:
                    a, b = (a - 1, b) if a > b else (a, b - 1)
                assert longest_first(first, second, room, fast=False) == (a, b)
                x, y = longest_first(first, second, room, fast=True)
                assert x + y == room and abs(x - a) <= 1


def test_windows_cover_the_text_and_share_the_stride() -> None:
    for room in range(1, 9):
        for stride in range(room):
            long = LongTexts.of("windows", room, stride)
            for tokens in range(1, 40):
                spans = long.spans(tokens)
                assert spans[0][0] == 0 and spans[-1][1] == tokens
                assert all(end - start == room for start, end in spans[:-1])
                assert all(before[1] - after[0] == stride for before, after in pairwise(spans))
                assert spans[-1][1] - spans[-1][0] > (stride if len(spans) > 1 else 0)  # or it would hold nothing new


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"long": "truncate"}, "must be one of 'refuse', 'cut', 'windows', got 'truncate'"),
        ({"stride": 3}, "belongs to long='windows'"),
        ({"long": "cut", "stride": 3}, "belongs to long='windows'"),
        ({"long": "windows", "stride": 22}, "0 to 21 tokens expected"),
        ({"long": "windows", "stride": -1}, "0 to 21 tokens expected"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        ak.load(limited("bert"), **options)


def test_other_models_have_no_limit_to_speak_of() -> None:
    with pytest.raises(InputError, match="belong to a transformer"):
        ak.load("imdb-cnn", long="windows")


def test_how_long_texts_are_read_belongs_to_the_model() -> None:
    pair = limited("bert")
    prints = {ak.load(pair, **options).fingerprint() for options in (
        {}, {"long": "cut"}, {"long": "windows"}, {"long": "windows", "stride": 1}
    )}  # fmt: skip
    assert len(prints) == 4
    assert repr(ak.load(pair, long="windows")).endswith("long='windows')") and "long" not in repr(ak.load(pair))
    assert "windows of 22 tokens, each sharing 5 with the one before" in ak.load(pair, long="windows").summary()


@pytest.mark.parametrize(
    ("how", "sentence"), [("cut", "; cut: 22 of the text's"), ("windows", "; read in 9 windows of 22 tokens")]
)
def test_the_live_page_says_how_a_long_text_was_read(how: str, sentence: str) -> None:
    testclient = pytest.importorskip("fastapi.testclient", reason="needs the extra serve")
    from attribkit.serve.app import create_app

    model = ak.load(limited("bert"), long=how)
    model.name = how
    with testclient.TestClient(create_app([model]), base_url="http://127.0.0.1:8000") as client:
        answer = client.post("/predict", json={"model": how, "text": LONG}).json()["predictions"][0]
        assert sentence in answer["said"]
        assert (
            client.post("/predict", json={"model": how, "text": TEXTS[0]}).json()["predictions"][0]["said"][-1] == "%"
        )
        panel = client.post("/explain", json={"model": how, "text": LONG}).json()["content"]["panels"][0]
        assert any(sentence[2:] in note for note in panel["notes"])
    refusing = ak.load(limited("bert"))
    refusing.name = "refuse"
    with testclient.TestClient(create_app([refusing]), base_url="http://127.0.0.1:8000") as client:
        answer = client.post("/live", json={"model": "refuse", "text": LONG})
        assert answer.status_code == 422 and "shorten it" in answer.json()["error"]
