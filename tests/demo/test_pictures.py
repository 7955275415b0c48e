from demo import pictures


def test_the_pictures_are_png_and_small() -> None:
    for picture in (pictures.hills(96, 60), pictures.chart(), pictures.PORTRAITS["ada"]()):
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        assert len(picture) < 1_000_000
