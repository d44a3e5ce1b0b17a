"""`make deposit`, `make standards` and `make measure`."""

from analysis_utils.commands.desk import Given
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.runs import study_runs


def make_standards(given: Given) -> int:
    """Write the standard files of an archive into deposit/standards/."""
    from analysis_utils.deposit import replication, standards

    folder = ROOT / "deposit/standards"
    print(f"In {folder.relative_to(ROOT)}: {', '.join(standards.write(folder))}.")
    for work in replication.uncited():
        print(f"CITATION.cff lists no {work}, which a notebook cites: add it there.")
    return 0


def make_measure(given: Given) -> int:
    """Measure time and memory of every run."""
    from analysis_utils.deposit import measure

    measure.write(measure.measure(study_runs()))
    return 0


def make_deposit(given: Given) -> int:
    """Pack the archive, check it, and prove that it verifies."""
    from analysis_utils.deposit import pack

    return pack.deposit(present=given.get("ENVIRONMENT") == "present")
