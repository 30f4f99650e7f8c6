"""Reports: one page on a model's performance, important words, mistakes and explanation quality."""

from attribkit.reports.build import report
from attribkit.reports.page import Report

__all__ = ["Report", "report"]
