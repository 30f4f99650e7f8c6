"""What every format needs and none of them is: text cut at tokens, numbers, ranks, scales, geometry, captions."""
