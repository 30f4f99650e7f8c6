"""A newcomer's time: from a fresh clone to sample explanations, and from a table of tickets to a report.

    python benchmarks/newcomer.py
    python benchmarks/newcomer.py --rows 600 --keep /tmp/newcomer

Clones this repository at its last commit, then runs in the clone what README says first, `make demo`, with an empty
cache of downloads; then `attribkit quickstart` on a generated table of 600 support tickets in 5 classes. Prints one
JSON line a step: seconds on the wall, what was aimed at, and how busy the machine was before and after.
"""

import argparse
import json
import os
import subprocess
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pandas as pd

ROOT = Path(__file__).parent.parent
TOPICS = {
    "billing": "invoice charge refund payment card receipt price subscription",
    "delivery": "parcel courier tracking address shipment late box warehouse",
    "login": "password account reset email locked code sign username",
    "returns": "return exchange size label broken seam colour swap",
    "technical": "crash error screen update install freeze version button",
}
COMMON = "please help me with my the since yesterday again it still does not work and nobody answered thank you".split()


def tickets(rows: int, seed: int = 0) -> pd.DataFrame:
    """Tickets of five classes: two to four words of the class, now and then one of another, among words of all."""
    random = Random(seed)
    table = []
    for number in range(rows):
        label = list(TOPICS)[number % len(TOPICS)]
        words = random.sample(TOPICS[label].split(), random.randint(2, 4))
        words += random.sample(TOPICS[random.choice(list(TOPICS))].split(), random.randint(0, 1))
        words += random.choices(COMMON, k=random.randint(6, 14))
        random.shuffle(words)
        table.append((number + 1, " ".join(words), label))
    return pd.DataFrame(table, columns=["id", "message", "team"])


def timed(step: str, target: float | None, command: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run a command and print how long it took; its own output goes to a file beside."""
    load, begun = os.getloadavg()[0], time.perf_counter()
    with (folder / "output.txt").open("a", encoding="utf-8") as output:
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=output, stderr=subprocess.STDOUT)
    seconds = round(time.perf_counter() - begun, 1)
    loads = [round(load, 1), round(os.getloadavg()[0], 1)]
    print(json.dumps({"step": step, "seconds": seconds, "target": target, "load": loads}), flush=True)


def main() -> None:
    """Clone, install and demo, quickstart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--keep", type=Path, help="the folder to work in, kept afterwards")
    arguments = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        dropped = ("PYTHONPATH", "VIRTUAL_ENV", "ATTRIBKIT_DATA")
        environment = {name: value for name, value in os.environ.items() if name not in dropped}
        environment["PIP_CACHE_DIR"] = str(folder / "empty-cache")
        clone = folder / "attribkit"
        timed("git clone", None, ["git", "clone", "--quiet", str(ROOT), str(clone)], folder, environment)
        timed("make demo: install, then explain the sample sentences", 180, ["make", "demo"], clone, environment)
        tickets(arguments.rows).to_csv(clone / "tickets.csv", index=False)
        command = [str(clone / ".venv" / "bin" / "attribkit"), "quickstart", "tickets.csv"]
        timed(f"attribkit quickstart tickets.csv, {arguments.rows} rows", 60, command, clone, environment)
        print((clone / "output.txt").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
