"""explain_corpus(): from a model and a corpus to a folder of Parquet parts."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from attribkit.attribution.label_index import LabelName
from attribkit.booleans import check_booleans
from attribkit.corpus import memory, processes
from attribkit.corpus.job import Job, Settings
from attribkit.corpus.manifest import Manifest
from attribkit.corpus.parts import WORDS, Part, write_parquet
from attribkit.corpus.result import WORD_SUMS, CorpusRun
from attribkit.corpus.selection import Selection
from attribkit.corpus.sources import Corpus, described, find_sources, fingerprint, total_bytes
from attribkit.corpus.windows import Columns, PendingWork, Plan
from attribkit.corpus.words import merged
from attribkit.errors import InputError
from attribkit.extensions import only_in_script, registering_modules
from attribkit.plurals import number_of
from attribkit.progress import Progress, shown
from attribkit.results.panels import Convergence

if TYPE_CHECKING:
    from attribkit.models.classifier import Classifier

ENGINES = ("local", "ray")

_NOT_SENT = (
    "only networks and tokenizers that other processes can import can be sent to them: this toolkit's own, and "
    "networks registered in a module, not in the script itself; give the folder of a saved model, or leave `engine` "
    "and `workers` out"
)
_IN_SCRIPT = (
    "the method {!r} is of the script itself, which other processes cannot import; put it, with its call of "
    "attribkit.register_method, into a module, or leave `engine` and `workers` out"
)


def explain_corpus(
    model: "Classifier | str | Path",
    data: Corpus,
    folder: str | Path,
    *,
    text: str | None = None,
    key: str | None = None,
    label: str | None = None,
    where: str | Sequence[str] = (),
    sample: float = 1.0,
    seed: int = 0,
    limit: int | None = None,
    target: LabelName | Sequence[LabelName] | None = None,
    output: str | None = None,
    method: str | None = None,
    baseline: str = "pad",
    tolerance: float = 1e-4,
    max_steps: int | None = None,
    encoding: str | None = None,
    keep_text: bool = False,
    words: bool = False,
    retry_failed: bool = False,
    mixed_versions: bool = False,
    window: int = 2_048,
    workers: int | None = None,
    engine: str = "local",
    address: str | None = None,
    long: str | None = None,
    stride: int | None = None,
    progress: bool | Progress | None = None,
) -> CorpusRun:
    """Explain every text of a corpus, in bounded memory; the result has a row for each row of the corpus, in order.

    The same call on the same folder continues where an earlier one ended, for whatever reason it ended, and gives the
    result of an undisturbed run. It is refused under other versions of the packages on which its numbers depend.

    Args:
        model: a model folder, a bundled name, or any classifier. One whose network is neither this toolkit's own nor
            registered in a module cannot be sent to other processes: it works in this one.
        data: CSV, TSV, JSONL or Parquet: a file, a folder, a glob, or a URL that fsspec knows; or several in a list.
            The first three may be compressed (.gz, .bz2, .xz). Or a named set, a table, a `Dataset`, a Series of texts.
        folder: where the result goes: a new or empty folder, or that of the same run before.
        text: the column of the texts, or for a model that reads pairs two columns as "premise,hypothesis"; guessed from
            usual names if not given.
        key: a column to join the result by, if any.
        label: the column of the true labels, if any.
        where: conditions on columns that must all hold, such as "rating>=7".
        sample: the share of the rows to explain, above 0 and at most 1.
        seed: decides, with a row's number, whether it is in the sample; the same seed draws the same rows.
        limit: the most rows to explain, from the first.
        target: as `attribkit.explain` takes it, one at most.
        output: as `attribkit.explain` takes it.
        method: as `attribkit.explain` takes it.
        baseline: as `attribkit.explain` takes it, one.
        tolerance: as `attribkit.explain` takes it.
        max_steps: as `attribkit.explain` takes it.
        encoding: of CSV, TSV and JSONL files, such as "cp1252"; None for UTF-8, or UTF-16 if a byte order mark says so.
            A row that is not of it has the status "undecodable".
        keep_text: whether each row keeps its text, so that `Explanation.from_row(row)` needs nothing else.
        words: whether to sum up each word's scores as well: `CorpusRun.words()`.
        retry_failed: repeat the rows that were not explained, and only those.
        mixed_versions: whether a run may continue under other versions of Python, torch and the rest than it began
            with; its numbers are not all comparable then, and `CorpusRun.versions` says so.
        window: rows that are explained together and make one part of the result.
        workers: processes, or Ray's actors; None for one per core. With 1, this process does the work itself.
        engine: "local", or "ray" for a cluster.
        address: of the cluster; None for the one this machine belongs to, or a new one on it.
        long: for the folder of a transformer, what becomes of a text that is longer than it reads: see
            `attribkit.load`. One that is refused has the status "too long".
        stride: of its windows, likewise.
        progress: a function that is called with the bytes of the corpus that are done, their total and the current
            step; True for a bar, False for none; None for a bar in a terminal and in a notebook.

    Returns:
        where the parts are, how many rows have each status, and how many explanations converged.

    Raises:
        FileNotFoundError: if the input names nothing, or there is no such model.
        FileExistsError: if the folder holds something else, or another run is at work in it.
        ValueError: for an option out of its range; a file that is no table; a run of another model, input, settings or
            versions.
        RunError: if worker processes keep dying, or do not have the same versions and model. A fault of this package in
            a worker is a `WorkerFault`.

    Example:
        >>> import pandas as pd
        >>> import attribkit as ak
        >>> texts = ["A great film", "Such a great show!", "A dull and horrible movie", "The worst plot ever"]
        >>> reviews = pd.DataFrame({"text": texts, "label": ["pos", "pos", "neg", "neg"]})
        >>> run = ak.explain_corpus("imdb-cnn", reviews, "scores", workers=1)
        >>> dict(run.statuses)
        {'ok': 4}
        >>> pd.read_parquet(run.folder)["label"].tolist()
        ['pos', 'pos', 'neg', 'neg']
    """
    if engine not in ENGINES:
        raise InputError(f"`engine` must be one of {', '.join(ENGINES)}, got {engine!r}")
    if workers is not None and workers < 1:
        raise InputError(f"`workers` must be at least 1, got {workers}")
    check_booleans(keep_text=keep_text, words=words, retry_failed=retry_failed, mixed_versions=mixed_versions)
    if not isinstance(model, (str, Path)):
        from attribkit.models.other_inputs import check_text_alone  # with torch, which a run of a folder need not load

        check_text_alone(model.other_inputs, "`explain_corpus`")
    settings = Settings(_plain(target), output, method, baseline, tolerance, keep_text, words, max_steps)
    selection = Selection.of(where, sample, seed, limit)
    plan = Plan(tuple(find_sources(data, progress, encoding)), Columns(text, key, label), selection, window)
    plan.check()  # before the folder is made: its manifest would hold the next command to these columns and conditions
    path = Path(folder).absolute()
    begun, fresh = time.monotonic(), 0
    with ExitStack() as stack:
        stack.enter_context(Manifest.lock(path))
        if (long, stride) != (None, None) and not isinstance(model, (str, Path)):
            raise InputError("`long` and `stride` belong to a model's folder; give them to attribkit.load instead")
        job = Job(str(model), None, str(path), settings, registering_modules(), long, stride)
        runner = stack.enter_context(_engine_of(model, job, engine, workers, address))
        introduced = runner.introduce()
        usual = "value" if introduced["model"].get("task") == "regression" else "log_odds"
        header = {
            "input": described(plan.sources)
            | {"fingerprint": fingerprint(plan.sources)}
            | ({} if encoding is None else {"encoding": encoding}),
            "settings": settings.described()
            | {"output": output or usual}
            | {"columns": asdict(plan.columns), "selection": asdict(selection), "window": window},
            **introduced,
        }
        manifest = Manifest.open(path, header)
        if not manifest.finished or retry_failed:
            manifest.check_versions(mixed_versions)
            done = {number: part.failed for number, part in manifest.parts.items()}
            tell = stack.enter_context(shown(progress))
            total, furthest = total_bytes(plan.sources), 0
            for read, part in runner.run(PendingWork(plan, done, retry_failed)):
                manifest.add(part)
                fresh, furthest = fresh + part.rows, max(furthest, read)
                rate = fresh / max(time.monotonic() - begun, 1e-9)
                tell(min(furthest, total), total, f"explaining, {number_of(fresh, 'row')}, {rate:,.0f} a second")
            tell(total, total, f"explaining, {number_of(fresh, 'row')}")
            _finish(manifest, words)
        statuses: Counter[str] = Counter()
        for part in manifest.parts.values():
            statuses.update(part.statuses)
        counted = sum((part.convergence for part in manifest.parts.values()), Convergence())
        return CorpusRun(
            Path(folder),
            statuses.total(),
            dict(statuses),
            counted,
            fresh,
            time.monotonic() - begun,
            tuple(manifest.versions),
            manifest.seen,
            {
                "model": introduced["model"]["name"],
                "data": header["input"]["names"],
                "texts": statuses.total(),
            },
        )


class _Engine(Protocol):
    """What runs the windows."""

    def introduce(self) -> dict[str, Any]: ...
    def run(self, pending: PendingWork) -> Iterator[tuple[int, Part]]: ...


@contextmanager
def _engine_of(
    model: "Classifier | str | Path",
    job: Job,
    engine: str,
    count: int | None,
    address: str | None,
) -> Iterator[_Engine]:
    """The engine, with the model in its workers' hands."""
    with ExitStack() as stack:
        classifier = None if isinstance(model, (str, Path)) else model
        if engine == "local" and count == 1 and not memory.scarce():
            yield _in_process(job, classifier, one_thread=True)
            return
        refusal = _IN_SCRIPT.format(method) if only_in_script(method := job.settings.method) else None
        if classifier is not None and refusal is None:
            saved = _sent(classifier, Path(stack.enter_context(TemporaryDirectory()))) if engine == "local" else None
            job, refusal = (job, _NOT_SENT) if saved is None else (_saved_job(job, classifier, saved), None)
        if refusal is not None:
            if (count or 1) > 1 or engine != "local":
                raise InputError(refusal)
            yield _in_process(job, classifier, one_thread=count == 1)
            return
        if engine == "ray":
            from attribkit.corpus.ray_engine import Cluster  # which needs the extra attribkit[ray]

            yield stack.enter_context(Cluster.joined(job, count, address))
            return
        yield stack.enter_context(processes.Processes.started(job, count or processes.cores()))


