"""Which parts of the texts a model decides by: headers, quotes, signatures, or what a pattern finds."""

from attribkit.evaluation.regions.importance import RegionImportance, region_importance

__all__ = ["RegionImportance", "region_importance"]
