"""Every long public function tells how far it is in one way, and shows nothing where nobody watches."""

import io
import random
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

import attribkit as ak
from attribkit.data import Dataset
from attribkit.evaluation.errors import errors
from attribkit.models.classifier import Classifier
from attribkit.progress import counted, shown, silent, within
from attribkit.reproduce.folds import cross_validate
from attribkit.training.glove import read_vectors

Calls = list[tuple[int, int, str]]
SMALL: dict[str, Any] = {"epochs": 2, "filters": 4, "embedding_size": 6, "min_frequency": 1, "device": "cpu"}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return ak.load_dataset("demo").sample(60)


@pytest.fixture(scope="module")
def model(data: Dataset) -> Classifier:
    return ak.train("cnn", data, progress=False, **SMALL)


def vectors(folder: Path) -> Path:
    path = folder / "vectors.txt"
    path.write_text("".join(f"w{n} {n}.5 1.5\n" for n in range(5_000)))
    return path


LONG: dict[str, Callable[[Classifier, Dataset, Path, Any], object]] = {
    "train": lambda model, data, folder, progress: ak.train("cnn", data, progress=progress, **SMALL),
    "cross_validate": lambda model, data, folder, progress: cross_validate("cnn", data, 2, progress=progress, **SMALL),
    "read_vectors": lambda model, data, folder, progress: read_vectors(
        vectors(folder), {"[PAD]": 0, "[UNK]": 1, "w7": 2}, progress=progress
    ),
    "explain": lambda model, data, folder, progress: ak.explain(
        model,
        data.test["text"].tolist(),
        views=["attribution", "interactions", "projection"],
        reference=data,
        interactions="integrated_hessians",
        progress=progress,
    ),
    "evaluate": lambda model, data, folder, progress: ak.evaluate(model, data, progress=progress),
    "predict": lambda model, data, folder, progress: model.predict(data.test["text"].tolist(), progress=progress),
    "project": lambda model, data, folder, progress: ak.project(model, data, progress=progress),
    "keep_reference": lambda model, data, folder, progress: ak.keep_reference(model.copy(), data, progress=progress),
    "keep_training": lambda model, data, folder, progress: ak.keep_training(model.copy(), data, progress=progress),
    "errors": lambda model, data, folder, progress: errors(model, data, most=1, progress=progress),
    "layer_outputs": lambda model, data, folder, progress: ak.layer_outputs(
        model, data.test["text"].tolist(), progress=progress
    ),
    "word_importance": lambda model, data, folder, progress: ak.word_importance(
        model, data, replicates=9, progress=progress
    ),
    "faithfulness": lambda model, data, folder, progress: ak.faithfulness(
        model, data.test["text"].tolist()[:6], perturbed=2, progress=progress
    ),
    "plausibility": lambda model, data, folder, progress: ak.plausibility(
        model, data.test.assign(rationale=[[(0, 5)]] * len(data.test)), progress=progress
    ),
    "sanity": lambda model, data, folder, progress: ak.sanity(
        model, data.test["text"].tolist()[:3], draws=1, progress=progress
    ),
    "check": lambda model, data, folder, progress: ak.check(model, data, texts=5, progress=progress),
    "report": lambda model, data, folder, progress: ak.report(
        model, data, texts=3, mistakes=1, tested=3, map=True, progress=progress
    ),
    "explain_corpus": lambda model, data, folder, progress: ak.explain_corpus(
        model, rows_of(data, folder), folder / "out", window=4, workers=1, progress=progress
    ),
}


def rows_of(data: Dataset, folder: Path) -> Path:
    path = folder / "rows.csv"
    data.test.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", LONG)
def test_progress_never_falls_within_a_phase_and_every_phase_ends_at_its_total(
    name: str, model: Classifier, data: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    calls: Calls = []
    LONG[name](model, data, tmp_path, lambda done, total, what: calls.append((done, total, what)))
    assert calls and all(0 <= done <= total and total > 0 and what for done, total, what in calls)
    for (done, total, _), (next_done, next_total, _) in pairwise(calls):
        assert (next_total == total and next_done >= done) or done == total
    assert calls[-1][0] == calls[-1][1]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["faithfulness", "plausibility", "explain"])
def test_texts_are_counted_method_by_method(name: str, model: Classifier, data: Dataset, tmp_path: Path) -> None:
    calls: Calls = []
    LONG[name](model, data, tmp_path, lambda done, total, what: calls.append((done, total, what)))
    attributions = [(done, total) for done, total, what in calls if what == "attribution by exact"]
    assert attributions == [(done, len(attributions)) for done in range(1, len(attributions) + 1)] and attributions


@pytest.mark.parametrize("name", LONG)
def test_off_a_terminal_nothing_is_printed(
    name: str, model: Classifier, data: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    LONG[name](model, data, tmp_path, None)
    assert capfd.readouterr() == ("", "")


def test_a_bar_that_is_asked_for_is_drawn_on_stderr_and_moves_no_random_state(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = random.getstate()
    with shown(True) as tell:
        for _ in counted("abcd", tell, "reading [all] of it"):
            pass
    printed = capsys.readouterr()
    assert "reading [all] of it" in printed.err and "100%" in printed.err and not printed.out
    assert random.getstate() == before


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_bar_is_shown_unasked_once_the_work_takes_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for delay, drawn in ((60.0, False), (0.0, True)):
        monkeypatch.setattr("attribkit.progress._DELAY", delay)
        monkeypatch.setattr(sys, "stderr", terminal := Terminal())
        with shown(None) as tell:
            tell(1, 2, "reading")
            tell(2, 2, "reading")
        assert ("reading" in terminal.getvalue()) == drawn
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with shown(False) as tell:
        tell(2, 2, "reading")
    assert not terminal.getvalue()


def test_in_a_notebook_the_bar_is_an_element_beneath_the_cell_and_gone_in_the_end() -> None:
    code = (
        "from attribkit import progress\n"
        "progress._DELAY = 0.0\n"
        "with progress.shown(None) as tell:\n"
        "    for n in range(3): tell(n, 2, 'reading <b>')\n"
    )
    manager, client = start_new_kernel(kernel_name="python3")
    messages: list[dict[str, Any]] = []
    try:
        reply = client.execute_interactive(code, timeout=60, output_hook=messages.append)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert reply["content"]["status"] == "ok"
    assert not [message for message in messages if message["msg_type"] == "stream"]
    pages = [message["content"]["data"].get("text/html", "") for message in messages if "data" in message["content"]]
    assert any("<progress value='2' max='2'></progress> reading &lt;b&gt;" in page for page in pages)
    assert pages[0] == pages[-1] == ""


def test_a_part_of_some_work_says_whose_part_it_is() -> None:
    calls: Calls = []
    within(lambda done, total, what: calls.append((done, total, what)), "fold 1 of 2")(1, 3, "reading")
    assert calls == [(1, 3, "fold 1 of 2: reading")] and within(silent, "fold 1 of 2") is silent
    assert list(counted([], lambda *call: calls.append(call), "nothing")) == [] and len(calls) == 1


def test_what_is_no_progress_is_refused_in_a_sentence() -> None:
    with pytest.raises(TypeError, match="`progress` must be True, False"), shown("yes"):  # type: ignore[arg-type]  # so it is
        pass
