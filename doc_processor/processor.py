"""A small document processor: text to an image, noise away, text back.

It is what a wheelhouse is for: a program that cannot run without compiled
packages. Everything here works without a network but fetch().
"""

import io

import numpy
import pytesseract
import requests
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WHITE, BLACK = 255, 0


def render(text, font_size=48, margin=24):
    """Draw one line of text, black on white, as a greyscale image."""
    font = ImageFont.load_default(font_size)
    left, top, right, bottom = font.getbbox(text)
    size = (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin)
    image = Image.new("L", size, WHITE)
    ImageDraw.Draw(image).text((margin - left, margin - top), text, fill=BLACK, font=font)
    return image


def add_noise(image, share, seed):
    """Turn a share (0 to 1) of the pixels black or white, the same for a seed."""
    random = numpy.random.default_rng(seed)
    pixels = numpy.array(image)
    hit = random.random(pixels.shape) < share
    pixels[hit] = random.choice(numpy.array([BLACK, WHITE], dtype=pixels.dtype), int(hit.sum()))
    return Image.fromarray(pixels)


def denoise(image):
    """Take single wrong pixels away."""
    return image.filter(ImageFilter.MedianFilter(3))


def difference(one, other):
    """Give the mean difference of two images' pixels, from 0 to 255."""
    return float(numpy.abs(numpy.asarray(one, dtype=float) - numpy.asarray(other, dtype=float)).mean())


def ink_box(image, threshold=128):
    """Give (left, top, right, bottom) of what is darker than threshold, or None."""
    dark = numpy.asarray(image.convert("L")) < threshold
    if not dark.any():
        return None
    rows, columns = numpy.flatnonzero(dark.any(axis=1)), numpy.flatnonzero(dark.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def encode(image, kind, **options):
    """Give the bytes of an image file, "PNG" or "JPEG"."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def decode(data):
    """Read the bytes of an image file."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image


def fetch(url, timeout=10):
    """Fetch an image. Proxies and credentials of the environment are not used."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(url, timeout=timeout)
        answer.raise_for_status()
        return decode(answer.content)


def recognise(image):
    """Read one line of text; needs the program tesseract."""
    return pytesseract.image_to_string(image, config="--psm 7").strip()
