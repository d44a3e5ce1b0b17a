"""The reviewer's wing: reruns the study, compares it with the archive, traces numbers.

It may read notebooks, data and outputs; it writes to `outputs/.verify/` alone.
"""
