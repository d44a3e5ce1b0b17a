"""One look for every figure: sizes, type, colours; set when `publish` is imported."""

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTHS = {"single": 3.5, "double": 7.2}  # inches: columns of a journal

# Okabe and Ito (2008): told apart by colour-blind readers; lightness differs too.
COLOURS = {
    "TFM": "#D55E00",
    "JEM": "#0072B2",
    "WSO": "#56B4E9",
    "all": "#222222",
    "other": "#999999",
    "observed": "#222222",
    "fitted": "#0072B2",
    "counterfactual": "#D55E00",
    "event": "#666666",
}
MODEL_NAMES = {
    "TFM": "task force",
    "JEM": "jail enforcement",
    "WSO": "warrant service officer",
}

RC = {
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
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "figure.constrained_layout.use": True,
}
mpl.rcParams.update(RC)


def new_figure(
    width: str = "double", height: float = 3.0, **subplots: object
) -> tuple[Figure, Axes]:
    """A figure of one or two column widths (3.5 or 7.2 in); height in inches.

    Further arguments go to `matplotlib.pyplot.subplots`.
    """
    return plt.subplots(figsize=(WIDTHS[width], height), **subplots)
