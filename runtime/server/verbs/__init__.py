"""What can be asked of the worker: one handler a request type, one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from runtime.protocol import messages
from runtime.server.context import Context
from runtime.server.verbs import (
    containers,
    control,
    host,
    layers,
    looking,
    processes,
    recordings,
    terminals,
    transfers,
    walls,
)

Handler = Callable[[Context, Any], Awaitable[messages.Reply]]

# `Attach` and `Watch` turn a connection into a stream and are the connection's own.
HANDLERS: dict[type[messages.Request], Handler] = {
    messages.Ping: host.ping,
    messages.ListImages: host.images,
    messages.Doctor: host.doctor,
    messages.Launch: containers.launch,
    messages.Start: containers.start,
    messages.Stop: containers.stop,
    messages.Delete: containers.delete,
    messages.Get: containers.get,
    messages.List: containers.list_,
    messages.Exec: containers.exec_,
    messages.OpenTerminal: terminals.open_,
    messages.CloseTerminal: terminals.close,
    messages.MintTicket: terminals.mint,
    messages.RenameTerminal: terminals.rename,
    messages.LookAtTerminal: terminals.look,
    messages.Dismiss: terminals.dismiss,
    messages.StartRecording: recordings.start,
    messages.StopRecording: recordings.stop,
    messages.ListRecordings: recordings.list_,
    messages.ReadRecording: recordings.read,
    messages.DeleteRecording: recordings.delete,
    messages.PutFile: transfers.put,
    messages.FetchFile: transfers.fetch,
    messages.TakeSnapshot: looking.snapshot,
    messages.Source: looking.source,
    messages.Inspect: processes.inspect,
    messages.LookAtHost: processes.look_at_host,
    messages.Freeze: control.freeze,
    messages.SetLimits: control.set_limits,
    messages.Measure: control.measure,
    messages.ReadFile: layers.read_file,
    messages.Trace: layers.trace,
    messages.ReadSeccomp: walls.read_seccomp,
}
