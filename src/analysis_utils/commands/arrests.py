"""`make arrests FILE=path`."""

from analysis_utils.commands.desk import Given


def make_arrests(given: Given) -> int:
    """Count a file of ICE's arrest records by month, state, area and method."""
    from analysis_utils.collect import arrest_records

    arrest_records.main(given.get("FILE", ""))
    return 0
