"""The workbench: the rows of a data set beside the live page, with each model's answers to them.

`rows.DataRows` holds the texts, read once; `answers.ModelAnswers` one model's answers, filled in by a thread; `slices`
finds the rows that a question asks for; `words` compares a slice's words with the rest; `handler` answers requests.
"""
