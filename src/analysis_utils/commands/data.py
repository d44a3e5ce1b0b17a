"""`make update`, `make register`, `make raw`, `make data` and `make own`."""

import gc

from analysis_utils.commands.desk import Given


def make_update(given: Given) -> int:
    """Show what an ICE list changes; take it in (ACCEPT), or the last back (UNDO)."""
    from analysis_utils.collect import update

    gc.disable()  # a tenth of its time, and what it makes lives to its end
    undo = given.get("UNDO") == "yes"
    place, day, accept = (given.get(name, "") for name in ("LIST", "DATE", "ACCEPT"))
    update.main(place, day, accept, undo)
    return 0


def make_register(given: Given) -> int:
    """Compile the register anew from its printed rows and the hand tables."""
    from analysis_utils.collect import compile as compiling

    compiling.main("register")
    return 0


def make_data(given: Given) -> int:
    """Compile data/ from the published files."""
    from analysis_utils.collect import compile as compiling

    compiling.main("data")
    return 0


def make_own(given: Given) -> int:
    """Check your own files; exit code 1 if something is to be put right."""
    from analysis_utils.own import check

    good, wrong = check.report()
    for line in [*good, *wrong]:
        print(line)
    if not good and not wrong:
        print("data/own holds no file of your own (docs/own_data.md)")
    return 1 if wrong else 0


def make_export(given: Given) -> int:
    """Write the register as one Parquet and one SQLite file."""
    from analysis_utils.deposit import export

    for path in export.main():
        print(
            f"{path.relative_to(export.FOLDER.parent)}: {path.stat().st_size:,} bytes"
        )
    return 0


def make_raw(given: Given) -> int:
    """Fetch the published files with checksums."""
    from analysis_utils.collect import fetch

    try:
        fetch.main()
    except KeyboardInterrupt:
        print("Stopped. What is complete is kept: `make raw` goes on from there.")
        return 130
    return 0
