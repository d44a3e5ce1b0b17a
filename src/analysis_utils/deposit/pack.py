"""Packs the study for an archive, checks the result, and proves that it verifies.

The proof unpacks the archive in an empty folder and runs `make verify` there. Only
an archive that has passed gets its name; the same commit gives the same bytes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from analysis_utils import git
from analysis_utils.asking import Refused
from analysis_utils.deposit import about, crate, rules, standards
from analysis_utils.run_context import ROOT, sha256
from analysis_utils.subprogram import started
from analysis_utils.workflow import driver, manifest
from analysis_utils.workflow.runs import OUTPUTS, study_runs

FOLDER = ROOT / "deposit"
NEEDED = "an archive is packed from a git repository"
LEFT_OUT = (".git", ".ci/")  # git's and CI's own files, by the start of their names
MOMENT = (1980, 1, 1, 0, 0, 0)  # the date of every file, so that bytes do not vary
MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "GIVEN", "PYTHONPATH")


def deposit(present: bool, folder: Path = FOLDER) -> int:
    """Make the archive; exit code 0 if it keeps every rule and verifies.

    Parameters
    ----------
    present : bool
        Prove it in the present environment instead of a new one made from the lock.
    folder : Path
        Where the archive is put.
    """
    with driver.exclusive(OUTPUTS):  # what is packed stays as it is meanwhile
        return packed_and_proven(ready(), present, folder)


def packed_and_proven(names: list[str], present: bool, folder: Path) -> int:
    """Write the archive beside its name, and give it that once it is proven."""
    folder.mkdir(exist_ok=True)
    final = folder / f"{about.archive_name()}.zip"
    candidate = folder / f".{final.name}.new"
    try:
        pack(names, candidate)
        found = rules.broken(candidate)
        if found:
            raise Refused("The archive breaks rules:\n  " + "\n  ".join(found))
        print(
            f"{members(candidate)} files; every rule of openICPSR and the AEA is kept."
        )
        for sentence in rules.notices(candidate):
            print(sentence)
        print("Proof: unpacked in an empty folder, make verify ...", flush=True)
        answer = prove(candidate, present)
        os.replace(candidate, final)
    finally:
        candidate.unlink(missing_ok=True)
    print(answer)
    size = final.stat().st_size / 1e6
    print(f"{final.relative_to(folder.parent)}: {size:.1f} MB, SHA-256 {sha256(final)}")
    return 0


def ready() -> list[str]:
    """Names of the files to pack; Refused if the study is not fit to be packed."""
    stale = [run.label for run in study_runs() if manifest.reasons(run)]
    if stale:
        raise Refused(f"outputs are out of date ({', '.join(stale)}): run make all")
    status = git.asked(NEEDED, "status", "--porcelain", "--untracked-files=all")
    changed = status.splitlines()
    if changed:
        raise Refused(
            "an archive is made of a commit, and these files are not as committed:\n  "
            + "\n  ".join(changed[:20])
        )
    listed = set(git.asked(NEEDED, "ls-files", "-z").split("\0")) - {""}
    if kept_back := sorted(read_by_runs() - listed):
        raise Refused(
            f"runs read {', '.join(kept_back)}, which git does not know: commit it, or "
            "take the notebooks out that read it"
        )
    return sorted(name for name in listed if not name.startswith(LEFT_OUT))


def read_by_runs() -> set[str]:
    """Data files that the archived runs have read."""
    stamps = (manifest.read(run.folder) or {} for run in study_runs())
    return {name for stamp in stamps for name in stamp.get("data", {})}


def pack(names: list[str], path: Path) -> None:
    """Write the archive: files sorted, dates and rights fixed, standards added."""
    contents = {name: (ROOT / name).read_bytes() for name in names}
    contents |= {name: text.encode() for name, text in standards.texts().items()}
    contents[crate.METADATA] = crate.text(contents).encode()
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in sorted(contents.items()):
            member = zipfile.ZipInfo(name, MOMENT)
            member.create_system = 3  # rights as on Unix, wherever it is packed
            member.external_attr = 0o100644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(member, content, compresslevel=9)


def members(path: Path) -> int:
    """Number of files in an archive."""
    with zipfile.ZipFile(path) as packed:
        return len(packed.namelist())


def prove(path: Path, present: bool) -> str:
    """The closing sentence of `make verify` in the unpacked archive.

    Raises Refused with what was said if it does not end well.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "unpacked"
        with zipfile.ZipFile(path) as packed:
            packed.extractall(root)
        variables = {k: v for k, v in os.environ.items() if k not in MAKE}
        command = ["make", "verify"]
        if present:
            command = [sys.executable, "-m", "analysis_utils.commands", "verify"]
            variables["PYTHONPATH"] = str(root / "src")
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with started(command, cwd=root, env=variables, **output) as process:
            said, _ = process.communicate()
        if process.returncode:
            keep_report(root)
            raise Refused(f"The unpacked archive does not verify:\n{said[-3000:]}")
    return said.strip().splitlines()[-1]


def keep_report(root: Path) -> None:
    """Keep the report of a failed proof beside the archives."""
    report = root / "outputs/.verify/report.html"
    if report.exists():
        shutil.copy(report, FOLDER / "failed-proof.html")
