"""Coverage-guided fuzzing of what reads bytes, by atheris (the extra `fuzz`); a fault ends it with its input.

python tests/stress/bytes_fuzz.py -atheris_runs=50000
"""

import atexit
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["attribkit"]):
    import attribkit as ak
    from attribkit.corpus.selection import Selection
    from attribkit.corpus.sources import find_sources
    from attribkit.corpus.windows import Columns, Plan
    from attribkit.data.readers import read_file
    from attribkit.models import model_folder
    from attribkit.models.classifier import Classifier
    from attribkit.models.registry import ARCHITECTURES
    from attribkit.results.json_file import envelope
    from attribkit.text.encoded import check_text
    from attribkit.text.settings import TextSettings
    from attribkit.text.tokenizer import Tokenizer
    from attribkit.training.glove import read_vectors

KEPT = tempfile.TemporaryDirectory()
FOLDER = Path(KEPT.name)
TRIED: Counter[str] = Counter()


def model() -> Classifier:
    tokenizer = Tokenizer.train(["a good film", "a bad film"], TextSettings(min_frequency=1))
    built = ARCHITECTURES["cnn"].build(vocabulary=len(tokenizer), classes=2, embedding_size=4, filters=2)
    return Classifier(built.eval(), tokenizer, ("neg", "pos"))


MODEL = model()
SAVED = MODEL.save(FOLDER / "model")
CONFIG = json.loads((SAVED / "config.json").read_text())
WHY = ak.explain(MODEL, "a good film", views="attribution").to_json()


def table(suffix: str) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path = FOLDER / f"input{suffix}"
        path.write_bytes(content)
        plan = Plan(tuple(find_sources(path)), Columns(), Selection(), rows=5)
        rows = [row for window in plan.windows() for row in window.table.to_pylist()]
        if [row["row"] for row in rows] != list(range(len(rows))):
            raise RuntimeError("a row was lost or repeated")
        read_file(path)

    return read


def vectors(content: bytes) -> None:
    (FOLDER / "vectors.txt").write_bytes(content)
    read_vectors(FOLDER / "vectors.txt", {"[PAD]": 0, "[UNK]": 1, "a": 2})


def tokens(content: bytes) -> None:
    text = content.decode("utf-8", "surrogatepass")
    check_text(text)
    (one,) = MODEL.tokenizer.encode([text])
    if (one.ends > len(text)).any() or (one.starts[1:] < one.ends[:-1]).any():
        raise RuntimeError("a token lies where it cannot")


def explanation(content: bytes) -> None:
    """As it comes, and as the content of a file whose checksum is right."""
    try:
        sealed = envelope("explanation", json.loads(content))
    except (ValueError, RecursionError):
        sealed = content.decode("utf-8", "replace")
    found = ak.Explanation.from_json(sealed)
    if ak.Explanation.from_json(found.to_json()) != found:
        raise RuntimeError("an explanation came back as another")


def config(content: bytes) -> None:
    """A config.json with forged fields and the right checksum."""
    forged = json.loads(content)
    if not isinstance(forged, dict):
        raise ValueError("an object was expected")
    forged = CONFIG | forged
    forged["sha256"] = model_folder._checksum(forged)
    (SAVED / "config.json").write_text(json.dumps(forged))
    Classifier.load(SAVED, "cpu")


READERS: dict[str, Callable[[bytes], None]] = {
    **{suffix: table(suffix) for suffix in (".csv", ".tsv", ".jsonl")},
    "word vectors": vectors,
    "texts": tokens,
    "explanations": explanation,
    "config.json": config,
}
GOOD = {
    ".csv": b'text,label\n"a ""good"" film",pos\nbad,neg\n',
    ".tsv": b"text\tlabel\na good film\tpos\n",
    ".jsonl": b'{"text": "a good film", "label": 1}\n',
    "word vectors": b"a 0.1 -2e-3\ngood 1 2\n",
    "texts": "a good<br />film, isn’t it? \U0001f3ac".encode(),
    "explanations": json.dumps(json.loads(WHY)["content"]).encode(),
    "config.json": json.dumps({name: CONFIG[name] for name in ("settings", "text", "labels", "provenance")}).encode(),
}


def one_input(content: bytes) -> None:
    """The first byte chooses the reader; only a refusal in a sentence may come of the rest."""
    name = list(READERS)[(content[0] if content else 0) % len(READERS)]
    try:
        READERS[name](content[1:])
    except ValueError as error:
        if len(str(error)) < 10:
            raise
        TRIED[f"{name}, refused"] += 1
    else:
        TRIED[f"{name}, read"] += 1


@atexit.register
def told() -> None:
    """What was tried; libFuzzer itself says where it ended."""
    print(f"\natheris: {TRIED.total():,} inputs")
    for name, number in sorted(TRIED.items()):
        print(f"  {name:<24} {number:>8,}")


if __name__ == "__main__":
    seeds = FOLDER / "seeds"
    seeds.mkdir()
    for place, name in enumerate(READERS):
        (seeds / str(place)).write_bytes(bytes([place]) + GOOD[name])
    # long enough for a whole explanation; what is written to stderr by readers is not looked at
    atheris.Setup([*sys.argv, "-max_len=4096", "-verbosity=0", str(seeds)], one_input)
    atheris.Fuzz()
