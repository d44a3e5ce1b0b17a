"""Data shaped for the study's questions: what several ask, or what is long."""
