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
# # Can I trust it?
#
# A heatmap persuades whether it is true or not. Four questions tell the one from the other, and each has a number here:
#
# 1. **Is it faithful?** Take away what it calls important: does the prediction go?
# 2. **Does it depend on the model?** Give the layers random weights: does the explanation fall apart?
# 3. **Does it depend on the labels?** Train on shuffled labels: is the explanation another one?
# 4. **Is it plausible?** Does it point at the words that truly decide?
#
# Every text below is synthetic: the demo reviews come from a small grammar of our own, which knows its deciding words.
#
# In a hosted notebook, first run `%pip install attribkit` in a cell of its own.

# %%
import attribkit as ak
from attribkit.evaluation.sanity.relabelled import relabelled

demo = ak.load_dataset("demo")
model = ak.train("cnn", demo, epochs=6, learning_rate=1e-2, filters=16, embedding_size=32, seed=0, progress=False)
texts = demo.test["text"].tolist()
ak.evaluate(model, demo).accuracy

# %%
ak.explain(model, "The plot was boring, but the acting was not bad at all!", views=["attribution"])

# %% [markdown]
# ## 1. Is it faithful?
#
# `faithfulness` removes the tokens that a method puts first, by deleting them and by putting PAD in their place, and
# watches the probability of the predicted class. No figure means much alone. So beside every one stand two others, of
# the same texts: that of **random scores**, and that of **the best removal found**, by trying all subsets of a text of
# at most 12 tokens and by search in a longer one. For a text CNN whose tokens give way to PAD there is a third, the
# **proved bound**: no removal of as many tokens, searched for or not, can pass it.

# %%
found = ak.faithfulness(model, texts[:60], ["exact", "leave_one_out", "input_x_gradient", "saliency"], perturbed=5)
found

# %% [markdown]
# Comprehensiveness: how much probability goes with the words called important (more is better). Sufficiency: how much
# is lacking when they alone are left (less is better). The interval is the one to look at: is it apart from random's?

# %%
over = found.estimate("comprehensiveness", "exact", over="random")
share = found.share_of_best("exact")
f"{over.mean:.2f} more than random ({over.low:.2f} to {over.high:.2f}), {share:.0%} of the best that was found"

# %% [markdown]
# How good is the best possible, which nobody knows for a long text? It lies in this bracket: at least what was found,
# at most what is proved. Of sufficiency, where less is better, the bracket is narrower.

# %%
{measure: found.bracket(measure) for measure in ("comprehensiveness", "sufficiency")}

# %% [markdown]
# Texts with holes are unlike those that the model learned from. What do holes do by themselves, whichever words are
# missing? With as many tokens masked at random, the log-odds fall by this much on average, exactly; by the most
# important ones they fall by more.

# %%
masked = found.estimate("log_odds_drop", "random masking", "pad").mean
f"{masked:.2f} at random, {found.estimate('log_odds_drop', 'exact', 'pad').mean:.2f} by the words called important"

# %% [markdown]
# ## 2. Does it depend on the model?
#
# `sanity` gives ever more layers random weights, from the answer downwards, then each layer alone, and correlates the
# scores with the trained model's own. An explanation that stays the same explains the text, not the model. The last
# table holds the invariance checks: padding, the order of a batch, float32 or float64.

# %%
sane = ak.sanity(model, texts[:30])
sane

# %% [markdown]
# ## 3. Does it depend on the labels?
#
# The same network trained on shuffled labels has nothing to learn. Beside it stands what another seed alone does.

# %%
relabelled(texts=40)

# %% [markdown]
# ## 4. Is it plausible?
#
# The demo reviews carry the character spans of their deciding words in the column `rationale`. Tables of yours may have
# one too, and `ak.load_dataset` reads folders in the ERASER format. Plausible is not
# faithful: a model may decide by other words than people do, and scores that say so are right.

# %%
plausible = ak.plausibility(model, demo.test.head(100), ["exact", "leave_one_out", "saliency"])
plausible

# %% [markdown]
# ## Hold the next model to it
#
# `ak.check`, and `attribkit check MODEL DATA --min-f1 .9 --min-comprehensiveness .2` on the command line, compare these
# figures with thresholds. The command's exit code is 0 if all are kept and 1 if one is not, so a pipeline can stop.

# %%
asked = {"f1": 0.9, "comprehensiveness_over_random": 0.1, "completeness_error": 1e-4}
asked["plausibility_over_random"] = 0.1
checked = ak.check(model, demo.test, asked, texts=60)
checked

# %%
checked.passed
