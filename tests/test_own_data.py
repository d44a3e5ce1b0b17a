"""Your own files: typed as declared, the same in any order, every fault by its line."""

import random
import re
import shutil
import subprocess

import pandas as pd
import pytest
from conftest import make_checkout
from test_workflow_staleness import why

from analysis_utils import own
from analysis_utils.asking import Refused
from analysis_utils.deposit import pack, rules
from analysis_utils.own import check, columns, types
from analysis_utils.run_context import ROOT

HEADING = ",".join(columns.HEADING)
DECLARED = [
    "mine,state,state,yes,,,State,A survey,CC0",
    "mine,month,month,yes,,,Month,A survey,CC0",
    "mine,county,county,,yes,,County,A survey,CC0",
    "mine,budget,number,,yes,million dollars,Budget,A survey,CC0",
    "mine,staff,whole number,,,people,Staff,A survey,CC0",
    "mine,posts,whole number,,yes,people,Posts,A survey,CC0",
    "mine,elected,yes/no,,,,Elected,A survey,CC0",
    "mine,asked,yes/no,,yes,,Asked,A survey,CC0",
    "mine,since,day,,yes,,Since,A survey,CC0",
    "mine,note,text,,yes,,Note,A survey,CC0",
]
ORDER = "state,month,county,budget,staff,posts,elected,asked,since,note"
ROWS = [
    "TX,2025-02,48001,1.5,12,,yes,,2017-03-04,NA",
    "tx,2025-01,,,7,3.0,No,1,,",
    "Florida,2025-01-01,01001,-2e3,0,4,TRUE,false,,\"one, two\"",
]  # fmt: skip
SORTED = ["FL 2025-01", "TX 2025-01", "TX 2025-02"]


@pytest.fixture
def folder(tmp_path):
    """A folder of one's own; returns a function that writes file and declarations."""

    def write(*rows, heading=ORDER, declared=DECLARED, table_heading=HEADING):
        lines = [table_heading, *declared]
        (tmp_path / "columns.csv").write_text("\n".join(lines) + "\n")
        (tmp_path / "mine.csv").write_text("\n".join([heading, *rows]) + "\n")
        return tmp_path

    return write


def test_columns_have_the_declared_types(folder):
    table = own.load("mine", folder(*ROWS))
    assert (table.state + " " + table.month.dt.strftime("%Y-%m")).tolist() == SORTED
    assert list(table.columns[:2]) == ["month", "state"]  # keys, by name
    kinds = {name: str(kind) for name, kind in table.dtypes.items()}
    assert kinds["staff"] == "int64" and kinds["posts"] == "float64"
    assert kinds["budget"] == "float64" and kinds["elected"] == "bool"
    assert kinds["asked"] == "boolean"
    assert kinds["since"][:10] == kinds["month"][:10] == "datetime64"
    florida = table.set_index("state").loc["FL"]
    assert florida.county == "01001" and florida.note == "one, two"
    assert florida.budget == -2000 and florida.elected and not florida.asked
    second = table[table.month == "2025-02"].iloc[0]
    assert second.since == pd.Timestamp("2017-03-04") and second.note == "NA"
    assert pd.isna(second.posts) and pd.isna(second.asked)


def test_a_file_is_named_with_or_without_its_ending(folder):
    place = folder(*ROWS)
    pd.testing.assert_frame_equal(own.load("mine", place), own.load("mine.csv", place))


@pytest.mark.parametrize("seed", range(5))
def test_no_order_changes_the_table(folder, seed):
    table = own.load("mine", folder(*ROWS))
    chance = random.Random(seed)
    names = ORDER.split(",")
    shuffled = chance.sample(names, len(names))
    cells = pd.read_csv(folder(*ROWS) / "mine.csv", dtype=str, keep_default_na=False)
    order = chance.sample(range(len(cells)), len(cells))
    declared = pd.DataFrame([line.split(",") for line in DECLARED])
    turned = chance.sample(range(declared.shape[1]), declared.shape[1])
    place = folder(
        declared=declared[turned]
        .agg(",".join, axis=1)
        .sample(frac=1, random_state=seed),
        table_heading=",".join(list(columns.HEADING)[i] for i in turned),
    )
    cells.iloc[order][shuffled].to_csv(place / "mine.csv", index=False)
    pd.testing.assert_frame_equal(own.load("mine", place), table)


