"""Take what `attribkit reproduce` has found so far into the repository.

    python benchmarks/publish_results.py results/imdb results/ag_news results/nlu_ru

Copies results.json, results.md and the comparison into docs/results/TABLE and writes the short table of
docs/reproduction.md anew from all that is there. Unfinished results are taken as they are: the table says how many
seeds were run.
"""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results"
PAGE = ROOT / "docs" / "reproduction.md"
TABLE = re.compile(r"(<!-- results -->\n).*?(<!-- end of results -->)", re.DOTALL)


def main() -> None:
    for folder in map(Path, sys.argv[1:]):
        found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        if found["quick"]:
            sys.exit(f"{folder} holds a quick run on small samples; its figures mean nothing")
        (RESULTS / found["table"]).mkdir(parents=True, exist_ok=True)
        for name in ("results.json", "results.md", "comparison.png"):
            if (folder / name).is_file():
                shutil.copy(folder / name, RESULTS / found["table"] / name)
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def with_table(page: str) -> str:
    files = [RESULTS / name / "results.json" for name in ("imdb", "ag_news", "nlu_ru")]
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
    return TABLE.sub(lambda part: part[1] + "\n".join(lines(found)) + "\n" + part[2], page)


def lines(found: list[dict[str, Any]]) -> list[str]:
    table = ["| | published | here | seeds | goal |", "|---|---|---|---|---|"]
    for one in found:
        table.append(f"| **[{one['table']}](results/{one['table']}/results.md)**, {one['title']} | | | | |")
        for row in one["rows"]:
            if row["mean"] is not None:
                table.append(line(row))
    return table


def line(row: dict[str, Any]) -> str:
    here = f"{row['mean']:.4f}" + ("" if row["spread"] is None else f" ± {row['spread']:.4f}")
    published = "" if row["published"] is None else f"{row['published']:.4f}"
    goal = "" if row["goal"] is None else f"{row['goal']:.3f}, {'reached' if row['reached'] else 'missed'}"
    return f"| {row['name']} | {published} | {here} | {len(row['seeds'])} | {goal} |"


if __name__ == "__main__":
    main()
