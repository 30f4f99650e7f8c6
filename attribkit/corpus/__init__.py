"""Every text of a corpus explained: streamed, in input order, resumable, on every core of one machine or of many.

Read in this order: `sources` finds the files, `records` reads their rows, `selection` chooses among them, `windows`
cuts them into windows of bounded size. A window becomes a part of the result: `transform` explains it, `manifest` keeps
the parts and the manifest. `local` and `cluster` are the two engines; `run` puts it all together.
"""

from attribkit.corpus.corpus_run import CorpusRun
from attribkit.corpus.run import explain_corpus

__all__ = ["CorpusRun", "explain_corpus"]