def test_marks_line_ends_and_blanks_of_excel_change_nothing(folder):
    place = folder(*ROWS)
    table = own.load("mine", place)
    text = "\n\n".join([ORDER, *ROWS, ""]).replace("TX,", " TX ,")
    (place / "mine.csv").write_bytes(
        b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    )
    pd.testing.assert_frame_equal(own.load("mine", place), table)


CELLS = ORDER.split(",")


def row_with(column: str, cell: str) -> str:
    """A good row in which one cell is another."""
    cells = dict(
        zip(CELLS, "GA,2025-03,,1,2,3,yes,,2017-03-25,".split(","), strict=True)
    )
    return ",".join((cells | {column: cell}).values())


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("since", "03/04/2017", "no day: it can be read as two days; write 2017-03-04"),
        ("since", "3/4/17", "can be read as two days"),
        ("since", "03/25/2017", "no day: write 2017-03-04"),
        ("since", "2017-02-30", "the calendar has no such day"),
        ("since", "2017-3-4", "no day"),
        ("since", "42798", "no day"),
        ("since", "n/a", "leave the cell empty"),
        ("month", "Mar-25", "no month: write 2017-03"),
        ("month", "2025-13", "no month"),
        ("month", "2025-03-02", "no month"),
        ("month", "", "the cell is empty, and may not be missing"),
        ("budget", '"1,234"', "no number: write 1234.5"),
        ("budget", "12%", "no number"),
        ("budget", '"0,5"', "no number"),
        ("budget", "$5", "no number"),
        ("budget", "NaN", "leave the cell empty"),
        ("budget", "inf", "no number"),
        ("budget", "٣", "no number"),
        ("budget", "0012", "begins with 0"),
        ("staff", "1.5", "no whole number"),
        ("staff", "01001", "begins with 0, as codes do"),
        ("staff", "1e3", "no whole number"),
        ("staff", "1234567890123456", "at most 15 digits"),
        ("staff", "", "the cell is empty"),
        ("staff", "-", "leave the cell empty"),
        ("elected", "maybe", "write yes or no"),
        ("elected", "2", "write yes or no"),
        ("state", "Texs", "did you mean TEXAS"),
        ("state", "XX", "write its postal code or its name"),
        ("county", "1001", "a zero in front is lost; write 01001"),
        ("county", "99999", "data/counties.csv has no such fips"),
    ],
)
def test_a_cell_of_another_type_is_named(folder, column, cell, words):
    with pytest.raises(Refused) as refused:
        own.load("mine", folder(*ROWS, row_with(column, cell)))
    said = str(refused.value)
    assert f"mine.csv, line 5: column {column}: " in said and words in said
    assert "\n" not in said and len(said) < 300


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("agency", "AK-kodiak-police-department", "AK-kodiak-police-departmnt"),
        ("ori", "AK0010500", "AK0019999"),
    ],
)
def test_codes_of_agencies_are_those_of_the_register(folder, kind, good, bad):
    declared = [f"mine,id,{kind},yes,,,Agency,A survey,CC0"]
    assert own.load("mine", folder(good, heading="id", declared=declared)).id[0] == good
    with pytest.raises(Refused, match=f"{bad!r} is no {kind}: data/agenc.*no such"):
        own.load("mine", folder(bad, heading="id", declared=declared))


def test_lines_are_those_of_the_file(folder):
    rows = ["", row_with("note", '"two\nlines"'), "", row_with("staff", "x")]
    with pytest.raises(Refused, match="mine.csv, line 6: column staff"):
        own.load("mine", folder(*rows))


