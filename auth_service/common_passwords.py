"""The commonest passwords, of which zxcvbn keeps a list: the first that anybody tries. The one home of zxcvbn."""

from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

COMMONEST_MAX = 1_000
LIBRARY = "zxcvbn"


def is_common(password: str) -> bool:
    """Whether it is, as it was typed, among the commonest."""
    return password in _commonest()


@cache
def _commonest() -> frozenset[str]:
    """Loaded when the first password is chosen: the one file of the library that is needed, which is let go again."""
    library = find_spec(LIBRARY)
    assert library and library.origin  # noqa: PT018 - `require_library` has made sure
    file = spec_from_file_location("frequency_lists", Path(library.origin).with_name("frequency_lists.py"))
    assert file and file.loader  # noqa: PT018 - a Python file has a loader
    lists = module_from_spec(file)
    file.loader.exec_module(lists)
    return frozenset(lists.FREQUENCY_LISTS["passwords"][:COMMONEST_MAX])
