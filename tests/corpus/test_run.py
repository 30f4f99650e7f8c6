"""A whole run: rows in order, equal to explain(), bad rows told, continued after any end, refused when changed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from corpus.conftest import LABELS, TEXTS

import attribkit as ak
import attribkit.attribution.batch_solver
from attribkit.corpus import explain_corpus, manifest, parts, work
from attribkit.corpus.job import Job, Settings, check_worker
from attribkit.corpus.manifest import MANIFEST
from attribkit.corpus.processes import Worker
from attribkit.data.intake import NOT_KNOWN
from attribkit.data.split_record import SplitRecord
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.fingerprint import earlier_fingerprint
from attribkit.text.tokenizer import Tokenizer

Table = Callable[[Path], pa.Table]
BAD = {3: "null", 5: "not text", 8: "empty", 9: "undecodable", 12: "no token", 14: "malformed", 20: "malformed"}


def test_every_row_is_there_in_order_and_says_what_explain_says(
    model_folder: Path, classifier: Classifier, corpus: Path, tmp_path: Path, table_of: Table
) -> None:
    told: list[tuple[int, int, str]] = []

    def tell(done: int, total: int, what: str) -> None:
        told.append((done, total, what))

    run = explain_corpus(
        model_folder, corpus, tmp_path / "out", key="id", label="label", window=10, workers=2, progress=tell
    )
    rows = table_of(tmp_path / "out").to_pylist()
    assert [row["row"] for row in rows] == list(range(len(TEXTS)))
    assert {row["row"]: row["status"] for row in rows if row["status"] != "ok"} == BAD
    assert all(row["reason"] for row in rows if row["status"] != "ok")
    assert run.statuses == Counter(row["status"] for row in rows)
    assert (run.rows, run.failed, run.fresh) == (len(TEXTS), len(BAD), len(TEXTS))
    size = corpus.stat().st_size
    assert told[-1] == (size, size, f"explaining, {len(TEXTS)} rows")
    good = [row for row in rows if row["status"] == "ok"]
    assert [row["key"] for row in good] == [f"t{row['row']}" for row in good]
    for row, why in zip(good, ak.explain(classifier, [TEXTS[row["row"]] for row in good]), strict=True):
        scores = why.token_scores
        assert np.allclose(row["scores"], scores.scores, rtol=0, atol=1e-6 * np.abs(scores.scores).sum())
        assert row["label"] == why.prediction.label and row["target"] == scores.target  # type: ignore[union-attr]
        assert row["probabilities"] == pytest.approx(why.prediction.probabilities, abs=1e-6)  # type: ignore[union-attr]
        assert (row["tokens"], row["starts"], row["ends"]) == (
            list(scores.tokens),
            scores.starts.tolist(),
            scores.ends.tolist(),
        )
        assert row["converged"] and row["relative_error"] < 1e-5 and row["tokens_total"] == scores.tokens_total
        assert row["completeness_error"] == pytest.approx(scores.completeness_error, abs=1e-5)
        assert row["true_label"] == LABELS[row["row"]]


def test_rows_say_what_was_drawn_and_which_criterion_failed(
    model_folder: Path,
    classifier: Classifier,
    corpus: Path,
    tmp_path: Path,
    table_of: Table,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attribkit.attribution.batch_solver, "MAX_STEPS", 63)  # or the path is broken at its jumps
    explain_corpus(model_folder, corpus, tmp_path / "drawn", method="gradient_shap", keep_text=True, workers=1)
    table = table_of(tmp_path / "drawn")
    row = next(row for row in table.to_pylist() if row["status"] == "ok")
    own = ak.explain(classifier, row["text"], method="gradient_shap").token_scores
    assert (row["converged"], row["failed"], row["draws"]) == (None, None, 200)
    assert own.spread is not None and row["spread"] == pytest.approx(own.spread.tolist(), rel=1e-3, abs=1e-6)
    assert ak.Explanation.from_row(row).token_scores.verdict.startswith("sampled: 200 draws, spread ± ")
    explain_corpus(
        model_folder, corpus, tmp_path / "tight", method="quadrature", tolerance=1e-12, keep_text=True, workers=1
    )
    rows = [row for row in table_of(tmp_path / "tight").to_pylist() if row["status"] == "ok"]
    assert any("stability" in (row["failed"] or "") for row in rows)
    for row in rows:
        scores = ak.Explanation.from_row(row).token_scores
        assert scores.path_error == row["path_error"]
        assert scores.rule_change == row["rule_change"] and (", ".join(scores.failed) or None) == row["failed"]
        older = {
            name: value
            for name, value in row.items()
            if name not in ("rule_change", "path_error", "failed", "draws", "spread")
        }
        assert ak.Explanation.from_row(older).token_scores.draws is None


def test_a_row_turns_back_into_a_picture(
    model_folder: Path, classifier: Classifier, corpus: Path, tmp_path: Path, table_of: Table
) -> None:
    explain_corpus(model_folder, corpus, tmp_path / "out", keep_text=True, workers=1)
    table = table_of(tmp_path / "out")
    row = table.slice(1, 1).to_pylist()[0]
    why = ak.Explanation.from_row(row)
    said = ak.explain(classifier, TEXTS[1]).prediction
    assert why.text == TEXTS[1] and why.prediction and said and why.prediction.label == said.label
    assert (
        "scores sum to the model’s output" in why.token_scores.verdict
        and "scores sum to the model’s output" in why.to_html()
    )
    assert ak.Explanation.from_row(table.to_pandas().iloc[1]).token_scores == why.token_scores
    assert ak.Explanation.from_row(row | {"text": None}, TEXTS[1]) == why
    with pytest.raises(ValueError, match="does not hold its text"):
        ak.Explanation.from_row(row | {"text": None})
    with pytest.raises(ValueError, match=r"was not explained \(null"):
        ak.Explanation.from_row(table.slice(3, 1).to_pylist()[0])
    with pytest.raises(ValueError, match="a row that explain_corpus wrote was expected"):
        ak.Explanation.from_row({"status": "ok"})
    for wrong in ({"steps": "many"}, {"output_text": "much"}, {"row": "first"}):
        with pytest.raises(ak.InputError, match="a row that explain_corpus wrote was expected"):
            ak.Explanation.from_row(row | wrong)


def test_a_killed_run_continues_to_what_an_undisturbed_one_yields(
    model_folder: Path, corpus: Path, tmp_path: Path, table_of: Table
) -> None:
    arguments = [sys.executable, "-m", "attribkit", "corpus", str(model_folder), str(corpus)]
    options = ["--window", "3", "--workers", "1", "--words"]
    explain_corpus(model_folder, corpus, tmp_path / "whole", window=3, workers=1, words=True)
    killed = tmp_path / "killed"
    done = killed_after(4, killed, [*arguments, str(killed), *options])
    (killed / ".part-00000001.parquet.abcd.part").write_bytes(b"torn")  # what a kill amid a write leaves
    run = explain_corpus(model_folder, corpus, killed, window=3, workers=1, words=True)
    assert run.rows == len(TEXTS) and run.fresh <= run.rows - 3 * (done - 1)
    assert_same(killed, tmp_path / "whole")
    again = explain_corpus(model_folder, corpus, killed, window=3, workers=1, words=True)
    assert again.fresh == 0 and again.statuses == run.statuses


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_writer_left_that_died_amid_the_run_is_gone_when_it_ends_and_no_sooner(
    model_folder: Path, corpus: Path, tmp_path: Path, workers: int
) -> None:
    """Another writer may need its file until every part is there."""
    out, left = tmp_path / "out", ".part-00000001.parquet.abcd.part"
    seen = []

    def leave(done: int, total: int, what: str) -> None:
        seen.append((out / left).exists())
        for folder in (out, out / "_words"):
            (folder / left).write_bytes(b"torn")

    explain_corpus(model_folder, corpus, out, window=3, workers=workers, words=True, progress=leave)
    assert seen[:2] == [False, True] and all(seen[1:])
    assert not list(out.rglob("*.abcd.part"))
    explain_corpus(model_folder, corpus, tmp_path / "whole", window=3, workers=1, words=True)
    assert_same(out, tmp_path / "whole")


def wait_for(happened: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def killed_after(parts: int, folder: Path, command: list[str]) -> int:
    """Run a command, kill it once the folder holds so many parts, and count those that it holds then."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: len(list(folder.glob("part-*"))) >= parts)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    return len(list(folder.glob("part-*")))