def test_the_first_faults_are_named_and_the_rest_counted(folder):
    rows = [row_with("staff", "x")] * 40
    with pytest.raises(Refused) as refused:
        own.load("mine", folder(*rows))
    said = str(refused.value).splitlines()
    assert [line.split(":")[0][-1] for line in said[:5]] == list("23456")
    assert said[5].endswith("35 more to put right") and len(said) == 6


def test_a_large_file_of_another_type_is_refused_at_once(folder):
    """A loop over faulty cells and rows alike would take hours."""
    declared = ["mine,id,number,,,,Number,A survey,CC0"]
    rows = [f"x{number}" for number in range(100_000)]
    with pytest.raises(Refused, match="99,995 more to put right"):
        own.load("mine", folder(*rows, heading="id", declared=declared))


def test_a_key_that_stands_twice_is_refused(folder):
    again = ROWS[0].replace("TX,", "Texas,")
    with pytest.raises(Refused, match="line 5: 2025-02, Texas is the key of a line"):
        own.load("mine", folder(*ROWS, again))


def test_rows_without_any_cell_are_named(folder):
    with pytest.raises(Refused, match="line 5: no cell is filled; take the line out"):
        own.load("mine", folder(*ROWS, ",,,,,,,,,"))
    with pytest.raises(Refused, match="has no row below its heading"):
        own.load("mine", folder())


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        (ORDER.replace("note", "notes"), "'notes' is not declared.*did you mean note"),
        (ORDER.replace("note", "notes"), "'note' is declared and not there"),
        (ORDER + ",more", "column 'more' is not declared in .*columns.csv$"),
        (ORDER.replace(",staff", ""), "column 'staff' is declared and not there"),
        (ORDER + ",", "column 11 has no name"),
        (ORDER + ",,", "column 11 has no name"),
        (ORDER.replace(",", ";"), "semicolons stand between the cells"),
        (ORDER.replace(",", "\t"), "tabs stand between"),
        (ORDER.replace("note", "staff"), "'note' is declared and not there"),
        (ORDER + ",staff", "staff stands twice"),
    ],
)
def test_other_columns_than_the_declared_ones(folder, heading, words):
    with pytest.raises(Refused, match=f"(?s)line 1: .*{words}"):
        own.load("mine", folder(heading=heading))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("state\nTX\n".encode("utf-16"), 'UTF-16 text .*save|UTF-16.*"Save As"'),
        (b"PK\x03\x04rest", "an Excel workbook, not a CSV"),
        (b"\xd0\xcf\x11\xe0rest", "an old Excel workbook"),
        (b"\x1f\x8brest", "a compressed file"),
        ((ORDER + "\n" + row_with("note", "é")).encode("latin-1"), "not UTF-8 at byte"),
        (ORDER.encode() + b"\n" + b"TX\n", "line 2: 1 cells, and the heading has 10"),
        (ORDER.encode() + b'\n"TX,1\n', "is a quotation mark left open"),
        (b"", "'note' is declared and not there"),
    ],
)
def test_files_that_are_no_such_csv(folder, content, words):
    place = folder(*ROWS)
    (place / "mine.csv").write_bytes(content)
    with pytest.raises(Refused, match=words):
        own.load("mine", place)


def test_a_workbook_beside_its_declaration_says_what_to_do(folder):
    place = folder(*ROWS)
    (place / "mine.csv").rename(place / "mine.xlsx")
    with pytest.raises(Refused, match='not there: save mine.xlsx as "CSV UTF-8"'):
        own.load("mine", place)
    assert columns.undeclared(place) == ["mine.xlsx"]


def test_undeclared_files_are_named(folder):
    place = folder(*ROWS)
    (place / "other.csv").write_text("a\n1\n")
    with pytest.raises(Refused, match="other.csv is not declared: give each of its"):
        own.load("other", place)
    with pytest.raises(Refused, match="declares no file 'mime'; did you mean mine"):
        own.load("mime", place)
    assert columns.undeclared(place) == ["other.csv"]


