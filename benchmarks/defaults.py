"""The defaults of `attribkit.train` beside random settings and the classical reference, on small and middling sets.

    python benchmarks/defaults.py --out defaults.jsonl                        # all sets that are at hand
    python benchmarks/defaults.py --out defaults.jsonl --sets tickets --tickets tickets.csv
    python benchmarks/defaults.py --out defaults.jsonl --table                # what was measured, as Markdown

For each set: the defaults, TF-IDF with logistic regression, and so many random settings, the same for every set and
chosen among by their accuracy on the validation split (the lower validation loss where two are equal). One JSON line
each, with the accuracy on the test split and the seconds; a line that is in the file is not measured again. Sets are
read from $ATTRIBKIT_DATA; `intents` is generated here: 150 kinds of short requests.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import torch

import attribkit as ak
from attribkit.data import Dataset
from attribkit.reproduce.tfidf import tfidf_reference

Row = dict[str, Any]

ACTIONS = (
    ("cancel", "stop", "call off", "end"),
    ("change", "update", "edit", "modify"),
    ("check", "look up", "see the state of", "what is the state of"),
    ("pay for", "settle", "pay off", "transfer money for"),
    ("complain about", "not happy with", "report a problem with", "something is wrong with"),
    ("order", "get a new", "request a", "apply for a"),
    ("find", "where is", "locate", "I lost"),
    ("share", "give someone access to", "add a person to", "let my partner use"),
    ("explain", "how does it work with", "what does it mean with", "help me understand"),
    ("activate", "switch on", "turn on", "set up"),
    ("block", "freeze", "lock", "suspend"),
    ("print", "download", "export", "send me a copy of"),
    ("renew", "extend", "prolong", "keep for another year"),
    ("compare", "which is the best", "what other kind is there of", "is there a cheaper"),
    ("refund", "money back for", "was charged twice for", "return"),
)
THINGS = (
    ("card", "debit card", "plastic", "credit card"),
    ("booking", "reservation", "room", "stay"),
    ("subscription", "plan", "membership", "monthly package"),
    ("parcel", "package", "delivery", "shipment"),
    ("account", "profile", "login", "user name"),
    ("insurance", "policy", "cover", "claim"),
    ("phone", "mobile", "handset", "number"),
    ("ticket", "flight", "seat", "boarding pass"),
    ("loan", "mortgage", "credit", "instalment"),
    ("bill", "invoice", "statement", "receipt"),
)
BEFORE = ("", "", "please", "hi", "hello there", "I would like to", "can you", "how do I", "I need to", "so", "today")
AFTER = (
    "",
    "",
    "thanks",
    "right now",
    "as soon as possible",
    "for me",
    "it is urgent",
    "if possible",
    "again",
    "abroad",
)


def intents(rows: int, seed: int) -> pd.DataFrame:
    """Short requests of 150 kinds, what to do with which thing, each in one of sixteen wordings with words misspelt."""
    random = Random(seed)
    table = []
    for number in range(rows):
        action, thing = number % len(ACTIONS), number // len(ACTIONS) % len(THINGS)
        verb, noun = random.choice(ACTIONS[action]), random.choice(THINGS[thing])
        article = random.choice(("my", "the", "this", "our", ""))
        words = f"{random.choice(BEFORE)} {verb} {article} {noun} {random.choice(AFTER)}".split()
        if random.random() < 0.2:
            place = random.randrange(len(words))
            words[place] = misspelt(words[place], random)
        table.append((" ".join(words), f"{ACTIONS[action][0]} {THINGS[thing][0]}"))
    return pd.DataFrame(table, columns=["text", "label"])


def misspelt(word: str, random: Random) -> str:
    place = random.randrange(len(word))
    return word[:place] + random.choice(("", word[place] * 2, random.choice("aeiou"))) + word[place + 1 :]


@cache
def whole(name: str) -> Dataset:
    return ak.load_dataset(name, validation=0)


def cut(name: str, rows: int, tested: int) -> Dataset:
    """So many rows of a set's training split, and so many of its test split, drawn with seed 0."""
    data = whole(name)
    test = data.test.sample(min(tested, len(data.test)), random_state=0)
    return ak.load_dataset({"train": data.train.sample(rows, random_state=0), "test": test})


SETS: Mapping[str, Callable[[argparse.Namespace], Dataset]] = {
    "nlu_ru": lambda given: ak.load_dataset("nlu_ru"),
    "tickets": lambda given: ak.load_dataset(given.tickets, text="message", label="category"),
    "ag_news 1,000": lambda given: cut("ag_news", 1_000, 7_600),
    "intents": lambda given: ak.load_dataset({"train": intents(3_000, 0), "test": intents(3_000, 1)}),
    "imdb 500": lambda given: cut("imdb", 500, 5_000),
    "ag_news 5,000": lambda given: cut("ag_news", 5_000, 7_600),
    "imdb 5,000": lambda given: cut("imdb", 5_000, 5_000),
    "ag_news 20,000": lambda given: cut("ag_news", 20_000, 7_600),
}