def assert_same(folder: Path, other: Path) -> None:
    """The same files, byte for byte; the manifest may name them in another order."""
    names = sorted(str(path.relative_to(other)) for path in other.rglob("*.parquet"))
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.parquet")) == names
    assert all((folder / name).read_bytes() == (other / name).read_bytes() for name in names)
    assert not list(folder.glob(".*"))


def test_a_damaged_part_and_a_torn_manifest_are_mended(model_folder: Path, corpus: Path, tmp_path: Path) -> None:
    explain_corpus(model_folder, corpus, tmp_path / "whole", window=50, workers=1)
    explain_corpus(model_folder, corpus, tmp_path / "out", window=50, workers=1)
    part = tmp_path / "out" / "part-00000001.parquet"
    part.write_bytes(part.read_bytes()[:-1])
    manifest = tmp_path / "out" / MANIFEST
    manifest.write_bytes(manifest.read_bytes()[:-30])
    assert explain_corpus(model_folder, corpus, tmp_path / "out", window=50, workers=1).fresh == 50
    assert_same(tmp_path / "out", tmp_path / "whole")
    manifest.write_bytes(b"x" + manifest.read_bytes())
    with pytest.raises(ValueError, match=r"_manifest\.jsonl in .* is damaged"):
        explain_corpus(model_folder, corpus, tmp_path / "out", window=50, workers=1)


