"""One look for every figure: context, palette, style; set by importing it."""

import logging
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

WIDTHS = {"single": 3.5, "double": 7.2}  # inches: columns of a journal

# Lines and words: hues of Okabe and Ito (2008), told apart by colour-blind readers,
# darkened until text has a contrast of 4.5 to 1 on white. In greyscale their lightness
# is near, so that groups differ by dash and marker as well.
COLOURS = {
    "TFM": "#B84A00",
    "JEM": "#00518A",
    "WSO": "#00664F",
    "all": "#222222",
    "other": "#6E6E6E",
    "observed": "#222222",
    "fitted": "#00518A",
    "counterfactual": "#B84A00",
    "event": "#666666",
}
# Areas, which hold no text: three steps of lightness, apart in greyscale too.
FILLS = COLOURS | {
    "TFM": "#E07B39",
    "JEM": "#003F66",
    "WSO": "#A9D4E8",
    "other": "#BBBBBB",
}
DASHES = {
    "TFM": (),
    "JEM": (4, 1.5),
    "WSO": (1.2, 1.2),
    "all": (),
    "other": (6, 2, 1, 2),
}
MARKERS = {"TFM": "o", "JEM": "s", "WSO": "D", "all": "o", "other": "X"}
SEQUENCE = [COLOURS[name] for name in ("fitted", "counterfactual", "WSO", "other")]
MODEL_NAMES = {
    "TFM": "task force",
    "JEM": "jail enforcement",
    "WSO": "warrant service officer",
}

RC: "dict[RcKeyType, object]" = {
    "svg.hashsalt": "287g",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "font.family": "DejaVu Sans",  # the copy inside matplotlib: the same everywhere
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.title_fontsize": 7,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "figure.constrained_layout.use": True,
}
# Where a library sets logging to INFO, the fonts of a PDF would fill a cell.
logging.getLogger("fontTools").setLevel(logging.WARNING)
sns.set_theme(context="paper", style="ticks", palette=SEQUENCE, rc=RC)
mpl.rcParams.update(RC)  # seaborn's context scales sizes that a journal fixes


def new_figure(
    width: str = "double", height: float = 3.0, **subplots: Any
) -> tuple[Figure, Axes]:
    """A figure of one or two column widths (3.5 or 7.2 in); height in inches.

    Further arguments go to `matplotlib.pyplot.subplots`.

    >>> fig, (left, right) = new_figure("single", 2.0, ncols=2)
    >>> fig.get_size_inches().tolist()
    [3.5, 2.0]
    """
    return plt.subplots(figsize=(WIDTHS[width], height), **subplots)
