"""data/sources.csv: complete, and in accord with the code and the published copies."""

import re
from pathlib import Path

import pandas as pd
import pytest

from analysis_utils.collect import cbp, fetch, ice_counts, ohss, sources

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
RAW = sources.raw_folder()


@pytest.fixture(scope="module")
def registry() -> pd.DataFrame:
    return pd.read_csv(DATA / "sources.csv", dtype=str, keep_default_na=False)


def test_every_file_that_is_compiled_is_registered_under_its_id(registry):
    registered = registry[registry.kind == "encounters"].set_index("id").file.to_dict()
    read = {
        **cbp.STATE_FILES,
        cbp.SOUTHWEST: cbp.SOUTHWEST_FILE,
        cbp.SECTORS: cbp.SECTORS_FILE,
        cbp.CROSS: cbp.CROSS_FILE,
        ohss.SOURCE: ohss.FILE,
        **{
            source: f"ice_detention_statistics/{name}"
            for books in (ice_counts.WORKBOOKS, ice_counts.EARLIER)
            for source, (_, name) in books.items()
        },
    }
    assert registered == {key: f"encounters/{name}" for key, name in read.items()}


def test_transcribed_sources_have_no_file_and_say_where_their_counts_are(registry):
    transcribed = registry[registry.kind == "transcribed"]
    assert (transcribed.file == "").all() and (transcribed.sha256 == "").all()
    for note in transcribed.note:
        name = note.rsplit(" ", 1)[1]
        assert (DATA.parent / name).is_file(), note


def test_each_list_is_one_of_the_published_copies(registry):
    lists = registry[registry.kind == "ice list"]
    copies = pd.read_csv(DATA / "captures.csv", dtype=str, keep_default_na=False)
    assert set(lists.sha256) <= set(copies.sha256)
    assert len(lists) == 162 and lists.sha256.nunique() == 161  # a misdated byte copy
    same = lists.merge(copies, on=["repository", "commit", "path", "sha256"])
    # Two copies are in the history of the repository only.
    assert len(same) >= len(lists) - 2
    wanted = {Path(name).name for name in lists.file}
    assert set(copies.workbook) <= wanted


def test_addresses_are_built_from_repository_commit_and_path():
    found = {
        source.file: source for source in fetch.registered(fetch.REGISTRY, "x://y/")
    }
    khsm = found["encounters/ohss/KHSM Encounters (USBP) fy25m11.xlsx"]
    assert khsm.url == (
        "x://y/arilamstein/immigration_enforcement/"
        "c438a05ab47df903f7270a44f86ae038ecb57bc4/immigration_enforcement/borderpatrol/"
        "KHSM%20Encounters%20%28USBP%29%20fy25m11.xlsx"
    )


@pytest.mark.skipif(
    not (RAW / "encounters").is_dir(),
    reason="no raw files here: `make raw` fetches them, RAW_DIR names their folder",
)
def test_the_files_here_are_the_registered_ones():
    files = fetch.registered(fetch.REGISTRY, fetch.BASE)
    here = [f for f in files if (RAW / f.file).exists()]
    assert len(here) >= 177  # a copy beside the project may lack later ones
    assert [f.file for f in here if not fetch.is_complete(f, RAW)] == []


def test_the_makefile_says_how_much_there_is_to_fetch():
    files = fetch.registered(fetch.REGISTRY)
    size = sum(file.bytes for file in files) / 1e6
    words = f"({len(files)} files, {size:.0f} MB; resumes)"
    assert words in (ROOT / "Makefile").read_text()


def test_names_for_a_new_notebook_are_free_in_what_shows_one():
    """`make new NAME=23_...` stands in the guides while 22 is the last notebook."""
    last = max(int(path.name[:2]) for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
    pages = [ROOT / "Makefile", *(ROOT / "docs").glob("*.md")]
    shown = [n for p in pages for n in re.findall(r"NAME=(\d+)_my", p.read_text())]
    assert shown and set(shown) == {f"{last + 1:02}"}
