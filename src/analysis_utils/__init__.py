"""Helpers of the 287(g) reference study; see "How it works" in README.md."""
