"""The same rows from a Ray cluster of two nodes, with a worker killed amid the run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from corpus.test_run import TEXTS, assert_same

from attribkit.corpus import explain_corpus

pytest.importorskip("ray", reason="Ray is not installed: pip install 'attribkit[ray]'")
PROGRAM = Path(__file__).parent / "two_nodes.py"


def test_two_nodes_yield_the_rows_of_one_process_though_a_worker_is_killed(
    model_folder: Path, corpus: Path, tmp_path: Path
) -> None:
    """In a process of its own: Ray leaves threads and warnings behind that are not this project's."""
    explain_corpus(model_folder, corpus, tmp_path / "here", window=12, workers=1, words=True)
    arguments = [str(model_folder), str(corpus), str(tmp_path / "there")]
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", "PYTHONWARNINGS": "default"}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments], env=environment, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"killed 1; rows {len(TEXTS)}" in done.stdout
    assert_same(tmp_path / "there", tmp_path / "here")


def test_an_actor_of_another_version_refuses_to_work(model_folder: Path, tmp_path: Path) -> None:
    from attribkit.corpus.job import Job, Settings
    from attribkit.corpus.ray_engine import _Explain
    from attribkit.corpus.work import Work

    job = Job(str(model_folder), None, str(tmp_path), Settings())
    told = Work.of(job).introduce()
    assert _Explain(job.to_json(), told)
    with pytest.raises(RuntimeError, match=r"a worker has torch .* instead of 1\.0\.0, which would mix numbers"):
        _Explain(job.to_json(), {**told, "versions": told["versions"] | {"torch": "1.0.0"}})
