"""Take an ICE list into the register: `make update LIST=file-or-address`.

A transaction in two steps: what would change is shown and nothing is written; the same
command with ACCEPT=yes writes it, all files or none. UNDO=yes takes the last list back.
Nothing is guessed: what has no meaning yet is set aside and named.
"""

import tempfile
from pathlib import Path
from urllib.parse import unquote, urlparse

from analysis_utils.asking import Refused, nearest
from analysis_utils.collect import compile as compiling
from analysis_utils.collect import dictionary, hand, lists, sources, taken
from analysis_utils.collect.causes import causes
from analysis_utils.collect.changes import report
from analysis_utils.collect.gates import Gate, gates, stopping
from analysis_utils.collect.proposal import Update, proposed

MAX_FETCHED = 20_000_000  # bytes over http; the largest list so far has 0.2 million
CHUNK = 1 << 16
PATIENCE = 30.0  # seconds without a byte


def take_in(update: Update, data: Path) -> list[str]:
    """Write the register with the list, all files or none; names of the changed."""
    name, book = update.copy["file"], update.copy["workbook"]
    files = {f"{taken.FOLDER}/{name}": update.path} if name == book else {}
    changed = sources.write_tables(update.after, data, files)
    dictionary.write(data)
    return changed


def take_back(data: Path) -> str:
    """Take out the list taken in last; which that was, in words. Raises Refused."""
    table = taken.read(data)
    if table.empty:
        raise Refused("No list was taken in by `make update`: nothing to take back")
    last, rest = table.iloc[-1], table.iloc[:-1]
    decisions = hand.read(data / "hand")
    known = lists.from_data(data, decisions)
    after = compiling.compiled_from_lists(known.without(last), data, decisions)
    kept = data / taken.FOLDER / last.file
    gone = [kept] if last.file not in set(rest.workbook) and kept.exists() else []
    sources.write_tables(after | {taken.TABLE: rest}, data, remove=gone)
    dictionary.write(data)
    more = f"; the next UNDO=yes: {rest.edition.iloc[-1]}" if len(rest) else ""
    return f"{last.edition}, from {last.file}{more}"


def decide(found: list[Gate], accept: str) -> None:
    """Refuse a list that a gate stops, unless `accept` names that gate.

    accept: "yes", or names of gates joined by commas. "yes" is for an ordinary list.
    """
    words = [word.strip() for word in accept.split(",") if word.strip()]
    names = [gate.name for gate in found]
    for word in words:
        if word not in (*names, "yes"):
            raise Refused(f"ACCEPT={accept}: {word!r} is no gate{nearest(word, names)}")
    stops = [gate.name for gate in stopping(found) if gate.name not in words]
    if stops:
        raise Refused(
            f"The list differs more than any before ({', '.join(stops)}). If all of "
            f"that is true, repeat with ACCEPT={','.join(stops)}"
        )


def obtained(place: str, folder: Path) -> Path:
    """The list as a local file: fetched if it is an address."""
    if urlparse(place).scheme not in ("http", "https"):
        path = Path(place).expanduser()
        if not path.is_file():
            what = "a folder; name the list in it" if path.is_dir() else "no such file"
            raise Refused(f"{place}: {what}")
        return path
    path = folder / (Path(unquote(urlparse(place).path)).name or "list.xlsx")
    import requests  # late: only an address needs it

    try:
        with requests.get(place, stream=True, timeout=PATIENCE) as answer:
            answer.raise_for_status()
            _save(answer.iter_content(CHUNK), path, place)
    except requests.RequestException as error:
        raise Refused(f"{place}: {_not_fetched(error)}") from error
    return path


def _not_fetched(error) -> str:
    """Why an address gave nothing, in words (error: of requests)."""
    if error.response is not None:
        said = f"{error.response.status_code} {error.response.reason}"
        return f"the server answered {said}; check the address"
    return (
        f"not fetched ({type(error).__name__}); check the address and the network, "
        "or save the list in a browser and give the file"
    )


def _save(chunks, path: Path, place: str) -> None:
    """Write what the server sends, and stop when it is more than a list can be."""
    received = 0
    with path.open("wb") as file:
        for chunk in chunks:
            received += len(chunk)
            if received > MAX_FETCHED:
                raise Refused(
                    f"{place}: sends more than {MAX_FETCHED / 1e6:.0f} MB, and the "
                    "largest list so far has 0.2; not fetched"
                )
            file.write(chunk)


def main(place: str = "", date: str = "", accept: str = "", undo: bool = False) -> None:
    """Show what a list changes; with `accept` take it in, with `undo` take it back."""
    if undo:
        if place:
            raise Refused("Either LIST= or UNDO=yes, not both")
        print(f"Taken back: {take_back(sources.DATA)} (`git diff --stat data`)")
        return
    if not place:
        raise Refused(
            "Name the list: make update LIST=file-or-address "
            "[DATE=2026-05-18am] [ACCEPT=yes], or UNDO=yes"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = obtained(place, Path(folder))
        address = place if urlparse(place).scheme in ("http", "https") else ""
        update = proposed(path, date, sources.DATA, address)
        found = gates(update)
        print("\n".join(told(update, found)), flush=True)
        if accept:
            decide(found, accept)
            changed = take_in(update, sources.DATA)
            print(f"\nTaken in; changed: {', '.join(changed)} (`git diff --stat data`)")
            return
        decide(found, ",".join(gate.name for gate in found if not gate.stops))
    print("\nNothing was written. To take the list in, repeat with ACCEPT=yes")


def told(update: Update, found: list[Gate]) -> list[str]:
    """The whole report: likely causes first where a gate stops, gates, changes."""
    likely = causes(update) if stopping(found) else []
    first = ["Look at this first:", *(f"  {line}" for line in likely), ""]
    return [
        *(first if likely else []),
        *report(update),
        "",
        "Gates (a list passes up to twice the largest so far):",
        *(f"  {gate}" for gate in found),
    ]
