"""Figures and data of a run: the one place that writes their files."""

import re
from pathlib import Path

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from analysis_utils.publish import results, words
from analysis_utils.run_context import folder

SIGNIFICANT = 6
P_DIGITS = 3  # p-values far in the tail are the first to differ between processors
P_COLUMNS = ("p", "p_adjusted")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
HASHED_ID = re.compile(r'(?<=id=")[mp][0-9a-f]{10}(?=")')
SIGNED = re.compile(r"[-+][\d.][\w .,%]*")  # "-0.5 to 0.3": no formula
FORMULA = ("=", "+", "-", "@", "\t", "\n")  # how a spreadsheet's formula begins


def rounded(data: pd.DataFrame | pd.Series, digits: int = SIGNIFICANT):
    """Data with floats rounded to significant digits, as published and plotted.

    Whole numbers stay as they are; p-values keep three digits. Linear algebra differs
    in the last bits between processors; figures and tables made of rounded data do not.

    >>> rounded(pd.Series([1234567.0, 0.123456789, 1 / 3])).tolist()
    [1234567.0, 0.123457, 0.333333]
    """
    if isinstance(data, pd.Series):
        return rounded(data.to_frame(), digits).iloc[:, 0]
    result = data.copy()
    for column, kind in data.dtypes.items():
        if pd.api.types.is_float_dtype(kind) or kind.kind == "O":
            kept = P_DIGITS if str(column).split(" ")[0] in P_COLUMNS else digits
            values = [_significant(value, kept) for value in data[column]]
            result[column] = pd.Series(values, data.index, dtype=kind)
    return result


def _significant(value: float, digits: int) -> float:
    """One number rounded to significant digits; anything else as it is."""
    if not isinstance(value, float) or pd.isna(value):
        return value
    if value.is_integer():
        return value + 0.0  # no minus before a zero
    return float(f"{value:.{digits}g}")


def figure(fig: Figure, name: str, *, data: pd.DataFrame, caption: str, alt: str):
    """Save a figure with its data and alternative text; show it in the notebook.

    Writes `name.pdf`, `name.svg`, `name.png` (300 dpi, not archived), `name.csv`
    (the data plotted) and `name.txt` (caption and alternative text).

    Parameters
    ----------
    fig : matplotlib Figure
    name : str
        Stem of the files, unique in the notebook.
    data : DataFrame
        What is plotted, tidy; floats are rounded to 6 significant digits.
    caption : str
        What is shown, with source.
    alt : str
        What the figure tells, for a reader who does not see it.

    >>> fig, ax = plt.subplots()
    >>> counts = pd.DataFrame({"year": [2017, 2025], "agreements": [35, 135]})
    >>> _ = ax.plot(counts["year"], counts["agreements"])
    >>> shown = figure(fig, "agreements", data=counts, caption="Agreements in January.",
    ...                alt="A line that rises from 35 to 135.")
    """
    if not alt.strip() or not caption.strip():
        raise ValueError(f"figure {name!r} needs a caption and an alternative text")
    refuse_name(name)
    words.spell_out(fig)
    caption, alt = words.in_words(caption), words.in_words(alt)
    picture = _svg(fig, name, alt)
    run = folder()
    if run:
        refuse_second(run / f"{name}.csv")
        (run / f"{name}.svg").write_text(picture, encoding="utf-8")
        fig.savefig(run / f"{name}.pdf")
        fig.savefig(run / f"{name}.png", dpi=300)
        write_csv(data, run / f"{name}.csv")
        text = f"{caption.strip()}\n\nAlternative text: {alt.strip()}\n"
        (run / f"{name}.txt").write_text(text, encoding="utf-8")
        results.display("figures", name, caption=caption.strip(), alt=alt.strip())
    plt.close(fig)
    shown(Picture(picture, alt))
    return Caption(caption, alt)


def _svg(fig: Figure, name: str, alt: str) -> str:
    """The figure as SVG text, title and description inside."""
    from io import StringIO

    stream = StringIO()
    about = {"Date": None, "Title": name, "Description": alt.strip()}
    fig.savefig(stream, format="svg", metadata=about)
    text = stream.getvalue()
    # Matplotlib hashes floats into these ids, and their last bits differ between
    # processors: numbers in order of appearance do not.
    for number, found in enumerate(dict.fromkeys(HASHED_ID.findall(text)), start=1):
        text = text.replace(found, f"{found[0]}-{number}")
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def shown(picture: "Picture") -> None:
    """Show a picture in the notebook, where there is one."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is not None:
        display(picture)


class Picture:
    """A figure as a notebook shows it: SVG, or its alternative text."""

    def __init__(self, svg: str, alt: str):
        self.svg, self.alt = svg, alt.strip()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": self.alt}


class Caption:
    """What stands below a figure: caption and alternative text, for every reader."""

    def __init__(self, caption: str, alt: str):
        self.caption, self.alt = caption.strip(), alt.strip()

    def _repr_mimebundle_(self, **_: object) -> tuple[dict, dict]:
        from html import escape

        caption, alt = escape(self.caption, quote=False), escape(self.alt, quote=False)
        text = f"**Figure.** {caption}\n\n*In words:* {alt}"
        plain = f"{self.caption}\n{self.alt}"
        return {"text/markdown": text, "text/plain": plain}, {"caption": True}


def named(index: pd.Index) -> bool:
    """Whether an index has a name, and so is data."""
    return any(name is not None for name in index.names)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write data as CSV, floats rounded; text never starts as a formula."""
    data = rounded(frame.reset_index() if named(frame.index) else frame)
    for column in data.columns[data.dtypes.map(_may_hold_text)]:
        data[column] = [_inert(value) for value in data[column]]
    data.columns = [_inert(name) for name in data.columns]
    data.to_csv(path, index=False, lineterminator="\n", date_format="%Y-%m-%d")


def _may_hold_text(dtype: object) -> bool:
    """True for every type of column that is neither numbers nor dates."""
    return not (
        pd.api.types.is_numeric_dtype(dtype)
        or pd.api.types.is_datetime64_any_dtype(dtype)
    )


def _inert(value: object) -> object:
    """Text that a spreadsheet would compute, marked as text; all else as it is."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")  # a lone \r would end a row
    if not text.startswith(FORMULA) or len(text) == 1 or SIGNED.fullmatch(text):
        return text
    return f"'{text}"


def refuse_name(name: str) -> None:
    """A name becomes names of files: no slashes, dots, blanks or capitals."""
    if not NAME.fullmatch(name):
        raise ValueError(
            f"name {name!r} must be lower-case letters, digits, _ and -: it names files"
        )


def refuse_second(path: Path) -> None:
    """A name may be used once in a notebook, or outputs would overwrite each other."""
    if path.exists():
        raise ValueError(f"{path.name} was written before in this notebook")
