"""The fake worker keeps the contract that the real one keeps."""

from __future__ import annotations

import pytest

from tests.support.fake_worker import FakeWorker
from tests.support.worker_contract import Contract, WorkerContract


class TestFakeWorker(WorkerContract):
    @pytest.fixture
    def contract(self, worker: FakeWorker) -> Contract:
        return Contract(str(worker.path))
