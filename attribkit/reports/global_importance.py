"""Global importance: the most important words, and the map of a layer."""

from attribkit.evaluation.importance import WordImportance
from attribkit.evaluation.regions import RegionImportance
from attribkit.evaluation.regions.importance import QUARTERS
from attribkit.evaluation.regions.spans import BODY
from attribkit.plurals import number_of
from attribkit.reports.performance import listed
from attribkit.results.panels import Group, Section
from attribkit.results.projected_maps import ProjectedMaps


def importance_section(importance: WordImportance, most: int) -> Section:
    """Words and phrases for each class, context-dependent words, one-sided words."""
    answered = importance.answer()
    sentences = [] if answered is None else [answered]
    if missing := [label for label, texts in importance.counted.items() if not texts]:
        sentences.append(f"No text is given {listed(missing)}, so nothing is counted of that.")
    meant = "in the log-odds of the class, in the texts that the model gives that class"
    if importance.task == "regression":
        meant = f"in the number ({importance.unit}), wherever it is"
    elif importance.task == "multiclass" and len(importance.labels) == 2:
        meant = "in the log-odds of the class, wherever it is"
    sentences.append(
        f"Counted over {number_of(importance.texts, 'text')} with {number_of(importance.tokens, 'token')}, of which "
        "the model does not know "
        f"{100 * importance.unknown:.1f} %. A word’s score is its mean share {meant}."
    )
    if importance.one_sided is None and importance.task == "multiclass":
        sentences.append("The training texts are not at hand, so one-sided words, likely artefacts, cannot be told.")
    groups = tuple(Group(label, tables) for label, tables in importance.by_label(most).items() if tables)
    if not groups:
        sentences.append("No word occurs in enough texts to be counted.")
    head = ("global-importance", "What drives it?", "What drives it")
    return Section(*head, tuple(sentences), groups=groups, picked="Words of the label")


def regions_section(regions: RegionImportance) -> Section:
    """The regions of the texts and what is known without them."""
    messages = [region for region in regions.regions if region not in (BODY, *QUARTERS)]
    sentences = [f"{regions.sentence(region)}." for region in messages]
    head = ("regions", "Where in the texts does it look?", "Where it looks")
    if messages:
        return Section(*head, tuple(sentences), regions.panels())
    sentence = "The texts have no header, quote or signature, so only their quarters can be compared."
    answered = (regions.answer(), sentence)
    return Section(*head, answered, groups=(Group("The quarters of the texts", regions.panels()),))


def map_section(maps: ProjectedMaps | None, reason: str | None = None) -> Section:
    """The map of a layer with its mixing numbers; or one sentence on why there is none."""
    head = ("layers", "How do its layers arrange the texts?", "Map of a layer")
    if maps is None:
        return Section(*head, (reason or "No map was made.",))
    # texts on the border are excerpts of single texts, which the reader has below in full
    tables = [panel for panel in maps.tables if "border" not in panel.title]
    groups = tuple(Group(table.title, (table,)) for table in tables)
    return Section(*head, (maps.answer(),), (maps.scatter,), groups)