def test_a_changed_model_input_or_setting_is_refused(
    model_folder: Path, make_classifier: Callable[..., Classifier], corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    explain_corpus(model_folder, corpus, out, workers=1)
    with pytest.raises(ValueError, match=r"the model has changed since this run began \(.*fingerprint"):
        explain_corpus(make_classifier(seed=1), corpus, out, workers=1)
    with pytest.raises(ValueError, match=r"the settings differ .*\(target\)"):
        explain_corpus(model_folder, corpus, out, target="pos", workers=1)
    corpus.write_text(corpus.read_text().replace("dull", "DULL"))
    with pytest.raises(ValueError, match="the input has changed since this run began"):
        explain_corpus(model_folder, corpus, out, workers=1)


OLDER = {"torch": "1.0.0", "numpy": "1.0"}


@pytest.fixture
def half(model_folder: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run that other versions of torch and NumPy began, and of which the latter half is lost."""
    now = work.versions()
    with monkeypatch.context() as patch:
        patch.setattr(work, "versions", lambda: now | OLDER)
        run = explain_corpus(model_folder, corpus, tmp_path / "half", window=60, workers=1)
    assert run.versions == (now | OLDER,)
    for number in (2, 3):
        (tmp_path / "half" / f"part-{number:08d}.parquet").unlink()
    return tmp_path / "half"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_does_not_go_on_under_other_versions(model_folder: Path, corpus: Path, half: Path, workers: int) -> None:
    before = (half / MANIFEST).read_text()
    now = work.versions()
    named = re.escape(f"numpy {now['numpy']} instead of 1.0, torch {now['torch']} instead of 1.0.0")
    with pytest.raises(ValueError, match=f"would mix numbers, for there is {named}; install what it began"):
        explain_corpus(model_folder, corpus, half, window=60, workers=workers)
    assert (half / MANIFEST).read_text().splitlines()[0] == before.splitlines()[0]
    assert len(list(half.glob("part-*"))) == 2


def test_a_run_may_be_told_to_mix_versions_and_says_so(model_folder: Path, corpus: Path, half: Path) -> None:
    now = work.versions()
    run = explain_corpus(model_folder, corpus, half, window=60, workers=2, mixed_versions=True)
    assert (run.rows, run.fresh, run.versions) == (len(TEXTS), len(TEXTS) - 120, (now | OLDER, now))
    again = explain_corpus(model_folder, corpus, half, window=60, workers=1)  # whole: nothing is mixed any more
    assert (again.fresh, again.versions) == (0, run.versions)
    with pytest.raises(ValueError, match="would mix numbers"):
        explain_corpus(model_folder, corpus, half, window=60, workers=1, retry_failed=True)
    mended = explain_corpus(model_folder, corpus, half, window=60, workers=1, retry_failed=True, mixed_versions=True)
    assert mended.versions == run.versions


def test_a_whole_run_of_one_kind_names_its_versions(model_folder: Path, corpus: Path, tmp_path: Path) -> None:
    assert explain_corpus(model_folder, corpus, tmp_path / "out", workers=1).versions == (work.versions(),)
    assert set(work.versions()) == {"python", "attribkit", "torch", "numpy", "tokenizers", "captum"}


def test_a_worker_that_is_not_what_the_first_was_is_refused(model_folder: Path, tmp_path: Path) -> None:
    """As when a package is replaced while a run goes on, and a worker that died is started anew."""
    job = Job(str(model_folder), None, str(tmp_path), Settings())
    worker = Worker(job)
    try:
        told = worker.start().introduced()
        worker.stop()
        worker.introduction = {**told, "versions": told["versions"] | OLDER}
        with pytest.raises(
            RuntimeError, match=r"a worker has numpy .* instead of 1\.0, torch .* let all of them have the same"
        ):
            worker.start().introduced()
    finally:
        worker.stop()
    with pytest.raises(RuntimeError, match="a worker has another model, which would mix numbers"):
        check_worker(told, {**told, "model": told["model"] | {"fingerprint": "other"}})


def test_a_run_of_an_older_format_is_refused(
    model_folder: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("attribkit.corpus.manifest.FORMAT", 1)
        explain_corpus(model_folder, corpus, tmp_path / "out", workers=1)
    with pytest.raises(
        ValueError, match="is of an older attribkit, which recorded neither versions nor all of its model"
    ):
        explain_corpus(model_folder, corpus, tmp_path / "out", workers=1)


def test_a_run_that_knows_its_model_by_the_earlier_hash_goes_on(
    model_folder: Path,
    make_classifier: Callable[..., Classifier],
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("attribkit.models.classifier.fingerprint", earlier_fingerprint)
        explain_corpus(model_folder, corpus, out, workers=1)
    with pytest.raises(ValueError, match=r"the model has changed since this run began \(.*fingerprint"):
        explain_corpus(make_classifier(seed=1), corpus, out, workers=1)
    assert explain_corpus(model_folder, corpus, out, workers=1).fresh == 0
    explain_corpus(model_folder, corpus, tmp_path / "new", workers=1)
    headers = [(folder / "_manifest.jsonl").read_bytes().splitlines()[0] for folder in (out, tmp_path / "new")]
    assert headers[0] == headers[1]


def test_rows_seen_in_training_are_said(model_folder: Path, tmp_path: Path) -> None:
    model = Classifier.load(model_folder, "cpu")
    rows = pd.DataFrame({"text": TEXTS[:20]})
    unknown = explain_corpus(model, rows, tmp_path / "unknown", workers=1, words=True)
    assert unknown.seen is None and unknown.notes == unknown.words().attrs["notes"] == (NOT_KNOWN,)
    model.splits = SplitRecord.of({"train": TEXTS[:7], "validation": TEXTS[7:9], "test": []})
    known = explain_corpus(model, rows, tmp_path / "known", workers=1, words=True, window=8)
    assert known.seen == 7 and known.words().attrs["notes"] == ("7 of the 20 rows measured were seen in training",)
    # as the older format had it: what no part says is not known
    path = tmp_path / "known" / MANIFEST
    header, *parts = (json.loads(line.split(b" ", 1)[1]) for line in path.read_bytes().splitlines())
    older = [{**header, "format": 2}, *({key: one[key] for key in one if key != "seen"} for one in parts)]
    path.write_bytes(b"".join(manifest._line(one) for one in older))
    again = explain_corpus(model, rows, tmp_path / "known", workers=1, words=True, window=8)
    assert again.fresh == 0 and again.seen is None and again.notes == (NOT_KNOWN,)


def test_another_tokenizer_is_another_model(model_folder: Path, corpus: Path, tmp_path: Path) -> None:
    model = Classifier.load(model_folder, "cpu")
    explain_corpus(model, corpus, tmp_path / "out", workers=1)
    tokenizer = model.tokenizer
    assert isinstance(tokenizer, Tokenizer)
    model.tokenizer = Tokenizer.of(tokenizer.vocabulary, replace(tokenizer.settings, max_length=3))
    with pytest.raises(ValueError, match=r"the model has changed since this run began \(fingerprint\)"):
        explain_corpus(model, corpus, tmp_path / "out", workers=1)


def test_a_folder_of_something_else_is_refused(model_folder: Path, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="holds other files"):
        explain_corpus(model_folder, corpus, tmp_path)
    with pytest.raises(FileExistsError, match="is a file"):
        explain_corpus(model_folder, corpus, corpus)


def test_only_failed_rows_are_done_again(
    classifier: Classifier, corpus: Path, tmp_path: Path, table_of: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = classifier.network
    own = Classifier(Adapted(network, inputs="ids, mask"), classifier.tokenizer, classifier.labels)
    real, seen = type(network).forward, []

    def forward(self: object, ids: object, mask: object) -> object:
        seen.append(len(ids))  # type: ignore[arg-type]
        if int(mask.sum(1).max()) == 7:  # type: ignore[attr-defined]
            raise RuntimeError("seven tokens are too many")
        return real(self, ids, mask)

    monkeypatch.setattr(type(network), "forward", forward)
    run = explain_corpus(own, corpus, tmp_path / "out", method="quadrature", window=50)
    rows = table_of(tmp_path / "out").to_pylist()
    broken = [row for row in rows if row["status"] == "failed"]
    assert broken and run.statuses["failed"] == len(broken)
    assert all(row["reason"] == "RuntimeError: seven tokens are too many" for row in broken)
    assert run.statuses["ok"] == len(rows) - len(BAD) - len(broken)
    monkeypatch.undo()
    again = explain_corpus(own, corpus, tmp_path / "out", method="quadrature", window=50, retry_failed=True)
    assert again.failed == len(BAD)
    mended = table_of(tmp_path / "out").to_pylist()
    assert [row["row"] for row in mended] == list(range(len(TEXTS)))
    kept = {row["row"] for row in rows if row["status"] == "ok"}
    assert [row for row in mended if row["row"] in kept] == [row for row in rows if row["status"] == "ok"]
    for row in mended:
        if row["status"] == "ok":
            assert len(row["scores"]) == len(row["tokens"]) and row["probability"] == max(row["probabilities"])


def test_a_classifier_in_hand_gives_the_rows_of_its_folder(
    model_folder: Path, classifier: Classifier, corpus: Path, tmp_path: Path
) -> None:
    before = classifier.fingerprint()
    explain_corpus(model_folder, corpus, tmp_path / "folder", workers=1)
    explain_corpus(classifier, corpus, tmp_path / "hand", workers=1)
    assert_same(tmp_path / "hand", tmp_path / "folder")
    assert classifier.fingerprint() == before


def test_words_are_summed_up_exactly(model_folder: Path, corpus: Path, tmp_path: Path, table_of: Table) -> None:
    run = explain_corpus(model_folder, corpus, tmp_path / "out", label="label", words=True, window=30, workers=1)
    sums: Counter[tuple[str, str, bool]] = Counter()
    counts: Counter[tuple[str, str, bool]] = Counter()
    for row in table_of(tmp_path / "out").to_pylist():
        for token, known, score in zip(row["tokens"] or (), row["known"] or (), row["scores"] or (), strict=True):
            place = (token if known else "[UNK]", row["target"], row["label"] == row["true_label"])
            sums[place] += score
            counts[place] += 1
    words = run.words().set_index(["word", "target", "right"])
    assert dict(words["count"]) == counts
    assert dict(words["total"]) == pytest.approx(dict(sums), abs=1e-9)
    assert np.allclose(words["mean"], words["total"] / words["count"])
    assert words["total_abs"].is_monotonic_decreasing
    with pytest.raises(FileNotFoundError, match="did not sum up words"):
        explain_corpus(model_folder, corpus, tmp_path / "none", workers=1).words()


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"target": "all"}, ValueError, "one target per text"),
        ({"target": "positive"}, ValueError, "`target` must be one of the labels neg, pos"),
        ({"baseline": ["pad", "unk"]}, TypeError, "one `baseline`"),
        ({"engine": "spark"}, ValueError, "`engine` must be one of local, ray"),
        ({"workers": 0}, ValueError, "`workers` must be at least 1"),
        ({"window": 0}, ValueError, "`window` must be at least 1 row"),
        ({"sample": 0}, ValueError, "`sample` must be a share"),
        ({"limit": 0}, ValueError, "`limit` must be at least 1"),
        ({"where": "label"}, ValueError, "a condition such as"),
        ({"where": "label=none"}, ValueError, "no row of the corpus was left"),
        (
            {"where": "label=>pos"},
            ValueError,
            "no comparison =>, got 'label=>pos'; write 'label>=pos' if that was meant",
        ),
        ({"where": "label =< 'pos'"}, ValueError, "no comparison =<, .*; write \"label<='pos'\""),
        ({"where": "label<>pos"}, ValueError, "no comparison <>, .*; write 'label!=pos'"),
        ({"method": "magic"}, ValueError, "`method` must be one of"),
    ],
)
def test_bad_use_is_one_sentence(
    model_folder: Path, tmp_path: Path, options: dict, error: type[Exception], sentence: str
) -> None:
    (tmp_path / "in.csv").write_text("text,label\na good film,pos\n")
    with pytest.raises(error, match=sentence):
        explain_corpus(model_folder, tmp_path / "in.csv", tmp_path / "out", **{"workers": 1, **options})


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"text": "txt"}, "'a.csv' must have one column 'txt', it has 'id', 'text', 'label'; name it with `text`"),
        ({"label": "lable"}, "'a.csv' has no column 'lable', only 'id', 'text', 'label'"),
        ({"key": "number"}, "'b.csv' must have one column 'number', it has 'id', 'text', 'label'"),
        ({"where": "lable=pos"}, "`where` names the column 'lable'"),
        ({"where": "label=none"}, "no row of the corpus was left"),
    ],
    ids=str,
)
def test_wrong_columns_and_conditions_leave_nothing_that_refuses_the_corrected_run(
    model_folder: Path, tmp_path: Path, options: dict, sentence: str, workers: int
) -> None:
    rows = pd.DataFrame({"id": range(4), "text": TEXTS[:4], "label": LABELS[:4]})
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    (rows.assign(number=range(4)) if "key" in options else rows).to_csv(files[0], index=False)
    rows.to_csv(files[1], index=False)
    out = tmp_path / "new" / "out"
    with pytest.raises(ValueError, match=sentence):
        explain_corpus(model_folder, files, out, workers=workers, window=2, **options)
    assert not out.parent.exists()
    right = {"text": "text", "label": "label", "key": "id", "where": "label!=none"}
    corrected: dict = {name: right[name] for name in options}
    assert explain_corpus(model_folder, files, out, workers=workers, window=2, **corrected).rows == 8


def test_an_equals_sign_and_a_value_in_quotes_compare_as_written(model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text,label\na good film,>pos\na bad film,neg\n")
    for number, where in enumerate(("label='>pos'", "label = >pos")):
        run = explain_corpus(model_folder, tmp_path / "in.csv", tmp_path / f"out{number}", where=where, workers=1)
        assert run.rows == 1


def test_a_model_that_is_not_there_is_named(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no model folder 'imdb-cn'; did you mean 'imdb-cnn'"):
        explain_corpus("imdb-cn", corpus, tmp_path / "out", workers=1)


def test_a_finished_run_leaves_nothing_that_a_dead_worker_began(
    model_folder: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, write = tmp_path / "out", parts.write_part

    def dying(folder: Path, number: int, table: pa.Table, words: pa.Table | None) -> parts.Part:
        left = folder / f".{parts.part_name(number)}.0f0f0f0f.part"  # as a killed one leaves it
        left.write_bytes(b"half of it")
        return write(folder, number, table, words)

    monkeypatch.setattr("attribkit.corpus.work.write_part", dying)
    explain_corpus(model_folder, corpus, out, window=2, workers=1)
    assert not list(out.glob(".*.part")) and list(out.glob("part-*.parquet"))