GOOD = DECLARED[0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (GOOD, "line 3: mine, state is declared above too"),
        (GOOD.replace("mine", "mine.csv"), "mine, state is declared above too"),
        ("mine,a,numbr,,,,A,B,C", "'numbr' is no type; did you mean number"),
        ("mine,a,text,,,,,B,C", "line 3: description is empty"),
        ("mine,a,text,,,,A,,C", "line 3: source is empty"),
        ("mine,a,text,,,,A,B,", "line 3: licence is empty"),
        (",a,text,,,,A,B,C", "line 3: file is empty"),
        ("mine,a,text,,maybe,,A,B,C", "missing is 'maybe'; write yes, no"),
        ("mine,a,text,yes,yes,,A,B,C", "a key may not be missing"),
        ("../mine,a,text,,,,A,B,C", "cannot be the name of a file here"),
        ("Mine,a,text,,,,A,B,C", "cannot be the name of a file here"),
        ("columns,a,text,,,,A,B,C", "cannot be the name of a file here"),
        ("mine,a,text", "line 3: 3 cells, and the heading has 9"),
    ],
)
def test_faulty_declarations_are_named(folder, line, words):
    with pytest.raises(Refused, match=f"columns.csv.*{words}"):
        own.load("mine", folder(*ROWS, declared=[GOOD, line]))


def test_a_table_of_declarations_with_other_columns(folder):
    other = HEADING.replace("unit", "units")
    with pytest.raises(Refused, match="line 1: its columns are .*: unit, units"):
        own.load("mine", folder(*ROWS, table_heading=other))
    place = folder(*ROWS)
    (place / "columns.csv").unlink()
    with pytest.raises(Refused, match="columns.csv is missing"):
        own.load("mine", place)
    assert columns.resources(place) == []


def test_the_check_names_what_is_good_and_what_is_not(folder):
    place = folder(*ROWS)
    good, wrong = check.report(place)
    assert len(good) == 1 and "3 rows; month (month), state (state), " in good[0]
    assert wrong == []
    (place / "other.csv").write_text('a,"b, c"\n1,2\n')
    (place / "other.xlsx").write_bytes(b"PK\x03\x04")
    (place / "book.csv").write_bytes(b"PK\x03\x04")
    (place / "mine.csv").write_text(ORDER + "\n" + row_with("staff", "x"))
    good, wrong = check.report(place)
    assert good == []
    assert "line 2: column staff: 'x' is no whole number" in wrong[0]
    assert "book.csv is not declared" in wrong[1] and "Excel workbook" in wrong[2]
    assert "other.csv is not declared" in wrong[3] and "fill in (file," in wrong[4]
    assert wrong[5:7] == ["  other,a,,,,,,,", '  other,"b, c",,,,,,,']
    assert wrong[5].count(",") == HEADING.count(",")
    assert "other.xlsx is not declared" in wrong[7] and "only CSV files" in wrong[8]


def test_a_fresh_clone_has_the_place_and_declares_nothing():
    """Of the study itself; a fork may declare what it likes."""
    heading = (ROOT / "data/own/columns.csv").read_text(encoding="utf-8").split("\n")[0]
    assert heading == HEADING
    columns.declared()


def test_a_column_of_persons_reaches_no_archive():
    (fault,) = rules.in_content("data/own/mine.csv", b"state,last_name\nTX,x\n")
    assert "a column of personal data, last_name" in fault


@pytest.mark.skipif(
    not (shutil.which("git") and (ROOT / ".gitattributes").exists()),
    reason="git is not installed, or this is an archive",
)
def test_git_keeps_the_bytes_that_a_run_has_hashed(tmp_path):
    def git(*words):
        done = subprocess.run(["git", *words], cwd=tmp_path, capture_output=True)
        return done.stdout

    git("init", "-q")
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    path = tmp_path / "data/own/mine.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a\r\n1\r\n")
    git("add", "-A")
    assert git("show", ":data/own/mine.csv") == path.read_bytes()


