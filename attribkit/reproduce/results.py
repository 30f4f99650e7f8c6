"""The results so far as data, as a table to read, and as pictures."""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pandas as pd

from attribkit.evaluation.learning_curve import learning_curve
from attribkit.files import write_whole
from attribkit.plurals import by_number
from attribkit.reproduce.machine import machine
from attribkit.reproduce.tables import Row, Table
from attribkit.reproduce.unit import Unit
from attribkit.results import panels
from attribkit.results.several_panels import Panels


def write_results(out: Path, table: Table, plan: Sequence[Unit], about: Mapping[str, Any]) -> dict[str, Any]:
    """Write results.json, results.md, the comparison and each row's loss curve; returns the first's content.

    `about` is the command, whether it was a quick run, and the duplicates where folds were grouped by them.
    """
    results = collect(out, table, plan, about)
    write_whole(out / "results.json", json.dumps(results, indent=1, allow_nan=False).encode())
    write_whole(out / "results.md", as_markdown(results).encode())
    drawn: list[tuple[str, panels.Panel]] = [("comparison", beside)] if (beside := comparison(results)) else []
    for row in results["rows"]:
        if row["runs"] and "history" in row["runs"][0] and not (out / f"loss-{row['file']}.png").exists():
            first = row["runs"][0]
            drawn.append(
                (f"loss-{row['file']}", learning_curve(pd.DataFrame(first["history"]), f"Loss: {row['name']}"))
            )
    for name, panel in drawn:
        Panels((panel,)).save(out / f"{name}.png")
    return results


