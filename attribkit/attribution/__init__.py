"""Attribution: how much each token moved an output of a network."""
