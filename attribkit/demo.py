"""The demo: explanations of sample sentences by the bundled models."""

from pathlib import Path

from attribkit.data import load_dataset
from attribkit.errors import InputNotFoundError
from attribkit.explainer import explain, supported
from attribkit.models import model_folder
from attribkit.models.classifier import Classifier
from attribkit.reports import report
from attribkit.results.explanations import Explanations

SENTENCES = (
    ("It was a fantastic performance !", "pos"),
    ("Best film ever", "pos"),
    ("Such a great show!", "pos"),
    ("It was a horrible movie", "neg"),
    ("I've never watched something as bad", "neg"),
    ("It is a disgusting movie!", "neg"),
)
"""Six sentences of a public course on text classification, with their answers."""

TITLES = (
    ("The final tennis tournament starts next week.", "Sports"),
    ("Striker scores twice as champions win the cup", "Sports"),
    ("Oil prices rise as shares fall on Wall Street", "Business"),
    ("Bank profit up on strong quarterly sales", "Business"),
    ("New software fixes a security hole in web browsers", "Sci/Tech"),
    ("Soldiers killed as rebels attack an army base", "World"),
)
"""Six titles, the first that of a public lesson on attention, with the section of the paper they belong in."""

REVIEW = (
    "I wanted to like this film far more than I did. The first half hour is a delight: a coastal town in winter, two "
    "sisters who have not spoken for years, and a letter that neither of them dares to open. The photography is "
    "beautiful and the older sister is played with a quiet warmth that never asks for pity.\n\n"
    "Then the plot remembers that it has to go somewhere, and everything that was subtle becomes loud. A lawyer turns "
    "up with a briefcase and no discernible personality. There is a chase through a fish market which is not funny, "
    "although it badly wants to be, and a courtroom scene so poorly written that people around me began to laugh. By "
    "the time the letter is read aloud, the dialogue is dull, the music tells you what to feel, and the ending is a "
    "complete waste of two excellent actresses.\n\n"
    "It isn't the worst evening I have spent in a cinema; the opening alone is worth seeing, and I would watch those "
    "two in anything. But I can't recommend it. What a disappointment."
)
"""A review of real length, written for this demonstration; whoever reads it to the end knows it is negative."""


def demo(out: Path) -> tuple[dict[str, Explanations], list[Path]]:
    """Explain sentences, a review and titles with the bundled models, and draw them.

    Returns:
        the explanations by model, and the files written: one page, for each model a picture or two, and a small report
        on one of the models.

    Raises:
        FileNotFoundError: if no model is bundled.
        OSError: if `out` cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    names = model_folder.bundled()
    if not names:
        raise InputNotFoundError("the package holds no bundled model; install attribkit anew")
    explained, pictures = {}, []
    for name in names:
        model = Classifier.load(name)
        films = set(model.labels) == {"neg", "pos"}
        texts, answers = zip(*(SENTENCES if films else TITLES), strict=True)
        rows = explain(model, texts, true_label=answers)
        pictures.append(rows.save(out / f"{name}-sentences.png"))
        explained[name] = Explanations(rows)
        if films:
            review = explain(model, REVIEW, views=[*supported(model), "projection"], true_label="neg")
            pictures.append(review.save(out / f"{name}-review.png"))
            explained[name].append(review)
    page = Explanations(row for rows in explained.values() for row in rows).save(out / "demo.html")
    return explained, [page, *pictures, small_report(out / "report.html")]


def small_report(path: Path) -> Path:
    """A report on the bundled CNN, on synthetic reviews that it never saw, written to `path`."""
    reviews = load_dataset("demo").test.head(120)
    page = report(
        Classifier.load("imdb-cnn"), reviews, name="synthetic reviews", texts=40, tested=12, mistakes=6, words=8
    )
    return page.save(path)
