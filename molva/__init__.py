"""The face of the product: command line, demo, embedded store."""