def _plain(target: Any) -> Any:
    """A target as JSON can hold it: one of numpy's integers as Python's."""
    if isinstance(target, (tuple, list)):
        return tuple(_plain(part) for part in target)
    return int(target) if isinstance(target, np.integer) else target


def _saved_job(job: Job, classifier: "Classifier", saved: Path) -> Job:
    """The job with the classifier's folder, and the number type in which it computes."""
    dtype = str(next(classifier.network.parameters()).dtype).removeprefix("torch.")
    return replace(job, model=str(saved), dtype=dtype)


def _in_process(job: Job, classifier: "Classifier | None", one_thread: bool) -> _Engine:
    from attribkit.corpus.in_process import (
        InProcessEngine,  # which loads torch; where only other processes work, this one need not
    )

    return InProcessEngine.of(job, classifier, one_thread)


def _sent(model: "Classifier", folder: Path) -> Path | None:
    """The classifier as a model folder that other processes can load; None where only this one can hold it."""
    if model.device.type != "cpu" or type(model.network).__module__ == "__main__":
        return None
    try:
        return model.save(folder / "model")
    except InputError:  # a network or tokenizer of the user's own
        return None


def _finish(manifest: Manifest, words: bool) -> None:
    """Sum up the words and say that the run is whole."""
    if words:
        sums = merged(manifest.folder / WORDS / part.file for _, part in sorted(manifest.parts.items()))
        write_parquet(manifest.folder / WORD_SUMS, sums)
    manifest.close()
