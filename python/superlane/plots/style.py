# SPDX-License-Identifier: Apache-2.0
"""One look for all pictures: colours that everybody can tell apart, and the same bytes from the same data."""
import contextlib
import io
import re
from pathlib import Path

from ..errors import MissingPackageError

try:
    import matplotlib
except ImportError as error:
    raise MissingPackageError("pictures need matplotlib: pip install superlane[plots]") from error
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation

# Okabe and Ito's palette.
BLUE, SKY, GREEN, YELLOW, ORANGE, RED, PURPLE, BLACK = (
    "#0072b2", "#56b4e9", "#009e73", "#f0e442", "#e69f00", "#d55e00", "#cc79a7", "#000000")
INK, GREY, PALE = "#222222", "#8c8c8c", "#e4e4e4"
SERIES = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY, BLACK, GREY)
MARKERS = "osD^vPX*"

UNITS = {"MEM": SKY, "VXM": ORANGE, "MXM": PURPLE, "SXM": GREEN, "C2C": "#6b6b6b", "ICU": GREY}
KINDS = {"compute": ORANGE, "memory": BLUE, "network": PURPLE, "waiting": "#c4c4c4"}  # of operators
DIRECTIONS = {"E": BLUE, "W": RED}  # of streams
RAMP = "cividis"
LEGEND_GAP = 0.015  # of the height of a figure

RULES = {
    "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10.5, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.labelsize": 9, "xtick.labelsize": 8, "ytick.labelsize": 8, "legend.fontsize": 8,
    "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": GREY,
    "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK, "axes.axisbelow": True,
    "axes.grid": True, "grid.color": PALE, "grid.linewidth": 0.6, "lines.linewidth": 1.5, "lines.markersize": 5,
    "figure.facecolor": "white", "axes.facecolor": "white", "savefig.facecolor": "white",
    "axes.prop_cycle": matplotlib.cycler(color=SERIES), "svg.fonttype": "path", "svg.image_inline": True, "image.cmap": RAMP, "path.simplify": False,
}


@contextlib.contextmanager
def style(salt="superlane"):
    """Within it the look is ours, whatever the user's matplotlibrc says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RULES)
        matplotlib.rcParams["svg.hashsalt"] = salt  # ids in an SVG come from it: two of one page need two
        yield


def new_figure(width=8.0, height=4.5):
    """A figure that no pyplot knows, so that nothing of it is left behind."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure, target, form, salt="superlane"):
    """SVG, PNG or PDF without dates and versions."""
    if form == "svg":
        Path(target).write_text(_svg(figure, salt), encoding="utf-8")
        return
    metadata = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Creator": None, "Producer": None}}[form]
    with style(salt):
        figure.savefig(target, format=form, metadata=metadata, dpi=160)


def _svg(figure, salt):
    """Coordinates to a hundredth of a point: a third of the bytes, and no difference that an eye could see."""
    text = io.StringIO()
    with style(salt):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, dpi=160)
    drawn = re.sub(r' d="[^"]*"', lambda path: re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", path[0]), text.getvalue())
    hashes = dict.fromkeys(re.findall(r'id="([a-zA-Z]+[0-9a-f]{10})"', drawn))  # of coordinates to the last bit, which a layout does not repeat
    names = {name: f"{salt}-{number}" for number, name in enumerate(hashes)}
    return re.sub(r"\b[a-zA-Z]+[0-9a-f]{10}\b", lambda name: names.get(name[0], name[0]), drawn)


def svg_text(figure, salt):
    """The ``<svg>`` element for a page of HTML."""
    text = _svg(figure, salt)
    return text[text.index("<svg"):]


def subtitle(axes, title, text):
    """A bold title over a grey line that says what was run."""
    axes.set_title(title, pad=20 if text else 6)
    if text:
        axes.text(0, 1, text, transform=axes.transAxes + _up(axes, 6), fontsize=8, color=GREY, va="bottom")


def _up(axes, points):
    return ScaledTranslation(0, points / 72, axes.figure.dpi_scale_trans)


def log_ticks(*axes):
    """1, 2, 5, 10, ... in plain numbers on logarithmic axes."""
    for axis in axes:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter("{x:,.10g}")


def dark(colour):
    """White text is read better on it than black."""
    red, green, blue = matplotlib.colors.to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.55


def legend_outside(figure, where, **options):
    """A legend outside the axes, "lower center" or "upper right", with the room that it takes."""
    legend = figure.legend(loc=where, **options)
    share = legend.get_window_extent(figure.canvas.get_renderer()).height / figure.bbox.height + LEGEND_GAP
    figure.get_layout_engine().set(rect=(0, share if where.startswith("lower") else 0, 1, 1 - share))
