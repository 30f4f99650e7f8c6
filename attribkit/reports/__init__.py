"""One page on one model: how it behaves on a set of texts, what drives it, where it fails, what to trust."""

from attribkit.reports.build import report
from attribkit.reports.page import Report

__all__ = ["Report", "report"]
