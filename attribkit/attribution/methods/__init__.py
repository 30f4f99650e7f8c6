"""One file a family of attribution methods."""
