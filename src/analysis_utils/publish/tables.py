"""Tables of a run, as CSV, in the notebook, and in LaTeX, by pandas' Styler."""

import re
from html import escape
from typing import SupportsFloat

import numpy as np
import pandas as pd

from analysis_utils.publish import results
from analysis_utils.publish.files import (
    P_COLUMNS,
    named,
    refuse_name,
    refuse_second,
    write_csv,
)
from analysis_utils.publish.findings import p_shown
from analysis_utils.publish.style import MODEL_NAMES
from analysis_utils.publish.words import in_words, states_named
from analysis_utils.run_context import folder

LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "\N{MINUS SIGN}": "$-$",
    "\N{INFINITY}": r"$\infty$",
}
WIDE = 30  # characters from which a column of text is broken into lines
LONG = 20  # rows from which a table may break over pages
PAGE = 455.0  # points: A4 with margins of 25 mm
# Size of type, points of a character, points between two columns
SIZES = [
    ("", 5.2, 12.0),
    (r"\footnotesize\setlength{\tabcolsep}{4pt}", 4.4, 8.0),
    (r"\scriptsize\setlength{\tabcolsep}{3pt}", 4.1, 6.0),
]
PIECES = re.compile(r"\d{4}-\d\d-\d\d|[^\s_-]+[_-]?")  # what stays on one line
DECIMALS = 6  # most decimals that a column of small numbers gets


def table(frame: pd.DataFrame, name: str, *, caption: str, digits: int = 2) -> "Table":
    """Save a table as CSV and LaTeX; show it in the notebook.

    Parameters
    ----------
    frame : DataFrame
        The index is written as well; give it a name.
    name : str
        Stem of the files, unique in the notebook.
    caption : str
        What the table shows, with source.
    digits : int
        Decimals shown in the notebook and in LaTeX; the CSV keeps 6 significant.
        Whole numbers have none, years no separator, p has three or is < 0.001.

    >>> models = pd.DataFrame({"agreements": [1234, 56], "share": [0.95668, 0.04332]})
    >>> table(models.set_index(pd.Index(["TFM", "WSO"], name="model")), "models",
    ...       caption="Agreements by model.")
                            model agreements share
                 task force (TFM)      1,234  0.96
    warrant service officer (WSO)         56  0.04
    """
    refuse_name(name)
    caption = in_words(caption)
    run = folder()
    if run:
        refuse_second(run / f"{name}.csv")
        write_csv(frame, run / f"{name}.csv")
        label = f"{run.parent.name}:{run.name}:{name}"
        text = latex_table(frame, label, caption, digits)
        (run / f"{name}.tex").write_text(text, encoding="utf-8")
        about = {"caption": caption.strip(), "digits": digits}
        results.display("tables", name, **about)
    return Table(frame, caption, digits)


class Table:
    """A table as a notebook shows it: HTML with its caption."""

    def __init__(self, frame: pd.DataFrame, caption: str, digits: int):
        self.frame, self.caption, self.digits = frame, caption, digits

    def _repr_html_(self) -> str:
        text, numeric = printed(self.frame, self.digits)
        right = {n: "right" if n in numeric else "left" for n in text.columns}
        styles = [
            {"selector": f".col{k}", "props": f"text-align: {right[n]}"}
            for k, n in enumerate(text.columns)
        ]
        styler = text.style.hide(axis="index").set_table_styles(styles)
        styler = styler.format(escape="html").format_index(escape="html", axis=1)
        body = styler.set_uuid("t").to_html()
        return f"<p>{escape(self.caption)}</p>\n{body}"

    def __repr__(self) -> str:
        return printed(self.frame, self.digits)[0].to_string(index=False)


