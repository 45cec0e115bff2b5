"""What holds for every suite: features a test asks for are there, or it is skipped aloud, or fails."""

from __future__ import annotations

import pytest

from tests.support import features


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("requires"):
        for feature in marker.args:
            reason = features.missing(feature)
            if reason and feature in features.REQUIRED:
                pytest.fail(f"required feature {feature}: {reason}", pytrace=False)
            if reason:
                pytest.skip(f"{feature}: {reason}")
