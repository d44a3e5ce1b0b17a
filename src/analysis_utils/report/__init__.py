"""What is made of the runs' recorded results: verdicts, deviations, the entry page."""
