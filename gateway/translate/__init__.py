"""From one protocol to another, through one neutral form: a reader and a writer for each protocol, none for pairs."""
