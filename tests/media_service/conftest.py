from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.media_service.gallery import Gallery, gallery


@pytest.fixture
async def media(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with gallery(tmp_path) as running:
        yield running
