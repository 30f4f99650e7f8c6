"""What every public call gives back: an explanation, its panels, its tables."""
