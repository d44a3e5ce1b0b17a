"""Fetch the published files that data/sources.csv registers: `make raw`.

Each file is named by repository, commit and path, and by its SHA-256: what arrives
is that file or nothing. Whatever is complete already is kept, so an interrupted run
is resumed by running it again.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from urllib.parse import quote

import pooch
import requests
from tqdm import tqdm

from analysis_utils import csv_text
from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT, sha256

REGISTRY = ROOT / "data" / "sources.csv"
BASE = "https://raw.githubusercontent.com"  # SOURCES_URL names another
PATIENCE = 30.0  # seconds without a byte
WORKERS = 8
CHUNK = 1 << 16
SHOWN = 10  # failures told one by one
STALE = 3600.0  # seconds after which a part left by a killed run is deleted


class NotFetched(Exception):
    """Why a file could not be had, in one sentence."""


@dataclass(frozen=True)
class Source:
    """One published file: where it is, what it must be, where it goes."""

    file: str
    url: str
    sha256: str
    bytes: int


def registered(path: Path, base: str = BASE) -> list[Source]:
    """The files of the registry that can be fetched, in its order.

    Raises Refused for a row without checksum or size, or with a place outside.
    """
    table = csv_text.read(path)
    # Files of packages come through the package's own client (see their notes)
    package = table.repository.str.startswith("npm:")
    table = table[(table.file != "") & ~package]
    proper = (
        table.sha256.str.fullmatch("[0-9a-f]{64}")
        & table.bytes.str.fullmatch("[0-9]+")
        & ~table.file.str.contains(r"^/|\\|(?:^|/)\.\.(?:/|$)")
        & ~table.file.duplicated()
    )
    if not proper.all():
        line = int(table.index[~proper][0]) + 2
        raise Refused(
            f"{path}, line {line}: needs a SHA-256, a size in bytes, and a place of "
            "its own below the raw folder"
        )
    return [
        Source(
            row.file,
            f"{base.rstrip('/')}/{row.repository}/{row.commit}/{quote(row.path)}",
            row.sha256,
            int(row.bytes),
        )
        for row in table.itertuples()
    ]


def is_complete(source: Source, folder: Path) -> bool:
    """True if the file is there with the registered content."""
    path = folder / source.file
    if not path.is_file() or path.stat().st_size != source.bytes:
        return False
    return sha256(path) == source.sha256


def fetch(
    source: Source,
    folder: Path,
    arrived: Callable[[int], None] = lambda size: None,
    patience: float = PATIENCE,
) -> None:
    """Fetch one file whole, trying twice; raises NotFetched and leaves no part.

    `arrived` is told the size of each piece, and stops the transfer by raising.
    """

    def download(url: str, part: str, _: object = None) -> None:
        _stream(url, Path(part), source.bytes, patience, arrived)

    shelf = pooch.create(
        path=folder,
        base_url="",
        registry={source.file: f"sha256:{source.sha256}"},
        urls={source.file: source.url},
        retry_if_failed=1,
    )
    try:
        path = Path(shelf.fetch(source.file, downloader=download))
        path.chmod(0o644)  # a temporary file is its owner's alone
    except Exception as error:
        reason = _reason(error, patience)
        raise NotFetched(f"{source.file}: {reason} ({source.url})") from error


def _stream(
    url: str, part: Path, size: int, patience: float, arrived: Callable[[int], None]
) -> None:
    """Write what the server sends to `part`, and stop when it is more than `size`."""
    received = 0
    with (
        requests.get(url, stream=True, timeout=patience) as answer,
        part.open("wb") as file,
    ):
        if answer.status_code == 404:  # asking again would not help
            raise NotFetched("is no longer at its public address (404)")
        answer.raise_for_status()
        for chunk in answer.iter_content(CHUNK):
            received += len(chunk)
            if received > size:
                break  # the checksum refuses it
            file.write(chunk)
            arrived(len(chunk))


def _reason(error: Exception, patience: float) -> str:
    """What went wrong, for people."""
    if isinstance(error, NotFetched):
        return str(error)
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code}; try again later"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"no answer within {patience:g} seconds; run `make raw` again"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the transfer was cut off; run `make raw` again"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server; run `make raw` again when there is one"
    if isinstance(error, ValueError) and "hash" in str(error):
        return "what arrived is not the registered file (other SHA-256); refused"
    return f"{type(error).__name__}: {error}"


def fetch_all(
    sources: list[Source],
    folder: Path,
    patience: float = PATIENCE,
    workers: int = WORKERS,
) -> list[str]:
    """Fetch in parallel what is not complete; sentences on what could not be had."""
    folder.mkdir(parents=True, exist_ok=True)
    _delete_parts(folder)
    wanted = [source for source in sources if not is_complete(source, folder)]
    if wanted:
        print(f"Fetching {len(wanted)} of {len(sources)} files to {folder}", flush=True)
    for parent in {(folder / source.file).parent for source in wanted}:
        parent.mkdir(parents=True, exist_ok=True)
    stopped = Event()
    with (
        _bar(wanted) as progress,
        ThreadPoolExecutor(workers) as pool,
    ):

        def arrived(size: int) -> None:
            if stopped.is_set():
                raise NotFetched("stopped")
            with progress.get_lock():
                progress.update(size)

        jobs = {
            pool.submit(fetch, source, folder, arrived, patience): source
            for source in wanted
        }
        try:
            return sorted(_reports(as_completed(jobs), jobs, progress))
        except KeyboardInterrupt:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise


def _bar(wanted: list[Source]) -> tqdm:
    """Progress in bytes, shown on a terminal only."""
    return tqdm(
        total=sum(source.bytes for source in wanted),
        unit="B",
        unit_scale=True,
        disable=not (wanted and sys.stderr.isatty()),
    )


def _reports(
    done: Iterable[Future], jobs: dict[Future, Source], progress: tqdm
) -> Iterator[str]:
    """Plain lines where there is no progress bar; yields the failures."""
    for number, job in enumerate(done, start=1):
        error = job.exception()
        if error is not None and not isinstance(error, NotFetched):
            raise error
        if progress.disable:
            word = "failed" if error else "fetched"
            print(f"{number}/{len(jobs)} {word} {jobs[job].file}", flush=True)
        if error:
            yield str(error)


def _delete_parts(folder: Path) -> None:
    """Delete parts that a killed run has left (pooch names them tmp...)."""
    for part in folder.rglob("tmp*"):
        if part.is_file() and time.time() - part.stat().st_mtime > STALE:
            part.unlink()


def main(registry: Path = REGISTRY) -> None:
    """Fetch everything to RAW_DIR (default data/raw); exit 1 if a file is missing."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: no parts
    pooch.get_logger().setLevel("CRITICAL")  # our own sentences instead
    folder = Path(os.environ.get("RAW_DIR") or ROOT / "data" / "raw")
    sources = registered(registry, os.environ.get("SOURCES_URL") or BASE)
    failures = fetch_all(sources, folder)
    if failures:
        more = f"\n... and {len(failures) - SHOWN} more" * (len(failures) > SHOWN)
        sys.exit(
            "\n".join(failures[:SHOWN])
            + more
            + f"\n{len(failures)} of {len(sources)} files could not be had; the others "
            "are complete and are kept when you run `make raw` again."
        )
    print(f"All {len(sources)} files are complete in {folder}")


if __name__ == "__main__":
    try:
        main()
    except ValueError as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("Stopped. What is complete is kept: `make raw` goes on from there.")