def printed(frame: pd.DataFrame, digits: int) -> tuple[pd.DataFrame, list[str]]:
    """The table as text with readable names, and which of its columns are numbers."""
    flat = frame.reset_index() if named(frame.index) else frame
    flat = flat.set_axis([str(name) for name in flat.columns], axis="columns")
    listed = flat.shape[1] == 2 and flat.columns[0] == "quantity"
    columns, numeric = {}, []
    for place, name in enumerate(flat.columns):
        values = flat.iloc[:, place]
        words = readable(name)
        words = words if words not in columns else f"{words} ({place + 1})"
        if listed and place:
            names = flat.iloc[:, 0]
            cells = [quantity(n, v, digits) for n, v in zip(names, values, strict=True)]
        else:
            cells = cells_of(name, values, digits)
        columns[words] = cells
        if is_number(values):
            numeric.append(words)
    return pd.DataFrame(columns), numeric


def is_number(values: pd.Series) -> bool:
    """Whether a column holds numbers."""
    kind = values.dtype
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)


def cells_of(name: str, values: pd.Series, digits: int) -> list[str]:
    """A column as text: all its numbers with the same decimals."""
    if is_p(name):
        return ["" if _missing(p) else p_shown(float(p)) for p in values]
    if name == "state":
        known = states_named()
        return ["" if _missing(v) else known.get(v, str(v)) for v in values]
    if not is_number(values):
        return [cell(value, digits) for value in values]
    known = values.dropna().astype(float)
    if "year" in name.lower().split(" ") and known.between(1900, 2100).all():
        return ["" if _missing(v) else f"{float(v):.0f}" for v in values]
    whole = bool((known[np.isfinite(known)] % 1 == 0).all())
    places = 0 if whole else decimals(known, digits)
    return ["" if _missing(v) else number(v, places) for v in values]


def is_p(name: str) -> bool:
    """Whether a column holds p, by its name: `p`, `p_adjusted`, `Ljung-Box p`.

    >>> [is_p(name) for name in ("p of the largest", "Ljung-Box p", "p_adjusted", "up")]
    [True, True, True, False]
    """
    parts = name.split(" ")
    return parts[0] in P_COLUMNS or parts[-1] == "p"


def decimals(known: pd.Series, digits: int) -> int:
    """Decimals of a column: more than `digits` where half of it would print as zero.

    >>> decimals(pd.Series([0.00012, -0.00051, 0.2]), 2), decimals(pd.Series([5.0]), 2)
    (4, 2)
    """
    size = known[(known != 0) & np.isfinite(known)].abs().median()
    if not size < 0.5 * 10.0**-digits:
        return digits
    return min(DECIMALS, int(np.ceil(-np.log10(size))))


def quantity(name: str, value: object, digits: int) -> str:
    """A cell of a list of different quantities: each has decimals of its own."""
    if is_p(name) and not _missing(value) and isinstance(value, (str, SupportsFloat)):
        return p_shown(float(value))
    if isinstance(value, float) and value.is_integer():
        return number(value, 0)
    return cell(value, digits)


