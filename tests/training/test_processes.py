import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from attribkit.training.processes import check, share

SCRIPT = """
import json, sys
from dataclasses import replace
from attribkit.data import load_dataset
from attribkit.training.train import train
from attribkit.training.processes import is_main_process

demo = load_dataset("demo")
data = replace(demo, train=demo.train.head(97), validation=demo.validation.head(32))
found = {}
for architecture, options in json.loads(sys.argv[1]).items():
    out = f"{sys.argv[3]}/{architecture}"
    model = train(architecture, data, out=out, devices=int(sys.argv[2]), **options)
    if is_main_process():
        rows = model.history.drop(columns="seconds").to_dict("list")
        sums = {name: value.double().sum().item() for name, value in model.network.state_dict().items()}
        kept = {str(epoch): float(weights["embedding.weight"].sum()) for epoch, weights in model.snapshots.items()}
        found[architecture] = {"history": rows, "sums": sums, "snapshots": kept}
if is_main_process():
    print(json.dumps(found))
"""
BOTH = {"embedding_size": 8, "dropout": 0.0, "epochs": 3, "batch_size": 16, "device": "cpu", "precision": "float32"}
BOTH |= {
    "word_dropout": 0.0,
    "averaging": None,
}  # words are blanked by a draw that each process makes for its own texts
RUNS: dict[str, dict[str, Any]] = {
    # 97 texts in batches of 16: the last batch holds a single one, and a process goes without
    "cnn": BOTH | {"filters": 4, "learning_rate": 0.02, "class_weights": "balanced"},
    "attention-rnn": BOTH | {"hidden": 4, "freeze_epochs": 1, "learning_rate": 0.001, "snapshots": [1, 2]},
}


def trained(devices: int, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    (folder / "script.py").write_text(SCRIPT)
    environment = {name: value for name, value in os.environ.items() if "RANK" not in name} | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "script.py", json.dumps(RUNS), str(devices), str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    one, two = (trained(devices, tmp_path / str(devices)) for devices in (1, 2))
    for architecture in RUNS:
        for part in ("history", "sums", "snapshots"):
            for name, value in one[architecture][part].items():
                assert two[architecture][part][name] == pytest.approx(value, rel=1e-4, abs=1e-5), (architecture, name)
    assert set(two["attention-rnn"]["snapshots"]) == {"1", "2"}
    for architecture in RUNS:
        assert (tmp_path / "2" / architecture / "config.json").is_file()
        assert not (tmp_path / "2" / architecture / "training").exists()


def test_the_shares_of_a_batch_are_the_batch() -> None:
    batch = (torch.arange(10).reshape(5, 2), torch.arange(5))
    parts = [share(batch, rank, 2) for rank in range(2)]
    assert [counts for _, counts in parts] == [1.0, 1.0]
    assert sorted(torch.cat([labels for (_, labels), _ in parts]).tolist()) == [0, 1, 2, 3, 4]
    (ids, _), counts = share((batch[0][:1], batch[1][:1]), 1, 2)
    assert len(ids) == 1 and counts == 0.0


@pytest.mark.parametrize(
    ("devices", "nodes", "device", "sentence"),
    [
        (0, 1, "cpu", "`devices` must be at least 1, got 0"),
        (2, 0, "cpu", "`nodes` must be at least 1, got 0"),
        (2, 1, "meta", "several devices train together on the CPU or on GPUs, not on 'meta'"),
        (2, 1, "cuda:0", r"`devices=2` needs several GPUs, `device` names one \(cuda:0\)"),
        (99, 1, "cuda", r"`devices` must be at most the \d+ GPUs there are, got 99"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(devices: int, nodes: int, device: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        check(devices, nodes, torch.device(device))
