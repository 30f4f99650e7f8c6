"""A count of one takes a singular: by the rule itself, and in the sentences that users read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from attribkit.data.intake import notes_on_training
from attribkit.data.readable import Skipped, skipped_sentence
from attribkit.evaluation.cells import left_out
from attribkit.plurals import by_number, number_of
from attribkit.results.panels import Convergence

ROOT = Path(__file__).parent.parent / "attribkit"
COUNTED = re.compile(r"^ (?:more |other |training |test )*(?:rows|texts|mistakes|explanations|pairs)\b")


@pytest.mark.parametrize(("count", "written"), [(0, "0 texts"), (1, "1 text"), (2, "2 texts"), (1_200, "1,200 texts")])
def test_a_noun_follows_its_count(count: int, written: str) -> None:
    assert number_of(count, "text") == written


def test_irregular_nouns_and_verbs_follow_too() -> None:
    assert [number_of(count, "row was", "rows were") for count in (1, 2)] == ["1 row was", "2 rows were"]
    assert [by_number(count, "was", "were") for count in (0, 1, 2)] == ["were", "was", "were"]


def test_sentences_of_one_and_of_several() -> None:
    rows = [Skipped(3, "it is empty"), Skipped(5, "it is empty")]
    assert skipped_sentence(rows[:1], 40) == "1 of 40 rows was left out, row 3: it is empty"
    assert skipped_sentence(rows, 40) == "2 of 40 rows were left out, the first is row 3: it is empty"
    assert notes_on_training(1, 1) == ["1 of the 1 row measured was seen in training"]
    assert notes_on_training(2, 3) == ["2 of the 3 rows measured were seen in training"]
    assert (left_out(0), left_out(1)) == ("", "; 1 row was left out")
    assert Convergence(1, 0, 0, 1e-9).sentence.startswith("the explanation converged")


def bare_counts(node: ast.AST) -> Iterator[str]:
    """Counts that f-strings write before a plural; not of errors, nor where the number is asked for first."""
    chosen = isinstance(node, ast.Call) and ast.unparse(node.func) == "by_number"
    if chosen or isinstance(node, (ast.Raise, ast.IfExp)):
        return
    if isinstance(node, ast.JoinedStr):
        for value, after in zip(node.values, node.values[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant):
                count, words = ast.unparse(value.value), str(after.value)
                if COUNTED.match(words) and not count.lstrip("_").isupper():
                    yield count + words
    for child in ast.iter_child_nodes(node):
        yield from bare_counts(child)


@pytest.mark.parametrize("folder", ["cli", "corpus", "data", "evaluation", "influence", "render", "reports", "results"])
def test_no_sentence_has_a_count_before_a_plural_that_would_stay_for_one(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    bare = [(path.name, count) for path in files for count in bare_counts(ast.parse(path.read_text()))]
    assert files and not bare


def test_a_bare_count_is_seen() -> None:
    assert list(bare_counts(ast.parse('note = f"{len(bad):,} rows were left out"'))) == ["len(bad) rows were left out"]
