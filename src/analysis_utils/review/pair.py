"""The two folders of a run that are compared: archived, and made again."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis_utils.review.findings import Finding, Verdict
from analysis_utils.workflow import manifest


@dataclass(frozen=True)
class Pair:
    """The two folders of a run: `archived`, and `remade` by the rerun."""

    label: str
    archived: Path
    remade: Path

    @cached_property
    def stamp(self) -> dict:
        """The archived manifest; empty if it cannot be read."""
        content = manifest.read(self.archived)
        return content if isinstance(content, dict) else {}

    @cached_property
    def hashes(self) -> tuple[dict[str, str], dict[str, str]]:
        """SHA-256 of the archived files and of those made again, by name."""
        return manifest.files_written(self.archived), manifest.files_written(
            self.remade
        )

    @cached_property
    def names(self) -> list[str]:
        """Names of all files, archived or made again."""
        return sorted(self.hashes[0].keys() | self.hashes[1].keys())

    @cached_property
    def links(self) -> list[str]:
        """Archived names that are links, which could lead anywhere."""
        return [name for name in self.hashes[0] if (self.archived / name).is_symlink()]

    def contents(self, name: str) -> tuple[bytes, bytes]:
        """The two contents of a file."""
        return (self.archived / name).read_bytes(), (self.remade / name).read_bytes()

    def same(self, name: str) -> bool:
        """Whether a file has the same bytes."""
        return self.hashes[0].get(name) == self.hashes[1].get(name)

    def finding(
        self, kind: str, item: str, verdict: Verdict, *words: str, **more: Any
    ) -> Finding:
        """A finding on this run; `words` are detail, archived and remade."""
        named = dict(zip(("detail", "archived", "remade"), words, strict=False))
        return Finding(self.label, kind, item, verdict, **(named | more))
