"""A notebook that finds its question unanswerable is an answer, not a fault."""

import pytest


@pytest.mark.long
def test_refused_with_own_parameters_failed_among_the_archived(checkout):
    checkout.notebook(
        "01_a",
        'weeks: "0 to 9" = 0',
        "from analysis_utils.asking import NotTestable",
        "if weeks < 8: raise NotTestable(f'only {weeks} weeks')",
    )
    code, text = checkout.make("all", WEEKS="3")
    assert code == 0 and "NOT TESTABLE 01_a/main" in text and "only 3 weeks" in text
    assert not (checkout.outputs / "custom/weeks=3/01_a").exists()
    code, text = checkout.make("all")
    assert code == 1 and "01_a/main  refused" in text
    code, text = checkout.make("all", WEEKS="8")
    assert code == 0 and "01_a/main  ran" in text
