"""`make site` and `make paper`: what people read."""

from analysis_utils.commands.desk import Given
from analysis_utils.run_context import ROOT


def make_site(given: Given) -> int:
    """Build the site from the archived results; nothing is executed."""
    from analysis_utils.site import build

    print(f"Open {build.build().relative_to(ROOT)} in a browser.")
    return 0


def make_paper(given: Given) -> int:
    """Compile the paper and write the numbers for other papers."""
    from analysis_utils.paper import build

    path = build.build(given.get("AGAINST", ""))
    print(
        f"Written: {path.relative_to(ROOT)}, outputs/numbers.typ, outputs/numbers.tex"
    )
    return 0