def cell(value: object, digits: int) -> str:
    """One cell as text: dates without time, missing left blank."""
    if _missing(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        return number(value, digits)
    if isinstance(value, (int, np.integer)):
        return number(value, 0)
    return in_words(readable(str(value)))


def number(value: float | np.floating | np.integer, digits: int) -> str:
    """A number with separated thousands and a true minus."""
    if np.isinf(value):
        return "\N{MINUS SIGN}\N{INFINITY}" if value < 0 else "\N{INFINITY}"
    least = 10.0**-digits
    if 0 < value < least / 2:
        return f"< {results.shown(least, digits)}"
    if -least / 2 < value < 0:
        return f"> {results.shown(-least, digits)}"
    return results.shown(float(value), digits)


def _missing(value: object) -> bool:
    none = value is None or value is pd.NaT or value is pd.NA
    return none or (np.isscalar(value) and bool(pd.isna(value)))


def readable(name: str) -> str:
    """A name of the code as readers write it: EO_14159_level is EO 14159 level.

    >>> readable("treated_EO_14159_slope"), readable("TFM"), readable("p_adjusted")
    ('treated EO 14159 slope', 'task force (TFM)', 'p adjusted')
    >>> readable("q500"), readable("q025"), readable("data/agency_links.csv")
    ('median', '2.5% quantile', 'data/agency_links.csv')
    """
    if name in MODEL_NAMES:
        return f"{MODEL_NAMES[name]} ({name})"
    if name == "q500":
        return "median"
    if quantile := re.fullmatch(r"q(\d\d)(\d)", name):
        whole, tenth = quantile.groups()
        return f"{int(whole)}{f'.{tenth}' if tenth != '0' else ''}% quantile"
    if re.fullmatch(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)+", name):
        return name.replace("_", " ")
    return name


def latex_table(frame: pd.DataFrame, label: str, caption: str, digits: int) -> str:
    """The table in LaTeX (booktabs); numbers right, aligned on the decimal.

    `label` is unique in the study: it names notebook, run and table. Type and columns
    of long text are set so that the table stays on the page; a long one breaks.
    """
    text, numeric = printed(frame, digits)
    kinds, size = layout(text, numeric)
    text = text.map(latex_cell).rename(columns=latex)
    made = text.style.hide(axis="index").to_latex(
        hrules=True,
        caption=latex(caption),
        label=f"tab:{label}",
        position=None if len(text) > LONG else "tbp",
        column_format="".join(kinds),
        environment="longtable" if len(text) > LONG else None,
    )
    if len(text) > LONG:
        return f"{{{size}\n{made}}}\n" if size else made
    return made.replace(
        "\n\\begin{tabular}",
        f"\n{size}\n\\begin{{tabular}}" if size else "\n\\begin{tabular}",
    )


def layout(text: pd.DataFrame, numeric: list[str]) -> tuple[list[str], str]:
    """Kind of each column, and the size of type in which the table fits the page.

    Columns of long text share what the others leave. They have lines of `WIDE`
    characters if any size allows that; else lines of a word, in the end all text.
    """
    longest = {n: max([len(n), *text[n].map(len)]) for n in text}
    words = {n: max(map(len, PIECES.findall(" ".join([n, *text[n]])))) for n in text}
    lines = {n: max(words[n], min(WIDE, longest[n])) for n in text}
    broken = {n for n, k in longest.items() if k > WIDE and n not in numeric}
    texts = broken | {n for n in text if n not in numeric and longest[n] > words[n]}
    least = [(broken, lines, size) for size in SIZES]
    least += [(broken, words, SIZES[-1]), (texts, words, SIZES[-1])]
    for wide, narrowest, type_of in least:
        size, point, gap = type_of
        kept = point * sum(k for n, k in longest.items() if n not in wide)
        free = PAGE - gap * len(longest) - kept
        bounds = {n: (narrowest[n] * point, longest[n] * point) for n in wide}
        widths = shared(free, bounds)
        if sum(widths.values()) <= free + 1e-9:
            break
    kinds = [
        rf">{{\raggedright\arraybackslash}}p{{{widths[n] / PAGE:.3f}\linewidth}}"
        if n in wide
        else ("r" if n in numeric else "l")
        for n in text.columns
    ]
    return kinds, size


def shared(free: float, bounds: dict[str, tuple[float, float]]) -> dict[str, float]:
    """Widths between a least and a wanted one that fill a space, the least first.

    >>> shared(10.0, {"a": (2.0, 4.0), "b": (4.0, 10.0)})
    {'a': 3.0, 'b': 7.0}
    """
    spare = free - sum(least for least, _ in bounds.values())
    lacking = sum(most - least for least, most in bounds.values()) or 1.0
    part = min(1.0, max(0.0, spare / lacking))
    return {n: least + part * (most - least) for n, (least, most) in bounds.items()}


def latex_cell(text: str) -> str:
    """Text of a cell for LaTeX: a name of the code may break at its underscores."""
    return latex(text).replace(r"\_", r"\_\allowbreak{}")


def latex(text: str) -> str:
    """Text with LaTeX's special characters escaped."""
    return "".join(LATEX.get(c, c) for c in text)
