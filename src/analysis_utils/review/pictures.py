"""Two pictures compared pixel by pixel: drawn at the same size, subtracted.

SVG is drawn by resvg, PDF by PDFium, both without a browser, network or fonts of the
machine, so the same file gives the same pixels everywhere.
"""

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np
from PIL import Image

from analysis_utils.review import drawings

DPI = 144
LARGEST = 40  # inches: a picture that claims to be larger is not drawn
ANTIALIASING = 8  # of 255: as far as a pixel moves when a curve moves by rounding
WRITTEN = 2e-6  # a coordinate's last printed digit, of six
VISIBLE = 0.25  # as far as a line may move, in units of 1/72 inch
INCHES = {
    "": 1 / 96,
    "px": 1 / 96,
    "pt": 1 / 72,
    "in": 1,
    "cm": 1 / 2.54,
    "mm": 1 / 25.4,
}
ACTIVE = {
    "script",
    "foreignobject",
    "iframe",
    "object",
    "embed",
    "audio",
    "video",
    "a",
    "animate",
    "set",
    "animatetransform",
    "animatemotion",
    "handler",
    "listener",
}


class NotDrawn(ValueError):
    """A picture that is broken, or that would do more than be looked at."""


@dataclass(frozen=True)
class Difference:
    """How far two pictures differ.

    Attributes
    ----------
    error : float
        Mean absolute error over pixels and colours, of 255.
    largest : int
        Largest difference of one pixel, of 255.
    share : float
        Share of the pixels that differ.
    content : str
        What differs that a pixel need not show: text, elements, colours. Or empty.
    moved_by : float
        How far the furthest coordinate has moved, in units of the drawing.
    archived, remade, image : bytes
        PNG: the two pictures as drawn, and their difference (what differs in red).
    """

    error: float
    largest: int
    share: float
    content: str
    moved_by: float
    archived: bytes
    remade: bytes
    image: bytes

    def close(self, moved: bool) -> bool:
        """Whether it may be the same drawing from another processor.

        Where no number of the run has `moved`, coordinates may differ by their last
        printed digit and no more; a file that is only written otherwise may not.
        """
        if self.content or not (moved or self.moved_by):
            return False
        pixels, place = (ANTIALIASING, VISIBLE) if moved else (0, WRITTEN)
        return self.largest <= pixels and self.moved_by <= place

    @property
    def words(self) -> str:
        """What differs, in words."""
        found = [self.content] if self.content else []
        if self.moved_by:
            found.append(f"a coordinate has moved by {self.moved_by:.3g}")
        if self.share:
            found.append(
                f"mean absolute error {self.error:.4g} of 255, largest {self.largest}; "
                f"{self.share:.3%} of the pixels differ"
            )
        return "; ".join(found) or "the file is written otherwise"


def refuse_active(svg: bytes) -> ET.Element:
    """The root of a plain drawing; NotDrawn for one with scripts or outside files."""
    if b"<!ENTITY" in svg.upper() or b"<?XML-STYLESHEET" in svg.upper():
        raise NotDrawn("the SVG declares entities or style sheets")
    try:
        root = ET.fromstring(svg)
    except ET.ParseError as error:
        raise NotDrawn(f"it is no SVG that can be read ({error})") from None
    for element in root.iter():
        refuse_element(element)
    return root


def refuse_element(element: ET.Element) -> None:
    """Raise NotDrawn if an element runs code or refers to anything outside."""
    tag = str(element.tag).rpartition("}")[2].lower()
    if tag in ACTIVE:
        raise NotDrawn(f"the SVG holds <{tag}>, which can run code")
    for name, value in element.attrib.items():
        short = name.rpartition("}")[2].lower()
        if short.startswith("on"):
            raise NotDrawn(f"the SVG holds the attribute {short}, which can run code")
        inside = value.startswith(("#", "data:image/png", "data:image/jpeg"))
        if short in ("href", "src") and not inside:
            raise NotDrawn("the SVG refers to something outside it")
        refuse_style(value)
    if tag == "style":
        refuse_style(element.text or "")


