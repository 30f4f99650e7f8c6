"""Explanations of every text of a corpus: streamed, in input order, resumable, on every core of one machine or of many.

Read in this order: `sources` finds the files, `records` reads their rows, `selection` chooses among them, `windows`
divides them into windows of bounded size. A window becomes a part of the result: `transform` explains it, `manifest`
keeps the list of finished parts. `in_process`, `processes` and `ray_engine` are the engines; `run` combines all of it.
"""

from attribkit.corpus.result import CorpusRun
from attribkit.corpus.run import explain_corpus

__all__ = ["CorpusRun", "explain_corpus"]
