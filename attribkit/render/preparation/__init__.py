"""What all formats share: text cut at tokens, numbers, ranks, scales, geometry, captions."""
