"""What helps to change the notebooks: tidy, new, lab. No notebook imports it."""
