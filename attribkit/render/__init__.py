"""Drawing: panels in, HTML, pictures, terminal lines and LaTeX out; it knows nothing of models."""
