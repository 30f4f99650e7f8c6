"""The closed forms of a max-pooled text CNN."""
