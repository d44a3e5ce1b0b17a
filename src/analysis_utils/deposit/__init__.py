"""What a journal or an archive asks for, filled in from the study itself."""
