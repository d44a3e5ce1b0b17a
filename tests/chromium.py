"""Headless Chromium for the tests, where it is installed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

PROGRAM = (
    os.environ.get("CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
)
MISSING = (
    "the site and JupyterLab in a browser; Chromium is not installed (apt-get install "
    "chromium)"
)
needed = pytest.mark.skipif(not PROGRAM, reason=f"not tried: {MISSING}")
# It asks nothing of the network by itself, and runs in a container as root.
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-default-apps", "--disable-dev-shm-usage",
]  # fmt: skip


@contextmanager
def running() -> Iterator:
    """A browser of Playwright, which ends with all its processes.

    Playwright keeps the profile and waits for every process that writes to it, so
    that nothing is left to fail when the folder is removed.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=PROGRAM, headless=True, args=QUIET)
        try:
            yield browser
        finally:
            browser.close()
