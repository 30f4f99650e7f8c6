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
# # 4 · A network of your own
#
# Nothing here needs a model trained by attribkit. A network that keeps a small contract is explained as it is; others
# need an adapter of one line.

# %%
import torch
from IPython.display import Image
from torch import nn

import attribkit as ak
from attribkit.models.adapters import Adapted
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer
from attribkit.text.word_index import WordIndex

torch.manual_seed(0)
data = ak.load_dataset("demo")

# %% [markdown]
# ## One that keeps the contract
#
# `forward(ids, mask)` gives logits, one per label, and `embedding` is an `nn.Embedding`. That is all. This one averages
# its words, after a layer that lets neighbours speak to each other.


# %%
class Averaged(nn.Module):
    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 32, padding_idx=0)
        self.mix = nn.Conv1d(32, 32, 3, padding=1)
        self.output = nn.Linear(32, 2)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        real = mask.unsqueeze(1)
        mixed = torch.tanh(self.mix(self.embedding(ids).transpose(1, 2) * real)) * real
        return self.output(mixed.sum(2) / mask.sum(1, keepdim=True))


tokenizer = Tokenizer.train(data.train["text"], TextSettings(min_frequency=1))
network = Averaged(len(tokenizer))
model = ak.Classifier(network, tokenizer, data.labels, name="averaged words")

# %% [markdown]
# Train it with any loop you like; here is a plain one.

# %%
texts, labels = data.train["text"].tolist(), data.train["label"].map({name: i for i, name in enumerate(data.labels)})
answers = torch.tensor(labels.to_numpy())
optimiser = torch.optim.Adam(network.parameters(), 1e-2)
for _ in range(8):
    for rows in torch.randperm(len(texts)).split(64):
        ids, mask = model.batch(model.ids([texts[row] for row in rows]))
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(ids, mask), answers[rows]).backward()
        optimiser.step()
network.eval()
round(ak.evaluate(model, data).accuracy, 3)

# %% [markdown]
# It has no closed form, so its integrated gradients are computed by adaptive quadrature, and say whether they add up.

# %%
why = ak.explain(model, "The acting was wonderful, although the ending was dull.", views="attribution")
Image(why.to_png(dpi=75))

# %% [markdown]
# ## One that needs an adapter
#
# A single logit, `forward(x)` without a mask, and a plain word → index dictionary: what many a notebook on the web ends
# with.


# %%
class Bag(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(5, 1)
        self.words.weight.data = torch.tensor([[0.0], [0.0], [2.0], [-2.5], [0.1]])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.words(x).sum(1)


words = {"<pad>": 0, "<unk>": 1, "good": 2, "bad": 3, "film": 4}
bag = ak.Classifier(Adapted(Bag(), outputs="logit"), WordIndex(words, str.split), ["neg", "pos"], name="bag of words")
ak.explain(bag, "good film bad ending", target="pos").to_frame()[["token", "score", "known"]]

# %% [markdown]
# The network is linear, so its scores must be the weights themselves, and they are: 2, 0.1, −2.5, and 0 for the word
# it does not know.
#
# ## Everything else works too
#
# The report asks nothing of a network that `explain` does not.

# %%
page = ak.report(model, data.test.head(60), train=data.train, texts=20, tested=8, mistakes=3)
page.save("report.html")
[section.title for section in page.document.sections]
