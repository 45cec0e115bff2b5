"""The real worker keeps the contract that the web side's tests rest on: the very suite that the fake one passes."""

from __future__ import annotations

import pytest

from tests.support.worker_contract import Contract, WorkerContract
from tests.worker.instance import Instance


class TestRealWorker(WorkerContract):
    @pytest.fixture
    def contract(self, instance: Instance) -> Contract:
        return Contract(str(instance.config.socket))
