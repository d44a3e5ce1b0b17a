"""Every published case, to the printed digits."""

import pytest
import validation


@pytest.mark.parametrize("item", validation.load_cases(), ids=lambda item: item.name)
def test_published_numbers(item):
    reason = item.missing()
    if reason:
        pytest.skip(reason)
    rows = item.rows()
    assert rows, f"{item.name} computed nothing"
    wrong = [
        f"{quantity}: published {printed}, ours {ours:.8g}"
        for quantity, printed, ours in rows
        if not abs(ours - float(printed)) <= validation.tolerance(printed, item.units)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "printed, expected",
    [("1.97", 0.005), ("-20.0581", 5e-5), ("28", 0.5), ("1.5e-3", 5e-5)],
)
def test_last_printed_digit_sets_the_tolerance(printed, expected):
    assert validation.tolerance(printed) == pytest.approx(expected)


def test_the_table_in_the_documentation_lists_every_case():
    written = (validation.HERE.parent / "docs" / "validation.md").read_text("utf-8")
    absent = [
        item.name
        for item in validation.load_cases()
        if f"| {item.name} |" not in written
    ]
    assert not absent, f"run `make validation`: the table lacks {absent}"
