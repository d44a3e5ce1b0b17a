"""Predictions from the lists to 13 April 2026, and what came after them."""
