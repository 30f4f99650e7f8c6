"""Whether scores depend on what they should depend on, and on nothing else."""

from attribkit.evaluation.sanity.checks import sanity
from attribkit.evaluation.sanity.result import Sanity

__all__ = ["Sanity", "sanity"]
