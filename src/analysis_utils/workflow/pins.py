"""Runs that carry a hypothesis name every parameter in runs.yaml.

An editor may change a default in JupyterLab and save; a registered result must not
change with it.
"""

import json
from pathlib import Path

from analysis_utils import hypotheses
from analysis_utils.workflow.runs import CUSTOM, Run

RESULTS = "results.json"


def carried(folder: Path) -> list[str]:
    """Ids of the hypotheses whose results a folder of outputs holds."""
    try:
        results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
        return sorted({result["id"] for result in results["hypotheses"]})
    except (OSError, ValueError, KeyError, TypeError):
        return []


def registered(run: Run) -> list[str]:
    """Ids of the hypotheses that the registry gives to a run."""
    if not hypotheses.FILE.is_file():
        return []
    return [key for key, one in hypotheses.read().items() if one.run == run.label]


def unpinned(run: Run, folder: Path) -> str:
    """What must be added to runs.yaml, by the registry or the results in a folder."""
    if CUSTOM in run.base.parts:
        return ""
    left = [name for name in run.parameters if name not in run.given]
    ids = sorted({*carried(folder), *registered(run)}) if left else []
    if not ids:
        return ""
    values = ", ".join(f"{name}: {yaml_text(run.parameters[name])}" for name in left)
    return (
        f"{run.label} carries {', '.join(ids)} and leaves {', '.join(left)} to the "
        f"notebook's default, which an editor may change; name it in "
        f"notebooks/runs.yaml ({values})"
    )


def yaml_text(value: object) -> str:
    """A value as runs.yaml has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
