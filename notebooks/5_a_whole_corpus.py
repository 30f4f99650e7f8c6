# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A whole corpus
#
# One explanation shows why one text was decided as it was. Here every test review of IMDB is explained, and the result,
# a folder of Parquet files, is asked a question that no single picture answers: **which words most mislead the model?**
#
# The data are real and not part of attribkit: `ATTRIBKIT_DATA` names the folder that holds `imdb`. As it stands this
# reads a sample; `ATTRIBKIT_FULL=1` reads all 25,000 reviews, for the figures quoted below. Only single words and
# numbers are shown, never a review.
#
# In a hosted notebook, first run `%pip install attribkit duckdb polars` in a cell of its own.

# %%
import os
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl

import attribkit as ak
from attribkit.results.panels import Bar, Table

FULL = os.environ.get("ATTRIBKIT_FULL") == "1"
OUT = Path(os.environ.get("ATTRIBKIT_OUT", "corpus"))
REVIEWS = Path(os.environ["ATTRIBKIT_DATA"]) / "imdb" / "test.parquet"
OUT.mkdir(exist_ok=True)

# %% [markdown]
# ## 1. Explain it
#
# The same in a shell is `attribkit corpus imdb-cnn test.parquet explained --label label --words`. Stop it when you
# like: run again, it goes on where it was.

# %%
run = ak.explain_corpus(
    "imdb-cnn",
    REVIEWS,
    OUT / "explained",
    label="label",
    words=True,
    target="pos",
    sample=1.0 if FULL else 0.02,
    workers=None if FULL else 1,
)
print(f"{run.rows:,} reviews, {run.failed} not explained")

# %% [markdown]
# Every row has a status, and every explained row says by how much its scores fail to sum to the
# model's output.

# %%
PARTS = str(OUT / "explained" / "part-*.parquet")
rows = pd.read_parquet(OUT / "explained", columns=["status", "label", "true_label", "relative_error", "tokens_total"])
print(rows["status"].value_counts().to_dict())
print(f"largest relative completeness error: {rows['relative_error'].max():.1e}")
wrong = rows["label"] != rows["true_label"]
print(f"accuracy: {1 - wrong.mean():.3f}; {wrong.sum():,} reviews are judged wrongly")

# %% [markdown]
# ## 2. Which words mislead it?
#
# A word misleads where the model was wrong and the word spoke for the wrong answer. The scores all speak for "pos", so
# in a wrong negative review misjudged as positive a positive score misleads, and the other way round. Summed over all
# wrong reviews that is how much each word contributed to the model's mistakes.
#
# Such a list is led by words that are strong and frequent. So beside the sum stands what a use of the word does, on
# average, where the model is wrong and where it is right. A word that helps there more than it hurts here, such as
# *worst*, is worth its price. One that hurts more than it helps may be a shortcut, or taken too plainly.
#
# The result opens in whatever one likes. In duckdb, which reads the files as a table:

# %%
MISLED = f"""
    with words as (
        select row, unnest(tokens) as word, unnest(known) as known, unnest(scores) as score,
               label <> true_label as wrong, case when label = 'pos' then 1 else -1 end as side
        from '{PARTS}' where status = 'ok'
    )
    select word,
           sum(score * side) filter (where wrong) as misled,
           count(distinct row) filter (where wrong) as wrong_reviews,
           avg(score * side) filter (where wrong) as per_wrong_use,
           coalesce(avg(score * side) filter (where not wrong), 0) as per_right_use
    from words where known and length(word) > 2 group by word
    having wrong_reviews >= {30 if FULL else 1} and misled > 0
    order by misled desc, word
"""
misleading = duckdb.sql(MISLED).df()
print(misleading.head(15).round(3).to_string(index=False))

# %% [markdown]
# Of these, the words of which each use hurts more where the model is wrong than it helps where it is right:

# %%
treacherous = misleading[misleading["per_wrong_use"] > misleading["per_right_use"]]
print(treacherous.head(12).round(3).to_string(index=False))

# %% [markdown]
# On all 25,000 reviews two kinds of words stand out. *Worst*, *great*, *excellent*, *poor*: the words the model lives
# by, which mislead it in total, but use for use help more where it is right. And *awful*, *poorly*, *mess*, *job*,
# *humour*: what they add to a mistake, use for use, is more than they add to a right answer. *Humour* is the most
# lopsided of them, 0.44 log-odds towards the wrong answer against 0.10 towards the right one; the word names a kind of
# film, not a verdict on it.
#
# In polars, which streams them, the same sums for the reviews judged wrongly:

# %%
sums = (
    pl.scan_parquet(PARTS)
    .filter((pl.col("status") == "ok") & (pl.col("label") != pl.col("true_label")))
    .select("label", pl.col("tokens").alias("word"), "known", "scores")
    .explode("word", "known", "scores")
    .filter(pl.col("known") & (pl.col("word").str.len_chars() > 2))
    .with_columns(misled=pl.col("scores") * pl.when(pl.col("label") == "pos").then(1).otherwise(-1))
    .group_by("word")
    .agg(pl.col("misled").sum())
    .collect()
)
by_word = dict(zip(sums["word"], sums["misled"], strict=True))
assert all(abs(by_word[one.word] - one.misled) < 1e-6 for one in misleading.itertuples())

# %% [markdown]
# And in pandas, from the small table that `words=True` has summed up while explaining, without reading a score again:
# the words that move this model most, right or wrong.

# %%
print(run.words().head(10).round(3).to_string(index=False))

# %% [markdown]
# ## 3. The picture


# %%
def drawn(title: str, words: pd.DataFrame) -> Table:
    """A table with a bar for each word's part in the mistakes."""
    return Table(
        title=title,
        columns=("word", "misled, log-odds", "wrong reviews", "mean there", "mean if right"),
        rows=tuple(
            (
                one.word,
                round(one.misled, 1),
                one.wrong_reviews,
                round(one.per_wrong_use, 3),
                round(one.per_right_use, 3),
            )
            for one in words.itertuples()
        ),
        bars=tuple(Bar(one.misled) for one in words.itertuples()),
    )


tables = (
    drawn("Words that most misled the model", misleading.head(10)),
    drawn("Those that hurt more than they help", treacherous.head(10)),
)
picture = ak.Panels(tables, {"model": "imdb-cnn"})
picture.save(OUT / "misleading.png")
picture.save(OUT / "misleading.html")
picture

# %% [markdown]
# One row is an explanation again: `ak.Explanation.from_row(row, text)` gives the picture of a review, for one's own
# eyes. Here a sentence of our own stands in for it.

# %%
(OUT / "own.csv").write_text("text,label\nA lovely bad film that I did not like at all,neg\n")
ak.explain_corpus("imdb-cnn", OUT / "own.csv", OUT / "own", keep_text=True, label="label", workers=1)
row = pd.read_parquet(OUT / "own").iloc[0]
why = ak.Explanation.from_row(row)
why.save(OUT / "own.png")
why
