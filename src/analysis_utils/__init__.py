"""Helpers of the 287(g) reference study; see docs/how_it_works.md."""

import sys

# jsonschema, which nbformat imports, would build a grammar of international addresses:
# 1.5 s of every start, for a check that nothing here asks for.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