def refuse_style(text: str) -> None:
    """Raise NotDrawn if a style refers to anything outside."""
    if "@import" in text or re.search(r"url\(\s*['\"]?\s*[^#'\"\s]", text):
        raise NotDrawn("a style in the SVG refers to something outside it")


def refuse_size(inches: float) -> None:
    """Raise NotDrawn for a picture too large to be one of a paper."""
    if not 0 < inches <= LARGEST:
        raise NotDrawn(f"it claims to be {inches:.3g} inches large")


def draw_svg(content: bytes) -> Image.Image:
    """An SVG as pixels."""
    import resvg_py

    root = refuse_active(content)
    for side in ("width", "height"):
        size = re.fullmatch(r"([\d.]+)\s*([a-z]*)", root.get(side, ""))
        if not size or size[2] not in INCHES:
            raise NotDrawn(f"the SVG names no {side}")
        refuse_size(float(size[1]) * INCHES[size[2]])
    try:
        png = resvg_py.svg_to_bytes(
            svg_string=content.decode("utf-8"),
            dpi=DPI,
            background="white",
            skip_system_fonts=True,
        )
    except ValueError as error:
        raise NotDrawn(str(error)) from None
    return Image.open(io.BytesIO(bytes(png))).convert("RGB")


def draw_pdf(content: bytes) -> Image.Image:
    """The first page of a PDF as pixels."""
    import pypdfium2

    try:
        page = pypdfium2.PdfDocument(content)[0]
    except (pypdfium2.PdfiumError, IndexError) as error:
        raise NotDrawn(f"it is no PDF that can be read ({error})") from None
    for points in page.get_size():
        refuse_size(points / 72)
    return page.render(scale=DPI / 72).to_pil().convert("RGB")


def draw_bitmap(content: bytes) -> Image.Image:
    """A PNG or JPEG as pixels."""
    try:
        return Image.open(io.BytesIO(content), formats=("PNG", "JPEG")).convert("RGB")
    except (OSError, Image.DecompressionBombError) as error:
        raise NotDrawn(f"it is no picture that can be read ({error})") from None


DRAW = {".svg": draw_svg, ".pdf": draw_pdf, ".png": draw_bitmap, ".jpg": draw_bitmap}


def png(picture: Image.Image) -> bytes:
    """A picture as PNG."""
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def compare(archived: bytes, remade: bytes, suffix: str) -> Difference:
    """Difference of two pictures of a format (`.svg`, `.pdf`, `.png`).

    The smaller is laid on a white page of the larger's size. Raises NotDrawn.
    """
    one, other = DRAW[suffix](archived), DRAW[suffix](remade)
    width, height = map(max, zip(one.size, other.size, strict=True))
    size = (width, height)
    content, moved_by = "", 0.0
    if suffix == ".svg":
        content, moved_by = drawings.compare_svg(archived, remade)
    elif suffix == ".pdf":
        content = drawings.compare_pdf(archived, remade)
    a, b = on_page(one, size), on_page(other, size)
    apart = np.abs(a - b)
    pixels = apart.max(axis=2)
    return Difference(
        float(apart.mean()),
        int(pixels.max()),
        float((pixels > 0).mean()),
        content,
        moved_by,
        png(one),
        png(other),
        png(difference_image(a, pixels)),
    )


def on_page(picture: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """A picture on a white page, as whole numbers."""
    page = Image.new("RGB", size, "white")
    page.paste(picture)
    return np.asarray(page, dtype=np.int16)


def difference_image(picture: np.ndarray, pixels: np.ndarray) -> Image.Image:
    """The first picture in pale grey, each pixel that differs in red."""
    grey = 255 - (255 - picture.mean(axis=2, keepdims=True)) * 0.25
    image = np.repeat(grey, 3, axis=2)
    strength = np.where(pixels > 0, np.clip(pixels * 2, 96, 255), 0)[:, :, None] / 255
    red = np.array([214, 39, 40])
    return Image.fromarray((image * (1 - strength) + red * strength).astype(np.uint8))
