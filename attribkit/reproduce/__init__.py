"""Two public notebooks' tables, run anew: rows of settings in, figures out."""
