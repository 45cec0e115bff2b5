"""`python -m runtime call|watch|doctor|schema|images`: speak to the worker by hand, and what works without one."""

from __future__ import annotations

import argparse
import json
import secrets
import string
import sys
import types
import typing
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from runtime.config import RuntimeConfig
from runtime.errors import Code, Fault
from runtime.protocol import client, messages, model, pty
from runtime.server import doctor

OPS: dict[str, type[messages.Request]] = {
    str(request.__struct_config__.tag): request
    for request in typing.get_args(messages.AnyRequest)
    if request not in (messages.Attach, messages.Watch)
}
_ID = string.ascii_lowercase + string.digits
_MARKS = {"ok": "ok  ", "warn": "warn", "bad": "BAD "}


def main(argv: Sequence[str] | None = None) -> int:
    """0: done; 1: refused or failed, the reason on stderr; 2: wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["images"]:
        from runtime.images import cli

        return cli.main(arguments[1:])
    options = _parser().parse_args(arguments)
    try:
        config = RuntimeConfig.from_environ()
        return int(options.run(config, options))
    except Fault as fault:
        _complain(fault)
        return 1
    except ValueError as error:
        print(f"runtime: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, BrokenPipeError):
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m runtime",
        description="The worker, by hand. TERRARIUM_NAME chooses the instance (default: terrarium).",
    )
    verbs = parser.add_subparsers(required=True, metavar="call | watch | doctor | schema | images")
    call = verbs.add_parser(
        "call",
        help="one request; its reply as JSON",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="One request to the worker, as the operator; its reply as JSON.",
        epilog=_call_help(),
    )
    call.add_argument("op", choices=sorted(OPS), metavar="OP")
    call.add_argument("fields", nargs="*", metavar="KEY=VALUE", help="a value is JSON, or else a string")
    call.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS")
    call.set_defaults(run=_call)
    watch = verbs.add_parser(
        "watch", help="a container's snapshot, then each change and what happens, one JSON object a line"
    )
    watch.add_argument("id")
    watch.add_argument("--events", action="store_true", help="only what happens, neither snapshot nor changes")
    watch.add_argument("--after", type=int, metavar="SEQ", help="tell first what happened since that event")
    watch.set_defaults(run=_watch)
    look = verbs.add_parser("doctor", help="what this host offers; works without a worker")
    look.add_argument("--json", action="store_true", help="the checks as JSON")
    look.set_defaults(run=_doctor)
    schema = verbs.add_parser("schema", help="JSON Schema of the protocol, from which TypeScript is generated")
    schema.set_defaults(run=_schema)
    verbs.add_parser("images", help="images of this host: list, build, remove", add_help=False)
    return parser


def _call_help() -> str:
    rows = ["requests:"]
    for name, request in sorted(OPS.items()):
        fields = [
            field.encode_name if field.required else f"[{field.encode_name}]"
            for field in msgspec.structs.fields(request)
        ]
        rows.append(f"  {name:<15} {' '.join(fields)}")
    rows += [
        "",
        "An owner that is left out is the operator's null, for launch 'operator'; so are a launch's id (a new one) and",
        "name. For example:",
        "  python -m runtime call launch image=busybox 'limits={\"pids\":32}'",
        "  python -m runtime call exec id=k3v9q2m7x4t8b1zc 'argv=[\"id\"]'",
        "  python -m runtime call provenance id=k3v9q2m7x4t8b1zc path=/etc/passwd",
        "  python -m runtime call freeze id=k3v9q2m7x4t8b1zc frozen=true",
    ]
    return "\n".join(rows)


def _call(config: RuntimeConfig, options: argparse.Namespace) -> int:
    request = _request(options.op, options.fields)
    reply = client.call(config.socket, request, messages.Reply, timeout=options.timeout)
    _print(msgspec.to_builtins(reply))
    return 0


def _request(op: str, fields: Sequence[str]) -> messages.Request:
    """Raises `ValueError` naming the field that is wrong."""
    body: dict[str, Any] = {}
    known = {field.encode_name: field for field in msgspec.structs.fields(OPS[op])}
    for text in fields:
        key, sign, value = text.partition("=")
        if not sign or key not in known:
            raise ValueError(f"{text!r}: {op} takes {', '.join(f'{name}=…' for name in known) or 'nothing'}")
        body[key] = _value(value, known[key].type)
    if "owner" in known:
        body.setdefault("owner", "operator" if op == "launch" else None)
    if op == "launch":
        body.setdefault("id", "".join(secrets.choice(_ID) for _ in range(16)))
        body.setdefault("name", f"by-hand-{body['id'][:4]}")
    try:
        return msgspec.convert(body, OPS[op])
    except msgspec.ValidationError as error:
        raise ValueError(f"{op}: {error}") from None


def _value(text: str, kind: Any) -> Any:
    """A field of words takes words; `id=0123456789012345` must not become a number."""
    kinds = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if str in kinds:
        return None if text == "null" and type(None) in kinds else text
    if kinds == (bytes,):
        return text.encode()
    try:
        return json.loads(text)
    except ValueError:
        return text


def _watch(config: RuntimeConfig, options: argparse.Namespace) -> int:
    what: Literal["all", "events"] = "events" if options.events else "all"
    request = messages.Watch(id=options.id, owner=None, what=what, after=options.after)
    for reply in client.stream(config.socket, request):
        print(messages.encode(reply).decode(), flush=True)
    return 0


def _doctor(config: RuntimeConfig, options: argparse.Namespace) -> int:
    checks = doctor.examine(config)
    bad = any(check.level == "bad" for check in checks)
    if options.json:
        _print(msgspec.to_builtins(checks))
        return int(bad)
    width = max(len(check.name) for check in checks)
    for check in checks:
        print(f"{_MARKS[check.level]}  {check.name:<{width}}  {check.detail}")
        if check.fix and check.level != "ok":
            print(f"{'':{width + 6}}  → {check.fix}")
    return int(bad)


def _schema(_config: RuntimeConfig, _options: argparse.Namespace) -> int:
    """Sorted, so that equal protocols print equal bytes."""
    roots = [messages.AnyRequest, messages.AnyReply, *_structs(model), *_structs(pty)]
    names = ["AnyRequest", "AnyReply"]
    shapes, components = msgspec.json.schema_components(roots, ref_template="#/$defs/{name}")
    components.update(zip(names, shapes, strict=False))
    components["Code"] = {"title": "Code", "enum": sorted(code.value for code in Code)}
    _print({"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": components}, sort=True)
    return 0


def _structs(module: types.ModuleType) -> Iterator[type[msgspec.Struct]]:
    for _, value in sorted(vars(module).items()):
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == module.__name__:
            yield value


def _print(value: object, *, sort: bool = False) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=sort))


def _complain(fault: Fault) -> None:
    field = f" ({fault.field})" if fault.field else ""
    print(f"runtime: {fault.code}: {fault.message}{field}", file=sys.stderr)
    if fault.hint:
        print(f"  {fault.hint}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
