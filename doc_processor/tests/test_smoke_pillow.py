"""Pillow draws, filters, writes and reads an image."""

import numpy
import processor
import pytest
from PIL import Image

TEXT = "WHEELHOUSE 311"


@pytest.fixture(scope="module")
def drawn():
    return processor.render(TEXT)


def test_text_is_drawn(drawn):
    left, top, right, bottom = processor.ink_box(drawn)
    assert right - left > 10 * (bottom - top) / 2
    assert 0 < left and right < drawn.width and 0 < top and bottom < drawn.height
    assert processor.ink_box(Image.new("L", (8, 8), processor.WHITE)) is None


def test_filter_takes_noise_away(drawn):
    noisy = processor.add_noise(drawn, 0.05, seed=7)
    assert noisy.tobytes() == processor.add_noise(drawn, 0.05, seed=7).tobytes()
    before = processor.difference(drawn, noisy)
    after = processor.difference(drawn, processor.denoise(noisy))
    assert after < before / 2


def test_png_comes_back_exactly(drawn):
    data = processor.encode(drawn, "PNG")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    again = processor.decode(data)
    assert (again.mode, again.size) == (drawn.mode, drawn.size)
    assert again.tobytes() == drawn.tobytes()


def test_jpeg_comes_back_nearly(drawn):
    data = processor.encode(drawn, "JPEG", quality=90)
    assert data.startswith(b"\xff\xd8\xff")
    again = processor.decode(data)
    assert again.size == drawn.size
    assert 0 < processor.difference(drawn, again) < 4


def test_arrays_and_images_are_the_same_pixels():
    pixels = numpy.arange(256, dtype=numpy.uint8).reshape(16, 16)
    image = Image.fromarray(pixels)
    assert image.getpixel((3, 2)) == 2 * 16 + 3
    turned = numpy.asarray(image.transpose(Image.Transpose.ROTATE_90))
    numpy.testing.assert_array_equal(turned, numpy.rot90(pixels))
