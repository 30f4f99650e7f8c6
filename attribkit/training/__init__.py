"""Teaching a network: data, pretrained vectors, and the run that Lightning makes of them."""
