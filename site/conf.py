"""How Sphinx makes the site from the pages that `analysis_utils.site` writes.

No notebook is executed and nothing is loaded from elsewhere: the pages open from a
folder, without a server and without network.
"""

import re

from sphinx.search.en import SearchEnglish

project = "Reference study of the 287(g) programme"
author = "The maintainers of the 287(g) reference study"
html_title = "287(g) study"
html_short_title = "287(g)"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
nb_execution_mode = "off"
nb_output_stderr = "remove"
# A picture is a file, so nothing inside it can run in the page.
nb_mime_priority_overrides = [("html", "text/html", 0), ("html", "image/svg+xml", 1)]
myst_enable_extensions = ["colon_fence", "attrs_inline", "attrs_block"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header", "myst.xref_missing", "mystnb.unknown_mime_type"]
napoleon_numpy_docstring = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say shapes and units
templates_path = ["_templates"]
exclude_patterns = ["_build", "extra"]

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_extra_path = ["extra"]  # the files of the runs, as archived
html_css_files = ["site.css"]
html_js_files = ["open.js"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_show_search_summary = False  # the pages found may not be fetched from a folder
html_theme_options = {
    "show_toc_level": 2,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "footer_start": [],
    "footer_end": [],
    "header_links_before_dropdown": 11,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
# Only pages with others beside them have a list of those at their side.
ALONE = ("index", "register", "time-machine", "verdicts", "claims", "predictions")
html_sidebars = {page: [] for page in (*ALONE, "data", "methods", "search")}
html_context = {"default_mode": "light"}
html_math_renderer = "mathml"


class English(SearchEnglish):
    """Sphinx's English for the search: each word is reduced to its stem once."""

    known = {}

    def stem(self, word):
        if word not in self.known:
            self.known[word] = super().stem(word)
        return self.known[word]


def inline_math(translator, node):
    """A formula in the text, as MathML: browsers draw it without a script."""
    formula(translator, node, "inline")


def block_math(translator, node):
    """A formula on a line of its own."""
    formula(translator, node, "block")


def formula(translator, node, display):
    """Put a formula into the page."""
    from docutils.nodes import SkipNode
    from latex2mathml.converter import convert

    translator.body.append(convert(node.astext(), display=display))
    raise SkipNode


def bars_as_written(app, what, name, obj, options, lines):
    """`|r|` of a docstring is a formula, and no name to be replaced."""
    example = False
    for number, line in enumerate(lines):
        example = (example and bool(line.strip())) or line.lstrip().startswith(">>>")
        if not example:
            lines[number] = line.replace("|", r"\|")


NAMED = re.compile(r"(?:^|(?<=[.;] ))((?:\*{0,2}[a-z]\w*(?:, )?)+) : ")


def names_as_a_list(app, what, name, obj, options, lines):
    """`table : one row a unit` of a short docstring becomes an entry of a list."""
    blocks = "\n".join(lines).split("\n\n")
    made = [block for old in headed(map(entries, blocks)) for block in (old, "")]
    lines[:] = "\n".join(made).split("\n") if len(made) > 1 else lines


def entries(block):
    """A paragraph; one of names with what they hold, as a section of numpydoc."""
    words = " ".join(line.strip() for line in block.strip().split("\n"))
    if block.startswith((" ", ">>>")) or not NAMED.match(words) or "----" in block:
        return block
    _, *parts = NAMED.split(words)
    items = zip(parts[::2], parts[1::2], strict=True)
    shown = [f"{names}\n    {said.strip(' ;')}" for names, said in items]
    return "\n".join(["Parameters", "----------", *shown])


LISTS = r"(Parameters|Attributes|Returns|Raises|Yields)\n-+\n"
ENTRY = r"\*{0,2}\w[\w, *]* : |[^\n]+\n +|\w[\w ]*\n-+\n"


def headed(blocks):
    """Blocks; what follows a list of names gets a heading, or would be a name in it."""
    within = False
    for block in blocks:
        if within and block.strip() and not re.match(ENTRY, block):
            title = "Examples" if block.startswith(">>>") else "Notes"
            block, within = f"{title}\n{'-' * len(title)}\n{block}", False
        within = bool(re.match(LISTS, block)) or within
        yield block


def setup(app):
    """Register the search, the docstrings and the renderer of formulas."""
    app.connect("autodoc-process-docstring", names_as_a_list, priority=100)
    app.connect("autodoc-process-docstring", bars_as_written)
    app.add_search_language(English)
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