def test_results_that_rest_on_a_file_kept_back_are_not_packed(monkeypatch):
    said = {"status": "", "ls-files": "README.md\0data/own/columns.csv\0"}
    monkeypatch.setattr(pack.git, "asked", lambda needed, what, *more: said[what])
    monkeypatch.setattr(pack, "study_runs", list)
    monkeypatch.setattr(pack, "read_by_runs", lambda: {"data/own/mine.csv"})
    with pytest.raises(
        Refused, match="read data/own/mine.csv, which git does not know"
    ):
        pack.ready()


def test_the_page_names_every_column_and_type():
    page = (ROOT / "docs/own_data.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", page, flags=re.MULTILINE)
    named = [name for row in rows for name in re.findall("`(.*?)`", row)]
    assert named == [*columns.HEADING, *types.KINDS]


# In a study of one's own


NOTEBOOK = (
    "from analysis_utils import own, publish",
    "mine = own.load('mine')",
    "publish.number('budget', mine['budget'].sum(), 'million dollars')",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study with a notebook that reads a file of one's own, made."""
    checkout = make_checkout(tmp_path_factory.mktemp("own") / "checkout")
    place = checkout.root / "data/own"
    (place / "columns.csv").write_text("\n".join([HEADING, *DECLARED]) + "\n")
    (place / "mine.csv").write_text("\n".join([ORDER, *ROWS]) + "\n")
    checkout.notebook("01_mine", "", *NOTEBOOK)
    checkout.notebook("02_other", "", "print(1)")
    code, text = checkout.make("all")
    assert code == 0, text
    return checkout


@pytest.mark.long
def test_a_run_is_stale_when_its_own_file_or_its_declaration_changes(made):
    place = made.root / "data/own"
    fresh = {
        f"{name}/main": "fresh: nothing changed" for name in ("01_mine", "02_other")
    }
    assert why(made) == fresh
    for name in ("mine.csv", "columns.csv"):
        path, before = place / name, (place / name).read_bytes()
        path.write_bytes(before.replace(b"survey", b"census").replace(b"1.5", b"2.5"))
        said = f"data file data/own/{name} changed"
        assert why(made) == fresh | {"01_mine/main": said}
        path.unlink()
        said = f"data file data/own/{name} is gone"
        assert why(made) == fresh | {"01_mine/main": said}
        path.write_bytes(before)
    (place / "unrelated.csv").write_text("a\n1\n")
    assert why(made) == fresh
    (place / "unrelated.csv").unlink()


def test_a_number_is_traced_to_the_own_file_and_its_source(made):
    code, text = made.review("trace", KEY="budget")
    assert code == 0, text
    assert "data/own/mine.csv: 3 rows, SHA-256" in text
    assert "data/own/mine.csv <- A survey" in text
    code, text = made.review("trace", DATA="data/own/mine.csv")
    assert code == 0 and "read by 1 run; 1 number rests on it" in text


def test_make_own_checks_what_is_there(made):
    code, text = made.make("own")
    assert code == 0 and "data/own/mine.csv: 3 rows; month (month), state" in text
    (made.root / "data/own/more.csv").write_text("a\n1\n")
    code, text = made.make("own")
    assert code == 1 and "data/own/more.csv is not declared\n  add to" in text
    (made.root / "data/own/more.csv").unlink()


@pytest.mark.long
def test_a_refusal_reaches_whoever_runs_it(made):
    """Last of this file: the study is not as made afterwards."""
    bad = row_with("since", "03/04/2017")
    (made.root / "data/own/mine.csv").write_text("\n".join([ORDER, *ROWS, bad]))
    code, text = made.make("all")
    assert code == 1 and "Traceback" not in text
    assert "data/own/mine.csv, line 5: column since: '03/04/2017' is no day" in text
