"""One file per source; a file here is found by its name, nothing registers it."""
