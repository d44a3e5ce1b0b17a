"""The environment of a rerun: packages beside the lock, BLAS, processor."""

import os
import platform
import re
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement

PIN = re.compile(r"^[A-Za-z0-9][^\\#]*==[^\\#]*", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Versions that a lock file pins for this Python and system, by package."""
    found = {}
    for line in PIN.findall(lock):
        try:
            requirement = Requirement(line.strip())
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate():
            found[requirement.name] = str(requirement.specifier).removeprefix("==")
    return found


def installed(name: str) -> str | None:
    """Version of an installed package; None if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def not_as_locked(lock: str) -> dict[str, tuple[str, str | None]]:
    """Packages whose installed version is not the locked one: (locked, installed)."""
    here = {name: (version, installed(name)) for name, version in pins(lock).items()}
    return {name: pair for name, pair in here.items() if pair[0] != pair[1]}


def changed_pins(old: str, new: str) -> list[str]:
    """In words, which packages two lock files pin to other versions."""
    one, other = pins(old), pins(new)
    return [
        f"{name} {one.get(name, 'absent')} -> {other.get(name, 'absent')}"
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    ]


def blas() -> list[str]:
    """BLAS libraries that numpy and scipy use here, with version and kernel."""
    import numpy  # noqa: F401  (loads the library that is asked for)
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    found = {
        f"{library['internal_api']} {library.get('version')} "
        f"({library.get('architecture', 'unknown')} kernel)"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    return sorted(found)


def description() -> dict[str, str]:
    """What a reviewer needs to know of this machine, in words."""
    return {
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": str(os.cpu_count()),
        "BLAS": ", ".join(blas()),
    }
