"""The same rows from a Ray cluster of two nodes, with a worker killed amid the run."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from corpus.test_run import TEXTS, assert_same
from own_modules import file_in_document

import attribkit as ak
from attribkit.corpus import explain_corpus
from attribkit.errors import InputError

pytest.importorskip("ray", reason="Ray is not installed: pip install 'attribkit[ray]'")


def run_program(name: str, *arguments: str) -> str:
    """What it prints, in a process of its own: Ray leaves threads and warnings behind that are not this project's."""
    environment = os.environ | {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
        "PYTHONWARNINGS": "default",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    program = [sys.executable, str(Path(__file__).parent / name), *arguments]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_two_nodes_yield_the_rows_of_one_process_though_a_worker_is_killed(
    model_folder: Path, corpus: Path, tmp_path: Path
) -> None:
    explain_corpus(model_folder, corpus, tmp_path / "here", window=12, workers=1, words=True)
    printed = run_program("two_nodes.py", str(model_folder), str(corpus), str(tmp_path / "there"))
    assert f"killed 1; rows {len(TEXTS)}" in printed
    assert_same(tmp_path / "there", tmp_path / "here")


@pytest.mark.usefixtures("registries")
def test_a_network_and_a_method_of_ones_own_yield_the_rows_of_one_process(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("my_network.py", "my_method.py"):
        (tmp_path / name).write_text(file_in_document(name), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        __import__("my_network")
        __import__("my_method")
        ak.train("mean", ak.load_dataset("demo").sample(200), epochs=1, device="cpu", out="mean-model", seed=0)
        explain_corpus("mean-model", corpus, "here", window=20, method="distance", workers=1)
    finally:
        for name in ("my_network", "my_method"):
            sys.modules.pop(name, None)
    assert f"rows {len(TEXTS)}" in run_program("registered_on_ray.py", "mean-model", str(corpus), "there")
    assert_same(tmp_path / "there", tmp_path / "here")


def test_an_actor_of_another_version_or_without_a_module_refuses_to_work(model_folder: Path, tmp_path: Path) -> None:
    from attribkit.corpus.job import Job, Settings
    from attribkit.corpus.ray_engine import _Explain
    from attribkit.corpus.work import PartWriter

    job = Job(str(model_folder), None, str(tmp_path), Settings())
    told = PartWriter.of(job).introduce()
    assert _Explain(job.to_json(), told)
    unknown = replace(job, imports=("no_such_module",)).to_json()
    with pytest.raises(InputError, match="the module 'no_such_module', which registers a network or a method, cannot"):
        _Explain(unknown, told)
    with pytest.raises(RuntimeError, match=r"a worker has torch .* instead of 1\.0\.0, which would mix numbers"):
        _Explain(job.to_json(), {**told, "versions": told["versions"] | {"torch": "1.0.0"}})
