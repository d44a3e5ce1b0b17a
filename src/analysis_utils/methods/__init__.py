"""Statistics on plain pandas and numpy; knows nothing of 287(g), files, notebooks."""
