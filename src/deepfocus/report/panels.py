"""The panels of the figures; each function draws on the axes it is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.channels import is_image
from deepfocus.evaluation.residuals import Parameter, paired, residuals_of
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, SpectrumPanel, Trace
from deepfocus.ops.snr import mad_sigma

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

TRUE_COLOUR = "#1b9e4b"
FOUND_COLOUR = "#d7263d"
TRUE_ON_DARK = "#3ddc74"  # the same, visible on an image
FOUND_ON_DARK = "#ff5a5f"
DIRTY_COLOUR = "#5b7fa6"
ON_IMAGE: dict[str, Any] = {
    "facecolor": "0.15",
    "edgecolor": "0.4",
    "labelcolor": "white",
    "framealpha": 0.85,
}


def draw_field(axes: Axes, panel: ImagePanel, found: Catalogue, truth: Catalogue | None) -> None:
    """Draw an image of the field: grey with boxes, or between its own limits with markers."""
    if panel.limits is None:
        _draw_grey(axes, panel, found, truth)
    else:
        _draw_between(axes, panel, panel.limits, found, truth)
    _label_image(axes, panel.title)
    zoom_to_boxes(axes, panel.image.shape, found, truth)


def _draw_grey(axes: Axes, panel: ImagePanel, found: Catalogue, truth: Catalogue | None) -> None:
    from matplotlib.lines import Line2D

    norm = faint_and_bright(panel.image)
    picture = axes.imshow(
        panel.image, origin="lower", cmap="gray", norm=norm, interpolation="nearest"
    )
    axes.figure.colorbar(picture, ax=axes, label=panel.unit, ticks=round_ticks(norm), format="%g")
    handles = []
    if truth is not None:
        # Wider and drawn first, so that both boxes show where they agree.
        draw_boxes(axes, truth, TRUE_ON_DARK, width=2.8)
        label = f"true ({len(truth)})"
        handles.append(Line2D([], [], color=TRUE_ON_DARK, lw=2.8, label=label))
    draw_boxes(axes, found, FOUND_ON_DARK, width=1.3, numbered=True)
    handles.append(Line2D([], [], color=FOUND_ON_DARK, lw=1.3, label=f"found ({len(found)})"))
    axes.legend(handles=handles, loc="upper right", fontsize=9, **ON_IMAGE)


def _draw_between(
    axes: Axes,
    panel: ImagePanel,
    limits: tuple[float, float],
    found: Catalogue,
    truth: Catalogue | None,
) -> None:
    low, high = limits
    picture = axes.imshow(
        panel.image, origin="lower", cmap="magma", vmin=low, vmax=high, interpolation="nearest"
    )
    axes.figure.colorbar(picture, ax=axes, label=panel.unit)
    if truth is not None:
        axes.plot(truth["x"], truth["y"], "+", color=TRUE_ON_DARK, ms=13, mew=2.2, label="true")
    # Red vanishes on this colour map.
    axes.plot(found["x"], found["y"], "x", color="#39c0ff", ms=7, mew=1.4, label="found")
    axes.legend(loc="upper right", fontsize=9, **ON_IMAGE)


def draw_spectrum(
    axes: Axes, panel: SpectrumPanel, found: Catalogue, truth: Catalogue | None
) -> None:
    """Draw the spectrum of one source, its channel range, and the true ranges inside its box."""
    measured, model = panel.measured, panel.model
    channels = np.arange(len(measured.values))
    row = found.where(found["id"] == panel.source_id)
    if truth is not None:
        inside = inside_box(truth, row)
        ranges = zip(inside["channel_lo"], inside["channel_hi"], strict=True)
        for i, (low, high) in enumerate(ranges):
            label = "true range" if i == 0 else None
            axes.axvspan(low, high, color=TRUE_COLOUR, alpha=0.16, lw=0, label=label)
    for i, edge in enumerate((row["channel_lo"][0], row["channel_hi"][0])):
        label = "found range" if i == 0 else None
        axes.axvline(edge, color=FOUND_COLOUR, lw=1.2, ls="--", label=label)
    few = is_image(len(channels))
    # a step or a line between so few points shows little, of one point nothing
    marks: dict[str, Any] = {"marker": "o", "ms": 6} if few else {}
    axes.step(
        channels, measured.values, where="mid", color=DIRTY_COLOUR, lw=1.0, label=measured.label,
        **marks,
    )  # fmt: skip
    on_one_axis = [measured.values, np.zeros(1)] if few else [measured.values]
    upper = axes
    if model is not None and model.unit == measured.unit:
        axes.plot(
            channels, model.values, color=FOUND_COLOUR, lw=1.4, label=model.label,
            **(marks | {"marker": "x"} if few else {}),
        )  # fmt: skip
        axes.set_ylabel(measured.unit)
        on_one_axis.append(model.values)
    else:
        axes.set_ylabel(_with_unit(measured), color=DIRTY_COLOUR)
        axes.tick_params(axis="y", colors=DIRTY_COLOUR)
        upper = axes if model is None else _draw_model(axes, model)
    # Headroom for the legend, so that it hides no line.
    shown = np.concatenate(on_one_axis)
    low, high = np.nanmin(shown), np.nanmax(shown)
    margin = (high - low) or 1.0
    axes.set_ylim(low - 0.05 * margin, high + 0.3 * margin)
    axes.set_xlim(-0.5, len(channels) - 0.5)
    handles, labels = axes.get_legend_handles_labels()
    if upper is not axes:
        more = upper.get_legend_handles_labels()
        handles, labels = handles + more[0], labels + more[1]
    # On the upper axes, so that no curve crosses the legend.
    upper.legend(
        handles,
        labels,
        loc="upper center",
        ncols=4,
        fontsize=9,
        framealpha=1,
        edgecolor="none",
    )
    axes.set_xlabel("channel")
    axes.set_title(f"Spectrum of source {panel.source_id}", fontsize=11)


def _draw_model(axes: Axes, model: Trace) -> Axes:
    """Draw the finder's own curve on a second y axis; return its axes."""
    right = axes.twinx()
    right.plot(np.arange(len(model.values)), model.values, color=FOUND_COLOUR, lw=1.4,
               label=model.label)  # fmt: skip
    low, high = min(float(np.nanmin(model.values)), 0.0), float(np.nanmax(model.values))
    reach = max(high - low, 1.0 if not model.unit else high - low) or 1.0
    right.set_ylim(low - 0.05 * reach, low + 1.3 * reach)
    if not model.unit:
        right.set_yticks([0, 0.5, 1])
    right.set_ylabel(_with_unit(model), color=FOUND_COLOUR)
    right.tick_params(axis="y", colors=FOUND_COLOUR)
    return right


