"""The real worker keeps the contract that the web side's tests rest on: the very suite that the fake one passes."""

from __future__ import annotations

import pytest

from tests.support.contract import Contract
from tests.support.recording_contract import RecordingContract
from tests.support.sharing_contract import SharingContract
from tests.support.worker_contract import WorkerContract
from tests.worker.instance import Instance


@pytest.fixture
def contract(instance: Instance) -> Contract:
    return Contract(str(instance.config.socket))


class TestRealWorker(WorkerContract):
    pass


class TestRealSharing(SharingContract):
    pass


class TestRealRecordings(RecordingContract):
    pass
