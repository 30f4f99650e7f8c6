"""Teaching a network: data, pretrained vectors, the loop."""
