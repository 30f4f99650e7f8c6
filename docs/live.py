"""Pictures in the lessons that a reader plays with: explanations of one lesson, of which one is shown at a time."""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import attribkit as ak
from attribkit.results.result import Result

Shown = Mapping[str, Result]
HORRIBLE = "It was a horrible movie"
MIXED = "The cast is wonderful but the plot is dull"
LONGER = "The cast is wonderful and the photography is beautiful, but the plot is dull and the ending a waste"
SENDS_HEIGHT = """
new ResizeObserver(([{ target }]) => parent.postMessage({ height: target.offsetHeight }, '*'))
  .observe(document.documentElement);
"""
"""In each frame: its page, opened from a file, may not look into the frame to see how high it is."""


def scores() -> Shown:
    """One word changed."""
    model = ak.load("imdb-cnn")
    texts = (HORRIBLE, "It was a movie", "It was not a horrible movie", "It was a wonderful movie")
    return {text: ak.explain(model, text, views="attribution", target="neg") for text in texts}


def baselines() -> Shown:
    """One text against four baselines."""
    model = ak.load("imdb-cnn")
    names = {"padding": "pad", "the unknown word": "unk", "the mean word": "mean", "It was a movie": "It was a movie"}
    return {
        name: ak.explain(model, HORRIBLE, views="attribution", baseline=baseline) for name, baseline in names.items()
    }


def attention() -> Shown:
    """Words of like attention that swap their signs."""
    reader = ak.load("imdb-attention-rnn")
    texts = (MIXED, "The cast is dull but the plot is wonderful", HORRIBLE)
    return {text: ak.explain(reader, text, views=["attribution", "attention"], compare=True) for text in texts}


def sampling() -> Shown:
    """Another seed, and the exact sum."""
    model = ak.load("imdb-cnn")
    sampled = {
        f"KernelSHAP, seed {seed}": ak.explain(
            model, LONGER, views="attribution", method="kernel_shap", seed=seed, target="neg"
        )
        for seed in range(3)
    }
    exact = ak.explain(model, LONGER, views="attribution", method="shapley", target="neg")
    return sampled | {"the exact sum": exact}


def faithfulness() -> Shown:
    """The words that speak most for the answer go, one after another; then as many that speak least."""
    model = ak.load("imdb-cnn")
    whole = ak.explain(model, MIXED, views="attribution", target="neg")
    order = sorted(zip(whole.scores, MIXED.split(), strict=True), reverse=True)
    leaving = {f"without {' and '.join(words)}": words for words in ([order[0][1]], [order[0][1], order[1][1]])}
    least = [word for _, word in sorted(order, key=lambda pair: abs(pair[0]))[:2]]
    leaving[f"without {' and '.join(least)}"] = least
    shorter = {name: " ".join(word for word in MIXED.split() if word not in words) for name, words in leaving.items()}
    return {"the whole text": whole} | {
        name: ak.explain(model, text, views="attribution", target="neg") for name, text in shorter.items()
    }


def maps() -> Shown:
    """Three layers of one network."""
    reader, texts = ak.load("imdb-attention-rnn"), ak.load_dataset("demo").test.head(60)
    return {layer: ak.project(reader, texts, layer=layer) for layer in ("embedding", "rnn", "linear")}


LESSONS: Mapping[str, tuple[str, Callable[[], Shown]]] = {
    "scores": ("Which sentence is explained, for the answer neg", scores),
    "baselines": ("The text is compared with", baselines),
    "attention": ("Which sentence the network reads", attention),
    "sampling": ("Shapley values of the same text by", sampling),
    "faithfulness": ("What the network reads, for the answer neg", faithfulness),
    "maps": ("Which layer puts sixty reviews here", maps),
}


@cache
def shown(lesson: str) -> Shown:
    """The explanations of a lesson, by the words with which they are chosen."""
    return LESSONS[lesson][1]()


def pages() -> dict[str, bytes]:
    """Each explanation of each lesson as a page of its own, by its place in the site."""
    written = {}
    with TemporaryDirectory() as folder:
        for lesson in LESSONS:
            for number, result in enumerate(shown(lesson).values(), start=1):
                file = result.save(Path(folder) / f"{lesson}.{number}.html")
                written[f"lessons/live/{file.name}"] = with_script(file.read_text(encoding="utf-8")).encode()
    return written


def with_script(page: str) -> str:
    """The page of a result, which allows no script but those it names, with one more."""
    allowed = f"'sha256-{b64encode(sha256(SENDS_HEIGHT.encode()).digest()).decode()}'"
    page = re.sub(r"(?:script-src ([^;]+); )?style-src", rf"script-src \1 {allowed}; style-src", page, count=1)
    return page.replace("</body>", f"<script>{SENDS_HEIGHT}</script>\n</body>")


def frames(lesson: str) -> str:
    """The choice and the frames of a lesson: the theme shows the one chosen, a script makes it as high as its page."""
    question = LESSONS[lesson][0]
    choices, framed = [], []
    for number, name in enumerate(map(escape, shown(lesson)), start=1):
        place, checked = f"live-{lesson}-{number}", " checked" if number == 1 else ""
        button = f'<input type="radio" name="live-{lesson}" id="{place}"{checked}>'
        choices.append(f'<span>{button}<label for="{place}">{name}</label></span>')
        framed.append(f'<iframe loading="lazy" title="{question}: {name}" src="live/{lesson}.{number}.html"></iframe>')
    listens = '<script src="../theme/frames.js"></script>'  # before the frames, so that it misses no message
    legend = f"<legend>{question}</legend>"
    return "".join([listens, '<fieldset class="live">', legend, *choices, *framed, "</fieldset>"])
