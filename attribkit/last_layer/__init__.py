"""A network's last layer, refitted on what it reads of the training rows: what each row did to an answer."""
