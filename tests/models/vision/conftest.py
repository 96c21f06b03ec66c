import pytest

from headgate.models.vision.ocr_engine import Engine, engine


@pytest.fixture(scope="session")
def eyes() -> Engine:
    return engine()
