"""A real overlay to look into: two lower layers, and an upper on a tmpfs as a container's is."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runtime.kernel import libc, mounts
from runtime.kernel.target import Target
from runtime.protocol import model
from tests.support import private_mounts
from tests.support.proc_tree import container


@dataclass
class Stacked:
    """`lower1` lies on `lower0`. Write in `merged`."""

    top: Path

    @property
    def upper(self) -> Path:
        return self.top / "disk/upper"

    @property
    def work(self) -> Path:
        return self.top / "disk/work"

    @property
    def merged(self) -> Path:
        return self.top / "merged"

    def target(self, **fields: object) -> Target:
        return Target(
            container=container(None, **{"host_id": 0, **fields}),
            pid=None,
            starttime=0,
            keeper_pid=None,
            cgroup_mode="v1",
            lowerdir=[str(self.top / "lower1"), str(self.top / "lower0")],
            upperdir=str(self.upper),
            workdir=str(self.work),
            merged=str(self.merged),
            layers=[model.Layer(digest=f"sha256:{n}", title=f"layer {n}", size_bytes=1) for n in (1, 0)],
        )


@contextlib.contextmanager
def stacked(**options: str) -> Iterator[Stacked]:
    """`options` replace those that our own mounts are made with, as `redirect_dir="on"`."""
    private_mounts.enter()
    made = Stacked(Path(tempfile.mkdtemp(prefix=f"terrarium-stk-{secrets.token_hex(2)}-")))
    try:
        for name in ("lower0/etc/old/deep", "lower0/data", "lower0/usr/bin", "lower1/etc", "disk", "merged"):
            (made.top / name).mkdir(parents=True)
        for name in ("etc/motd", "etc/passwd", "etc/old/a", "etc/old/deep/b", "data/x", "data/y", "usr/bin/tool"):
            (made.top / "lower0" / name).write_text("hello\n" * 2000)
        (made.top / "lower0/bin").symlink_to("usr/bin")
        (made.top / "lower1/etc/issue").write_text("issue\n")
        (made.top / "lower1/etc/passwd").write_text("newer\n")
        mounts.tmpfs(str(made.top / "disk"), size_bytes=64 << 20, inodes=20_000, mode=0o700)
        made.upper.mkdir()
        made.work.mkdir()
        lower = [str(made.top / "lower1"), str(made.top / "lower0")]
        if options:
            own = {"redirect_dir": "off", "metacopy": "off", "index": "off", **options}
            text = ",".join(f"{key}={value}" for key, value in own.items())
            places = f"lowerdir={':'.join(lower)},upperdir={made.upper},workdir={made.work}"
            libc.mount("overlay", str(made.merged), "overlay", 0, f"{places},{text}")
        else:
            mounts.overlay(str(made.merged), lower=lower, upper=str(made.upper), work=str(made.work))
        yield made
    finally:
        os.chdir("/")
        mounts.unmount_below(str(made.top))
        shutil.rmtree(made.top)
