"""`make site` and `make paper`: what people read. `make all` ends with both."""

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


def refresh() -> None:
    """Bring README, paper and site up to date with the results, where they are."""
    from analysis_utils.paper import build as paper
    from analysis_utils.site import build as site

    if paper.SOURCE.is_file() and not paper.is_fresh():
        from analysis_utils.paper import answers, numbers

        found = numbers.now()
        if answers.refresh(found):
            print("README.md: its answers state the new results; read them again.")
        text = answers.FILE.read_text() if answers.FILE.is_file() else ""
        for name in answers.missing(text, found):
            print(f"README.md: no {name} in the results; its answer stays as it was.")
        print(f"Paper: {paper.build().relative_to(ROOT)}", flush=True)
    if (site.FRAME / "conf.py").is_file():
        if not site.is_fresh():
            print("Site: being built ...", flush=True)
        print(f"Open {site.build().relative_to(ROOT)} in a browser.")
