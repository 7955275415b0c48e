import pytest

from gateway.domain.people import Person


@pytest.mark.parametrize(
    "name, handle",
    [
        ("ada", ""),
        ("Ada", ""),
        ("\uff21da", ""),  # full width
        ("a\u200bda", ""),  # with something in it that is not seen
        ("Ada L.", "@ada"),
        ("grace", "@ada"),
        ("Grace", "@ada"),
        ("\u0430da", "@ada"),  # the first letter is Cyrillic
        ("ada1", "@ada"),
    ],
)
def test_whose_a_name_is_is_shown_unless_it_is_plain_from_it(name: str, handle: str) -> None:
    assert Person("ada", name).handle == handle
