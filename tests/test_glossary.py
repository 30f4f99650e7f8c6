"""The project speaks the field's language: the terms that the glossary retired stand nowhere else."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
GLOSSARY = ROOT / "docs" / "glossary.md"
READ = ("attribkit/**/*.py", "attribkit/**/*.jinja", "attribkit/**/*.js", "attribkit/**/*.html", "tests/**/*.py",
        "benchmarks/*.py", "docs/*.py", "notebooks/*.py", "README.md", "CONTRIBUTING.md", "Makefile")  # fmt: skip


def test_no_retired_term_is_used() -> None:
    retired = re.findall(r'"([^"]+)"', GLOSSARY.read_text(encoding="utf-8").partition("Retired")[2].replace("\n", " "))
    assert len(retired) == 9
    pattern = re.compile("|".join(rf"\b{re.escape(term)}\b" for term in retired), re.IGNORECASE)
    files = [file for kind in READ for file in ROOT.glob(kind) if file != Path(__file__)]
    assert len(files) > 300
    used = {(file.name, found) for file in files for found in pattern.findall(file.read_text(encoding="utf-8"))}
    assert not used
