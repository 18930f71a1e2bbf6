"""One module per command of the command line, loaded only when that command is called."""
