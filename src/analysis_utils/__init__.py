"""Helpers of the 287(g) reference study; see docs/how_it_works.md."""
