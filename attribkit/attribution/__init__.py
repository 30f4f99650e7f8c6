"""The mathematics of attribution: tensors in, tensors out."""
