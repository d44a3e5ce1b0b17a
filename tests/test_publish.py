"""What a run publishes: numbers, sentences, figures, tables; and what is refused."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from analysis_utils import hypotheses, publish
from analysis_utils.publish import results, style, words
from analysis_utils.run_context import RUN_FOLDER


@pytest.fixture
def run(tmp_path, monkeypatch):
    """An empty run: nothing recorded before, a folder to write to."""
    monkeypatch.setenv(RUN_FOLDER, str(tmp_path))
    lists = ("_sentences", "_hypotheses", "_checks", "_detectable", "_title")
    for name, empty in (("_numbers", {}), *((name, []) for name in lists)):
        monkeypatch.setattr(results, name, empty)
    return tmp_path


def written(run) -> dict:
    return json.loads((run / "results.json").read_text())


@pytest.mark.parametrize(
    ("value", "unit", "digits", "expected"),
    [
        (1843, "agreements", 0, "1,843 agreements"),
        (0, "agreements", 0, "no agreements"),
        (0.4, "days", 0, "no days"),
        (1, "agencies", 0, "1 agency"),
        (1, "days", 0, "1 day"),
        (1, "times", 0, "1 times"),
        (0, "days", 1, "0.0 days"),
        (562.96296, "%", 1, "563.0%"),
        (-0.0123, "", 2, "\N{MINUS SIGN}0.01"),
        (-0.0003, "", 2, "0.00"),
        (None, "agreements", 0, "not estimable agreements"),
    ],
)
def test_numbers_as_printed(run, value, unit, digits, expected):
    assert f"{publish.number('key', value, unit, digits)}" == expected


def test_a_number_is_recorded_with_five_significant_digits(run):
    publish.number("share", 100 / 3, "%", 1, interval=(30.0000049, 40), label="made")
    assert written(run)["numbers"]["share"] == {
        "value": 33.333,
        "unit": "%",
        "digits": 1,
        "low": 30.0,
        "high": 40,
        "level": 0.95,
        "label": "made",
        "cell": None,
        "line": None,
    }


@pytest.mark.parametrize("value", [np.nan, np.inf, None])
def test_what_is_not_finite_is_not_estimable(run, value):
    publish.number("key", value)
    assert written(run)["numbers"]["key"]["value"] is None


def test_a_key_is_recorded_once(run):
    publish.number("key", 1)
    with pytest.raises(ValueError, match="recorded before"):
        publish.number("key", 2)


@pytest.mark.parametrize("key", ["Upper", "with space", "9lives", "a-b", "../x"])
def test_malformed_keys_are_refused(run, key):
    with pytest.raises(ValueError, match="lower-case"):
        publish.number(key, 1)


def test_a_number_at_the_end_of_a_cell_is_shown_in_words(run):
    shown = publish.number(
        "change", 25.28, "signings", 1, interval=(14.11, 36.45), label="a week"
    )
    assert repr(shown) == "25.3 signings (95% CI 14.1 to 36.5) (a week)"
    assert repr(publish.number("total", 1843, "agreements")) == "1,843 agreements"
    assert repr(publish.number("none", None, "times")) == "not estimable"


def test_a_sentence_is_made_of_recorded_numbers(run):
    publish.number("change", 25.28, "signings", 1, interval=(14.11, 36.45))
    shown = publish.sentence("It rose by {change:interval}, or {change:value}.")
    assert shown.data == "It rose by 25.3 signings (95% CI 14.1 to 36.5), or 25.3."
    assert written(run)["sentences"][0]["text"] == shown.data


def test_a_sentence_with_an_unknown_key_names_the_nearest(run):
    publish.number("level_change", 1)
    with pytest.raises(ValueError, match="did you mean level_change"):
        publish.sentence("{level_chnge}")


def test_an_interval_that_was_not_recorded_is_not_invented(run):
    publish.number("total", 5, label="the total")
    with pytest.raises(ValueError, match="without interval"):
        publish.sentence("{total:interval}")


def test_a_result_without_estimate_must_say_why(run):
    with pytest.raises(ValueError, match="why nothing could be estimated"):
        publish.hypothesis("H4")
    publish.hypothesis("H4", note="no data")
    assert written(run)["hypotheses"][0]["estimate"] is None


def test_an_interval_without_estimate_is_refused_in_words(run):
    with pytest.raises(ValueError, match="an interval .* needs its estimate"):
        publish.hypothesis("H4", None, (0.4, 0.6), note="made")


def test_a_result_has_its_interval_at_95_and_at_the_level_of_its_family(run):
    found = publish.Finding.normal(0.5, se=0.1, n=40)
    publish.hypothesis("H4", found, note="made")
    row = written(run)["hypotheses"][0]
    level = hypotheses.read()["H4"].family.level
    assert row["low"] == pytest.approx(0.5 - 1.95996 * 0.1, abs=1e-4)
    assert row["family_low"] == pytest.approx(found.at(level)[0], abs=1e-4)
    assert row["family_low"] < row["low"] and row["level"] == pytest.approx(level, 1e-4)
    assert (row["n"], row["note"], row["role"]) == (40, "made", "primary")


def test_a_pair_at_95_is_taken_to_the_family_s_level_on_the_registry_s_scale(run):
    publish.hypothesis("H2", 2.0, (1.0, 4.0), 0.05, n=9)  # a ratio
    row = written(run)["hypotheses"][0]
    assert row["family_low"] * row["family_high"] == pytest.approx(4.0, rel=1e-3)


def test_a_primary_result_under_other_values_is_kept_as_a_variant_that_says_so(run):
    spec = hypotheses.specification("H4", window=60)
    publish.hypothesis("H4", 0.5, (0.4, 0.6), 0.01, specification=spec)
    row = written(run)["hypotheses"][0]
    assert row["role"] == "other specification"
    assert row["note"] == "under other values: window is 60, specified 90"
    with pytest.raises(ValueError, match="specification of H4"):
        publish.hypothesis("H2", 0.5, (0.4, 0.6), 0.01, specification=spec)


def test_an_unknown_hypothesis_or_check_is_refused_with_the_nearest(run):
    with pytest.raises(ValueError, match="no hypothesis 'H4x'; did you mean H4"):
        publish.hypothesis("H4x", 1.0, (0, 2), 0.5)
    with pytest.raises(ValueError, match="names no check"):
        publish.check("H4", "anything at all", p=0.5)


def test_a_detectable_effect_is_recorded_with_how_it_was_found(run):
    publish.detectable("H4", 0.31, how="1,000 simulations")
    row = written(run)["detectable"][0]
    assert (row["id"], row["value"], row["power"]) == ("H4", 0.31, 0.8)
    assert written(run)["numbers"]["detectable_h4"]["label"].startswith("1,000 sim")


def draw(name="curve", **changes):
    fig, ax = publish.new_figure("single", 2)
    data = pd.DataFrame({"x": [0.1 + 0.2, 1], "who": ["=1+1", "a"]})
    ax.plot(data["x"])
    options = {"data": data, "caption": "Made.", "alt": "A line."} | changes
    return publish.figure(fig, name, **options)


def test_a_figure_with_its_data_and_text(run):
    caption = draw()
    names = {path.name for path in run.iterdir()} - {"results.json"}
    assert names == {f"curve.{e}" for e in ("pdf", "svg", "png", "csv", "txt")}
    told, marked = caption._repr_mimebundle_()
    assert "Made." in told["text/markdown"] and "A line." in told["text/markdown"]
    assert marked == {"caption": True}
    assert "A line." in (run / "curve.svg").read_text()
    assert (run / "curve.csv").read_text() == "x,who\n0.3,'=1+1\n1.0,a\n"
    assert b"/CreationDate (D:20231114" in (run / "curve.pdf").read_bytes()


def test_a_figure_twice_is_the_same(run, tmp_path):
    draw("a"), draw("b")
    first, second = ((run / f"{name}.svg").read_text() for name in "ab")
    assert second == first.replace(">a<", ">b<")


@pytest.mark.parametrize("missing", ["caption", "alt"])
def test_a_figure_needs_words(run, missing):
    with pytest.raises(ValueError, match="needs a caption and an alternative text"):
        draw(**{missing: " "})


def test_a_figure_names_states_where_they_are_read(run):
    """In ticks, titles, legends and notes; codes at points and on maps stay."""
    fig, ax = publish.new_figure()
    ax.plot([0, 1], [0, 1], label="TX")
    ax.set_yticks([0, 1], ["without FL and TX", "VA (state agencies)"])
    ax.set_title("GA")
    ax.legend()
    ax.annotate("TX SB8 signed", (0, 0))
    ax.annotate("FL", (1, 1))
    words.spell_out(fig)
    fig.canvas.draw()
    ticks = [label.get_text() for label in ax.get_yticklabels()]
    assert ticks == ["without Florida and Texas", "Virginia (state agencies)"]
    assert ax.get_title() == "" and ax.get_title("left") == "Georgia"
    assert ax.get_legend().get_texts()[0].get_text() == "Texas"
    assert [text.get_text() for text in ax.texts] == ["Texas SB8 signed", "FL"]


def test_a_name_is_used_once(run):
    draw()
    with pytest.raises(ValueError, match="written before"):
        draw()


def test_a_table_as_csv_latex_and_html(run):
    frame = pd.DataFrame(
        {"share": [1 / 3, np.nan], "day": pd.to_datetime(["2025-01-20", None])},
        index=pd.Index(["A & B", "<b>"], name="group_1"),
    )
    shown = publish.table(frame, "shares", caption="In % of all", digits=1)
    assert (run / "shares.csv").read_text().splitlines() == [
        "group_1,share,day",
        "A & B,0.333333,2025-01-20",
        "<b>,,",
    ]
    latex = (run / "shares.tex").read_text()
    assert r"A \& B & 0.3 & 2025-01-20" in latex and r"In \% of all" in latex
    assert "group 1" in latex and r"\toprule" in latex and "{lrl}" in latex
    assert "&lt;b&gt;" in shown._repr_html_() and "<b>" not in shown._repr_html_()


def test_outside_a_run_nothing_is_written(run, monkeypatch):
    monkeypatch.delenv(RUN_FOLDER)
    publish.number("key", 1)
    draw()
    assert list(run.iterdir()) == []


def test_rounding_keeps_significant_digits_and_what_is_no_float():
    frame = pd.DataFrame(
        {"x": [1 / 3, 2e10 / 3, np.nan], "n": [1, 2, 3], "s": list("abc")}
    )
    made = publish.rounded(frame)
    assert made["x"].tolist()[:2] == [0.333333, 6666670000.0]
    assert np.isnan(made["x"][2]) and made[["n", "s"]].equals(frame[["n", "s"]])


def test_whole_numbers_are_never_rounded(run):
    frame = pd.DataFrame({"x": [1234567.0, 0.5], "mixed": [1234567.25, "a"]})
    made = publish.rounded(frame)
    assert made["x"].tolist() == [1234567.0, 0.5]
    assert made["mixed"].tolist() == [1234570.0, "a"]
    publish.number("people", 13_303_217.0, "arrests")
    assert written(run)["numbers"]["people"]["value"] == 13303217


def made(frame: pd.DataFrame, name: str = "made", **options: object) -> str:
    """A table in LaTeX, body only."""
    from analysis_utils.publish.tables import latex_table

    return latex_table(frame, name, "A table.", options.get("digits", 2))


def test_numbers_of_a_table_are_printed_as_readers_expect(run):
    frame = pd.DataFrame(
        {"ends": [15.0, 1200.0], "p": [2e-9, 0.0412], "share": [0.5, -1.25]},
        index=pd.Index([2021, 2022], name="year"),
    )
    text = made(frame)
    assert r"2021 & 15 & \textless{} 0.001 & 0.50 \\" in text  # no 2,021, no 15.00
    assert r"2022 & 1,200 & 0.041 & $-$1.25 \\" in text
    assert "0.000" not in text and "{rrrr}" in text


def test_a_list_of_quantities_gives_each_its_own_decimals(run):
    values = pd.Series([59.0, 0.75, 1e-22], ["banned", "share", "p"], name="value")
    text = made(values.rename_axis("quantity").to_frame())
    assert "banned & 59 \\\\" in text and "share & 0.75" in text
    assert r"p & \textless{} 0.001" in text


def test_a_table_with_long_text_stays_on_the_page(run):
    frame = pd.DataFrame({"statement": ["word " * 30], "low": [1.5]}, index=["H1"])
    text = made(frame.rename_axis("id"))
    share = float(re.search(r"p\{([\d.]+)\\linewidth\}", text)[1])
    assert share < 0.9
    rows = pd.concat([frame] * 30).rename_axis("id")
    assert r"\begin{longtable}" in made(rows)


def test_labels_differ_between_runs(run):
    publish.table(pd.DataFrame({"a": [1]}), "t", caption="x")
    text = (run / "t.tex").read_text()
    assert f"tab:{run.parent.name}:{run.name}:t" in text


@pytest.mark.parametrize("name", sorted(style.COLOURS))
def test_every_colour_of_words_has_enough_contrast_on_white(name):
    assert contrast(style.COLOURS[name]) >= 4.5


def test_areas_and_lines_are_told_apart_in_greyscale():
    models = ("TFM", "JEM", "WSO")
    light = sorted(luminance(style.FILLS[name]) for name in models)
    assert min(np.diff(light)) > 0.15
    assert len({style.DASHES[name] for name in models}) == 3
    assert len({style.MARKERS[name] for name in models}) == 3


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2)."""
    from matplotlib.colors import to_rgb

    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
        for c in to_rgb(colour)
    ]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(colour: str) -> float:
    """Contrast of a colour on white (WCAG 2)."""
    return 1.05 / (luminance(colour) + 0.05)


def test_a_title_is_recorded_and_shown_as_a_heading(run):
    shown = publish.title("Signings <around> a day")
    assert shown.data == "## Signings &lt;around&gt; a day"
    assert written(run)["title"] == "Signings <around> a day"
