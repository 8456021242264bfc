"""pytesseract prepares images and runs tesseract, where there is one."""

import shutil

import processor
import pytesseract
import pytest
from pytesseract import pytesseract as wrapper

TEXT = "WHEELHOUSE 311"


def test_image_is_prepared_for_tesseract():
    drawn = processor.render(TEXT).convert("RGBA")
    prepared, kind = wrapper.prepare(drawn)
    assert (prepared.mode, prepared.size, kind) == ("RGB", drawn.size, "PNG")
    assert processor.difference(prepared.convert("L"), drawn.convert("L")) < 1
    with pytest.raises(TypeError):
        wrapper.prepare(TEXT.encode())


def test_table_of_words_is_read():
    table = wrapper.file_to_dict("level\tconf\ttext\n5\t96\tWHEELHOUSE\n5\t91.5\t311", "\t", -1)
    assert table == {"level": [5, 5], "conf": [96, 91], "text": ["WHEELHOUSE", "311"]}


def test_missing_tesseract_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(wrapper, "tesseract_cmd", str(tmp_path / "tesseract"))
    with pytest.raises(pytesseract.TesseractNotFoundError):
        pytesseract.get_tesseract_version()
    with pytest.raises(pytesseract.TesseractNotFoundError):
        processor.recognise(processor.render(TEXT))


def test_text_is_recognised():
    if shutil.which("tesseract") is None:
        pytest.skip("no program tesseract on this machine, so nothing was recognised; pytesseract's own work was tested")
    noisy = processor.add_noise(processor.render(TEXT), 0.02, seed=3)
    assert processor.recognise(processor.denoise(noisy)) == TEXT
