"""The tables of two published notebooks, made anew: from rows of settings to figures."""
