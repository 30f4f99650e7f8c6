"""Results: what every public call returns."""
