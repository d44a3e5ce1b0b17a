"""Notebooks executed by `make`: parameters, runs, manifests, staleness."""
