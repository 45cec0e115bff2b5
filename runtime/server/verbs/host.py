"""The worker and its host: ping, images, doctor."""

from __future__ import annotations

import asyncio
import os

from runtime.kernel import files
from runtime.protocol import VERSION, messages, model
from runtime.server import doctor as doctor_
from runtime.server.context import Context


async def ping(context: Context, _request: messages.Ping) -> messages.Pong:
    info = model.Info(
        version=VERSION,
        node=context.config.node,
        boot_id=files.boot_id(),
        pid=os.getpid(),
        started_at=context.started_at,
        cgroup_mode=context.engine.hierarchies.mode,
        kernel=os.uname().release,
        oci_runtime=context.config.oci_runtime,
        containers=len(context.engine.records()),
    )
    return messages.Pong(info=info)


async def images(context: Context, _request: messages.ListImages) -> messages.Images:
    return messages.Images(images=context.images.list())


async def doctor(context: Context, _request: messages.Doctor) -> messages.Diagnosis:
    return messages.Diagnosis(checks=await asyncio.to_thread(doctor_.examine, context.config))
