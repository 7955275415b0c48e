"""What a start finds out by itself."""

import pytest

from servicekit.startup_errors import CannotStart, require_library


def test_a_library_that_is_loaded_later_is_missed_at_the_start() -> None:
    require_library("json")
    with pytest.raises(CannotStart, match="the library no_such_library is missing"):
        require_library("no_such_library")
