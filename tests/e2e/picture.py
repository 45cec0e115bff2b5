"""`python -m tests.e2e.picture URL`: the README's picture, of a running instance. `./dev login` prints the URL.

The host's PID 1 is in the picture. Where that is not an `init`, start the instance beneath one of its own, made of a
copy of bash, for it has to wait for orphans:

    cp /bin/bash init
    unshare --pid --fork --mount --mount-proc \\
        bash -c "exec -a /sbin/init ./init -c 'while :; do sleep 9 & wait; done'" &
    nsenter --target PID --pid --mount ./dev up --detach
"""

from __future__ import annotations

import re
import sys
import urllib.parse

from playwright.sync_api import expect

from tests.e2e import browsing
from tests.support.stack import ROOT

PICTURE = ROOT / "docs/images/workbench.png"
COMMANDS = (
    "sleep 600 &",
    "tail -f /etc/motd > letter &",
    "echo hello >> /etc/motd; rm /etc/issue",
    "clear; ps -eo pid,ppid,args; ls -l",
)


def main(url: str) -> None:
    with browsing.chromium() as browser:
        page = browser.new_context(
            viewport={"width": 1280, "height": 1000}, color_scheme="light", locale="en"
        ).new_page()
        page.add_init_script("""
            localStorage.setItem('terrarium.tour', '3');
            localStorage.setItem('terrarium.split', '38');
            localStorage.setItem('terrarium.panel.namespaces', '0');
            localStorage.setItem('terrarium.panel.cgroup', '0');
            localStorage.setItem('terrarium.timeline.seconds', '60');
        """)
        page.goto(url)
        page.get_by_text("Name and limits").click()
        page.get_by_label("Name", exact=True).fill("glass")
        page.locator(".image-card", has_text="debian").click()
        page.wait_for_url("**/playground/c/*")
        browsing.prompt(page)
        for command in COMMANDS:
            browsing.enter(page, command, "#")
        expect(page.locator(".terminal .xterm-rows").first).to_contain_text("total")
        page.locator("[data-panel=overlay]").get_by_text("letter").first.wait_for()
        row = page.locator("[role=row][data-side=host]", has_text=re.compile("sleep 600"))
        row.hover()
        expect(page.locator("[role=row][data-hot=true]")).to_have_count(2)
        page.wait_for_timeout(2_000)  # until what changed has faded
        page.screenshot(path=PICTURE)
        ident = urllib.parse.urlsplit(page.url).path.rsplit("/", 1)[1]
        page.evaluate(
            """async id => {
                const { csrf } = JSON.parse(document.getElementById('boot').textContent);
                await fetch(`/api/v1/containers/${id}`, { method: 'DELETE', headers: { 'X-CSRFToken': csrf } });
            }""",
            ident,
        )


if __name__ == "__main__":
    main(sys.argv[1])