def _with_unit(trace: Trace) -> str:
    return f"{trace.label}, {trace.unit}" if trace.unit else trace.label


def draw_cutout(axes: Axes, panel: CutoutPanel, found: Catalogue) -> None:
    """Draw the image around one source, with its box and measured shape."""
    image = panel.image
    row = found.where(found["id"] == panel.source_id)
    left, bottom = panel.x0 - 0.5, panel.y0 - 0.5
    extent = (left, left + image.shape[1], bottom, bottom + image.shape[0])
    low, high = stretch(image)
    picture = axes.imshow(
        image, origin="lower", cmap="gray", vmin=low, vmax=high, extent=extent,
        interpolation="nearest",
    )  # fmt: skip
    axes.figure.colorbar(picture, ax=axes, label=panel.unit)
    draw_boxes(axes, row, FOUND_ON_DARK, width=1.3)
    _draw_ellipse(axes, row)
    snr = float(row["snr_focused"][0])
    measured = f", SNR {snr:.1f}" if np.isfinite(snr) else ""
    _label_image(axes, f"Source {panel.source_id} {panel.title}{measured}")


def _draw_ellipse(axes: Axes, row: Catalogue) -> None:
    from matplotlib.patches import Ellipse

    x_fwhm, y_fwhm, pa = (float(row[name][0]) for name in ("fwhm_x_px", "fwhm_y_px", "pa"))
    if not np.isfinite([x_fwhm, y_fwhm, pa]).all():
        return
    # North through east: +y through -x, so the major axis lies pa degrees left of +y.
    ellipse = Ellipse(
        (float(row["x"][0]), float(row["y"][0])),
        width=min(x_fwhm, y_fwhm),
        height=max(x_fwhm, y_fwhm),
        angle=pa,
        fill=False,
        color="#ffb000",
        lw=1.4,
        label="measured FWHM",
    )
    axes.add_patch(ellipse)
    axes.legend(handles=[ellipse], loc="upper right", fontsize=9, **ON_IMAGE)


