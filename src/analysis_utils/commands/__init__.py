"""The command desk: every target of the Makefile enters here, above everything."""