def collect(out: Path, table: Table, plan: Sequence[Unit], about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything known so far. Only what is called `seconds` differs when the same is run again on the same machine."""
    rows = [_row(out, table, row, [unit for unit in plan if unit.row is row]) for row in table.rows]
    return {
        "attribkit": version("attribkit"),
        "table": table.data,
        "metric": table.metric,
        "title": table.title,
        **about,
        "machine": machine(),
        "units": {"finished": sum(len(row["runs"]) for row in rows), "planned": len(plan)},
        "rows": rows,
    }


def _row(out: Path, table: Table, row: Row, units: Sequence[Unit]) -> dict[str, Any]:
    runs = [result for unit in units if (result := unit.result(out)) is not None]
    by_seed: dict[int, list[float]] = {}
    for run in runs:
        by_seed.setdefault(run["seed"], []).append(run["test"][table.metric])
    parts = len({unit.fold for unit in units})
    whole = {seed: mean(values) for seed, values in by_seed.items() if len(values) == parts}
    values = list(whole.values())
    stability = out / "units" / f"stability-{units[0].name}.json"
    return {
        "name": row.name,
        "file": units[0].name.split("-seed")[0],
        "architecture": row.architecture,
        "options": dict(row.options),
        "vectors": row.vectors,
        "published": row.published,
        "goal": row.goal,
        "lost": list(row.lost),
        "seeds": sorted(whole),
        "mean": mean(values) if values else None,
        "spread": stdev(values) if len(values) > 1 else None,
        "reached": None if row.goal is None or not values else mean(values) >= row.goal,
        "seconds": round(mean(run["seconds"] for run in runs) * parts, 1) if runs else None,
        "stability": json.loads(stability.read_bytes()) if stability.is_file() else None,
        "runs": runs,
    }


def as_markdown(results: dict[str, Any]) -> str:
    """The table as a reader wants it."""
    done, planned = results["units"]["finished"], results["units"]["planned"]
    lines = [
        f"# {results['table']}: {results['title']}",
        "",
        *(["**A quick run on small samples: its figures mean nothing.**", ""] if results["quick"] else []),
        f"{done} of {planned} trainings finished. Mean ± standard deviation over the seeds run.",
        *_duplicates(results["duplicates"]),
        "",
        "| row | published | goal | here | seeds | reached | best epoch | time per seed | commit |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_line(row) for row in results["rows"]]
    vectors = {row["name"]: _vectors(row) for row in results["rows"] if row["vectors"]}
    if vectors:
        lines += ["", "## Vectors", "", *(f"- {name}: {description}" for name, description in vectors.items())]
    lost = [(row["name"], tried) for row in results["rows"] for tried in row["lost"]]
    if lost:
        lines += ["", "## Tried on validation and not kept", "", *(f"- {name}: {tried}" for name, tried in lost)]
    stable = [row["stability"] for row in results["rows"] if row["stability"]]
    if stable:
        lines += ["", "## Do explanations survive retraining?", ""]
        lines += [
            f"- {stability['row']}: Spearman's ρ of token scores between seeds {stability['between_seeds']:.2f} "
            f"({stability['texts']} test texts, {len(stability['seeds'])} seeds); between integrated gradients and "
            f"{stability['other_method'].replace('_', ' ')} on one model {stability['between_methods']:.2f}"
            f"{_converged(stability)}"
            for stability in stable
        ]
    made = results["machine"]
    lines += [
        "",
        f"Made by `{results['command']}` of attribkit {results['attribkit']}, torch {made['torch']}, "
        f"on {made['processor']} ({made['cores']} cores, {made['threads']} "
        f"{by_number(made['threads'], 'thread', 'threads')} a process"
        f"{'' if made['gpu'] is None else ', ' + made['gpu']}).",
    ]
    return "\n".join(lines) + "\n"


def _duplicates(counts: dict[str, int] | None) -> list[str]:
    if counts is None:
        return []
    return [
        f"{counts['rows']:,} rows hold {counts['distinct_texts']:,} different texts, "
        f"{counts['texts_with_several_labels']:,} of them under several labels; equal texts are in one fold."
    ]


def _converged(stability: dict[str, Any]) -> str:
    """How many of the explanations converged; nothing where an earlier version did not count them."""
    counted = stability.get("convergence")
    return "" if counted is None else f"; {panels.Convergence.from_json(counted).sentence}"


def _line(row: dict[str, Any]) -> str:
    if row["mean"] is None:
        value = "not run"
    else:
        value = f"{row['mean']:.4f}" + (f" {_spread(row['spread'])}" if row["spread"] is not None else "")
    best = [run["best_epoch"] for run in row["runs"] if "best_epoch" in run]
    epochs = f"{min(best)}–{max(best)}" if best and min(best) != max(best) else f"{best[0]}" if best else ""
    reached = {None: "", True: "yes", False: "no"}[row["reached"]]
    time = "" if row["seconds"] is None else f"{row['seconds'] / 60:.1f} min"
    published, goal = ("" if row[name] is None else f"{row[name]:.4f}" for name in ("published", "goal"))
    commits = ", ".join(sorted({str(run["commit"])[:7] for run in row["runs"] if run["commit"]}))
    cells = (row["name"], published, goal, value, len(row["seeds"]), reached, epochs, time, commits)
    return f"| {' | '.join(map(str, cells))} |"


def _vectors(row: dict[str, Any]) -> str:
    known = next((run["vectors"] for run in row["runs"] if run.get("vectors")), None)
    if known is None:
        return f"{row['vectors']}"
    return (
        f"{known['file']}, {known['size']} dimensions, {known['share_of_vocabulary']:.1%} of the vocabulary, "
        f"{known['share_of_training_tokens']:.1%} of the training tokens"
    )


def comparison(results: dict[str, Any]) -> panels.Table | None:
    """The rows' means as bars beside what was published and the goals; None before two rows are finished.

    A bar's interval is the mean less and plus the standard deviation over the seeds.
    """
    rows = [row for row in results["rows"] if row["mean"] is not None]
    if len(rows) < 2:
        return None
    several = sorted({len(row["seeds"]) for row in rows if row["spread"] is not None})
    spread = f"the standard deviation over {' or '.join(map(str, several))} seeds, which the line at a bar's end spans"
    return panels.Table(
        f"{results['table']}: test {results['title']}",
        ("row", "here", "spread", "published", "goal"),
        tuple((row["name"], row["mean"], _spread(row["spread"]), row["published"], row["goal"]) for row in rows),
        notes=(f"spread: {spread}" if several else "one seed a row",),
        bars=tuple(_bar(row["mean"], row["spread"]) for row in rows),
    )


def _spread(spread: float | None) -> str | None:
    return None if spread is None else f"± {spread:.4f}"


def _bar(mean: float, spread: float | None) -> panels.Bar:
    return panels.Bar(mean) if spread is None else panels.Bar(mean, mean - spread, mean + spread)
