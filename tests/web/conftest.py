"""The log of these tests: plain lines; the pretty default prints every local variable of a failed request."""

import pytest
import structlog


@pytest.fixture(autouse=True)
def _plain_log() -> None:
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
        cache_logger_on_first_use=False,
    )