def draw_boxes(
    axes: Axes, rows: Catalogue, colour: str, *, width: float, numbered: bool = False
) -> None:
    """Outline the 2D boxes of sources that have one."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    outline = [withStroke(linewidth=2, foreground="black")]
    columns = (rows[name] for name in ("id", "box_x0", "box_x1", "box_y0", "box_y1"))
    for source_id, x0, x1, y0, y1 in zip(*columns, strict=True):
        if not np.isfinite([x0, x1, y0, y1]).all():
            continue
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, ec=colour, lw=width))
        if numbered:
            axes.annotate(
                str(source_id), (x1, y1), xytext=(2, 1), textcoords="offset points", color=colour,
                fontsize=9, fontweight="bold", path_effects=outline,
            )  # fmt: skip


def draw_scatter(axes: Axes, parameter: Parameter, truth: Catalogue, found: Catalogue) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    true, predicted, _ = paired(parameter, truth, found)
    axes.set_title(parameter.name, fontsize=11)
    axes.set_xlabel(f"true ({parameter.unit})", fontsize=9)
    axes.set_ylabel(f"measured ({parameter.unit})", fontsize=9)
    axes.tick_params(labelsize=8)
    if not len(true):
        draw_nothing(axes, "not measured")
        return
    size = 3.5 if len(true) > 100 else 7
    axes.plot(true, predicted, ".", ms=size, color=DIRTY_COLOUR, alpha=_opacity(len(true)), mew=0)
    both = np.concatenate([true, predicted])
    if parameter.name == "line flux" and (both > 0).all():
        # Fluxes span decades: linear axes would merge the faint ones into one blob.
        axes.set_xscale("log")
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
            axis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axis.set_minor_formatter(NullFormatter())
    ends = [float(both.min()), float(both.max())]
    axes.plot(ends, ends, "--", color=FOUND_COLOUR, lw=1.0)


def draw_histogram(axes: Axes, parameter: Parameter, truth: Catalogue, found: Catalogue) -> None:
    _, _, residual = paired(parameter, truth, found)
    axes.set_xlabel(f"true - measured ({parameter.unit})", fontsize=9)
    axes.tick_params(labelsize=8)
    if not len(residual):
        draw_nothing(axes, "not measured")
        return
    summary = residuals_of(parameter, truth, found)
    # A few wild residuals must not squeeze the rest into one bar; they are counted instead.
    reach = 6 * summary.mad_std or float(np.abs(residual).max()) or 1.0
    inside = np.abs(residual - summary.median) <= reach
    bins = int(np.clip(len(residual) ** 0.5 * 2, 10, 60))
    axes.hist(residual[inside], bins=bins, color=DIRTY_COLOUR, histtype="stepfilled", alpha=0.75)
    axes.axvline(0, color=FOUND_COLOUR, lw=1.0, ls="--")
    text = f"mean {summary.mean:.2g}\nstd {summary.std:.2g}\nMAD-std {summary.mad_std:.2g}"
    outside = int(np.sum(~inside))
    if outside:
        text += f"\n{outside} outside"
    axes.text(0.97, 0.95, text, transform=axes.transAxes, ha="right", va="top", fontsize=8)
    # Headroom for the text; the same reach on both sides shows a bias at a glance.
    axes.set_ylim(0, 1.4 * axes.get_ylim()[1])
    widest = 1.1 * float(np.abs(residual[inside]).max()) or 1.0
    axes.set_xlim(-widest, widest)


def inside_box(truth: Catalogue, row: Catalogue) -> Catalogue:
    """The true sources whose centres lie in the box of `row`: its spectrum may show their lines."""
    x, y = truth["x"], truth["y"]
    inside = (x >= row["box_x0"][0]) & (x <= row["box_x1"][0])
    return truth.where(inside & (y >= row["box_y0"][0]) & (y <= row["box_y1"][0]))


def zoom_to_boxes(
    axes: Axes, shape: Sequence[int], found: Catalogue, truth: Catalogue | None, *, margin: int = 20
) -> None:
    """Zoom to the square that contains all boxes, or as much of it as lies in the image.

    Empty borders would make them small.
    """
    catalogues = [found] if truth is None else [found, truth]
    edges = []
    for low, high, size in (("box_x0", "box_x1", shape[1]), ("box_y0", "box_y1", shape[0])):
        lows = np.concatenate([rows[low] for rows in catalogues])
        highs = np.concatenate([rows[high] for rows in catalogues])
        if not (np.isfinite(lows).any() and np.isfinite(highs).any()):
            return
        edges.append((np.nanmin(lows) - margin, np.nanmax(highs) + margin, size))
    square = max(high - low for low, high, _ in edges)
    sides = [min(square, size) for *_, size in edges]
    starts = [
        float(np.clip((low + high - side) / 2, -0.5, size - 0.5 - side))
        for (low, high, size), side in zip(edges, sides, strict=True)
    ]
    axes.set_xlim(starts[0], starts[0] + sides[0])
    axes.set_ylim(starts[1], starts[1] + sides[1])


def stretch(image: np.ndarray) -> tuple[float, float]:
    """Grey levels that show noise and sources: 1st to 99.8th percentile of the finite pixels."""
    finite = image[np.isfinite(image)]
    if not len(finite):
        return 0.0, 1.0
    low, high = np.percentile(finite, [1.0, 99.8])
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def faint_and_bright(image: np.ndarray) -> Normalize:
    """Linear up to a few sigma, logarithmic above: shows sources 100 times fainter than others."""
    from matplotlib.colors import AsinhNorm

    low, high = stretch(image)
    finite = image[np.isfinite(image)]
    high = float(finite.max()) if len(finite) and finite.max() > low else high
    width = max(5 * mad_sigma(finite), 1e-3 * (high - low))
    return AsinhNorm(linear_width=width, vmin=low, vmax=high)


def round_ticks(norm: Normalize) -> list[float]:
    """One-digit tick values, spread about evenly over the colour bar."""
    values = norm.inverse(np.linspace(0.04, 0.97, 7))
    return sorted({float(f"{value:.0e}") for value in values})


def _opacity(n: int) -> float:
    return float(np.clip(60 / max(n, 1) ** 0.6, 0.25, 0.9))


def _label_image(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=11)
    axes.set_xlabel("x (px)")
    axes.set_ylabel("y (px)")


def draw_nothing(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="0.4")
    axes.set_xticks([])
    axes.set_yticks([])