def random_settings(number: int) -> Row:
    """The options of the random training with that number."""
    random = Random(number)
    return {
        "learning_rate": round(10 ** random.uniform(-3.5, -2), 6),
        "epochs": random.choice((5, 10, 20, 40)),
        "patience": random.choice((2, 4, 8)),
        "batch_size": random.choice((16, 32, 64, 128)),
        "embedding_size": random.choice((50, 100, 200, 300)),
        "filters": random.choice((32, 64, 128, 256)),
        "widths": random.choice(((1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (1, 2, 3, 4, 5))),
        "dropout": round(random.uniform(0.1, 0.7), 2),
        "word_dropout": random.choice((0.0, 0.1, 0.2, 0.3)),
        "averaging": random.choice((None, 0.98, 0.99, 0.998)),
        "weight_decay": random.choice((0.0, 0.001, 0.01, 0.1)),
        "min_frequency": random.choice((1, 2, 3)),
    }


def trained(data: Dataset, options: Row) -> Row:
    wall, processor = time.perf_counter(), time.process_time()
    model = ak.train("cnn", data, seed=0, progress=False, **options)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - processor
    assert model.history is not None
    best = model.history.loc[model.history["val_loss"].idxmin()]
    settings = {**model.provenance["training"], **vars(model.network.settings), **vars(model.tokenizer.settings)}
    return {
        "validation": float(best["val_accuracy"]),
        "validation_loss": float(best["val_loss"]),
        "test": ak.evaluate(model, data.test, progress=False).accuracy,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "best_epoch": int(best["epoch"]),
        "epochs_run": len(model.history),
        "options": {name: settings[name] for name in random_settings(0)},
    }


def reference(data: Dataset) -> Row:
    started = time.process_time()
    known = pd.concat([data.train, data.validation], ignore_index=True)
    accuracy = tfidf_reference(known, data.test, data.labels, min_df=1 if len(known) < 10_000 else 3).accuracy
    return {"test": accuracy, "cpu_seconds": round(time.process_time() - started, 1)}


def measured(file: Path) -> dict[tuple[str, str], Row]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    rows = map(json.loads, lines)
    return {(row["set"], row["setting"]): row for row in rows}


def measure(given: argparse.Namespace) -> None:
    done = measured(given.out)
    work: dict[str, Callable[[Dataset], Row]] = {
        "TF-IDF": reference,
        "defaults": lambda data: trained(data, {}),
        **{
            f"random {number}": lambda data, number=number: trained(data, random_settings(number))
            for number in range(1, given.settings + 1)
        },
    }
    for name in given.sets:
        todo = {setting: call for setting, call in work.items() if (name, setting) not in done}
        if not todo or (name == "tickets" and given.tickets is None):
            continue
        data = SETS[name](given)
        rows = {split: len(getattr(data, split)) for split in ("train", "validation", "test")}
        for setting, call in todo.items():
            row = {"set": name, "setting": setting, "rows": rows, "labels": len(data.labels), **call(data)}
            row["load"] = round(os.getloadavg()[0], 1)
            line = json.dumps(row)
            print(line, flush=True)
            with given.out.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")


def table(file: Path) -> list[str]:
    """The lines of a Markdown table: a set a row."""
    done = measured(file)
    lines = [
        "| set | rows, labels | TF-IDF | defaults | best of random | defaults less best | seconds: defaults, best |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in SETS:
        rows = {setting: row for (set_name, setting), row in done.items() if set_name == name}
        random = [row for setting, row in rows.items() if setting.startswith("random")]
        if "defaults" not in rows or "TF-IDF" not in rows:
            continue
        ours, classical = rows["defaults"], rows["TF-IDF"]
        known = ours["rows"]["train"] + ours["rows"]["validation"]
        cells = [name, f"{known:,}, {ours['labels']}", f"{classical['test']:.3f}", f"{ours['test']:.3f}"]
        if random:
            best = max(random, key=lambda row: (row["validation"], -row["validation_loss"]))
            difference = f"{100 * (ours['test'] - best['test']):+.1f}".replace("-", "\N{MINUS SIGN}")
            seconds = f"{ours['cpu_seconds']:.0f}, {best['cpu_seconds']:.0f}"
            cells += [f"{best['test']:.3f} of {len(random)}", difference, seconds]
        else:
            cells += ["not measured", "", f"{ours['cpu_seconds']:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the file of JSON lines, which is added to")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--settings", type=int, default=20, help="random settings for each set")
    parser.add_argument("--tickets", type=Path, help="a table with the columns message and category")
    parser.add_argument("--table", action="store_true", help="print what was measured and measure nothing")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.table:
        print("\n".join(table(given.out)))
    else:
        measure(given)


if __name__ == "__main__":
    main()
