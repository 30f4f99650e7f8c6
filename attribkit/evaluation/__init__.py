"""Measures of models and of their explanations."""
