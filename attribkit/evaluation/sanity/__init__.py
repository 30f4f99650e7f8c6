"""Whether scores depend on what they should depend on, and on nothing else."""

from attribkit.evaluation.sanity.checks import Sanity, sanity

__all__ = ["Sanity", "sanity"]
