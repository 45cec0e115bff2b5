"""The fake worker keeps the contract that the real one keeps."""

from __future__ import annotations

import pytest

from tests.support.contract import Contract
from tests.support.fake_worker import FakeWorker
from tests.support.recording_contract import RecordingContract
from tests.support.sharing_contract import SharingContract
from tests.support.worker_contract import WorkerContract


@pytest.fixture
def contract(worker: FakeWorker) -> Contract:
    return Contract(str(worker.path))


class TestFakeWorker(WorkerContract):
    pass


class TestFakeSharing(SharingContract):
    pass


class TestFakeRecordings(RecordingContract):
    pass
