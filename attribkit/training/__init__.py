"""Training of networks: data, pretrained vectors, and the run by Lightning."""
