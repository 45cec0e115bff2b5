"""Containers, with their live state from the worker."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from playground import errors
from playground.models import Container
from playground.services.container_delete import container_remove
from playground.services.container_show import container_states
from playground.services.container_start import container_run
from playground.services.container_stop import container_halt
from runtime.errors import Fault
from runtime.protocol import model

LIVE = "_live"
STATES = {
    model.State.CREATING: gettext_lazy("being created"),
    model.State.CREATED: gettext_lazy("created"),
    model.State.RUNNING: gettext_lazy("running"),
    model.State.STOPPED: gettext_lazy("stopped"),
}


@admin.register(Container)
class ContainerAdmin(admin.ModelAdmin[Container]):
    """Read-only: a container is changed by the worker's verbs, which are the actions."""

    list_display = ("id", "name", "owner", "image", "state", "host_pid", "memory", "created_at")
    list_filter = ("image", "intent", "created_at")
    search_fields = ("id", "name", "owner__username", "image")
    list_select_related = ("owner",)
    date_hierarchy = "created_at"
    fields = (
        ("id", "name", "owner"),
        ("image", "command"),
        ("state", "host_pid"),
        ("memory", "cpus", "pids", "disk"),
        ("intent", "node", "created_at"),
    )
    actions = ("start", "stop", "delete_for_good")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Container | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Container | None = None) -> bool:  # noqa: ARG002
        """Deleting a row would leave the container: use the action."""
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("playground.delete_container")

    def get_readonly_fields(self, request: HttpRequest, obj: Container | None = None) -> tuple[str, ...]:  # noqa: ARG002
        return ("state", "host_pid", "memory", "disk")

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """One question to the worker for the whole page."""
        found = super().get_changelist_instance(request)
        found.result_list = list(found.result_list)
        if request.method == "GET":
            self._look(request, list(found.result_list))
        return found

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Container | None:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            self._look(request, [row])
        return row

    def _look(self, request: HttpRequest, rows: list[Container]) -> None:
        """Hang on each row what the worker says of it; nothing, and a warning, when it does not answer."""
        try:
            live = container_states(rows)
        except Fault as fault:
            messages.warning(request, errors.body(fault)["hint"])
            return
        for row in rows:
            vars(row)[LIVE] = live[row.pk]

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: Container) -> str:
        found = self._of(row)
        if found is None:
            return _("unknown")
        lost = found.exit is not None and found.exit.reason == "lost"
        return _("lost") if lost else str(STATES[found.state])

    @admin.display(description=gettext_lazy("host PID"))
    def host_pid(self, row: Container) -> int | None:
        found = self._of(row)
        return found.pid if found is not None else None

    @admin.display(description=gettext_lazy("memory"), ordering="memory_bytes")
    def memory(self, row: Container) -> str:
        return filesizeformat(row.memory_bytes)

    @admin.display(description=gettext_lazy("disk"), ordering="disk_bytes")
    def disk(self, row: Container) -> str:
        return filesizeformat(row.disk_bytes)

    @admin.action(description=gettext_lazy("Start the chosen containers"), permissions=["operate"])
    def start(self, request: HttpRequest, rows: QuerySet[Container]) -> None:
        done = self._each(request, rows, lambda row: container_run(row=row))
        text = ngettext("%(count)d container started", "%(count)d containers started", done) % {"count": done}
        self.message_user(request, text, messages.SUCCESS if done else messages.WARNING)

    @admin.action(description=gettext_lazy("Stop the chosen containers"), permissions=["operate"])
    def stop(self, request: HttpRequest, rows: QuerySet[Container]) -> None:
        done = self._each(request, rows, lambda row: container_halt(row=row))
        text = ngettext("%(count)d container stopped", "%(count)d containers stopped", done) % {"count": done}
        self.message_user(request, text, messages.SUCCESS if done else messages.WARNING)

    @admin.action(description=gettext_lazy("Delete the chosen containers and their files"), permissions=["operate"])
    def delete_for_good(self, request: HttpRequest, rows: QuerySet[Container]) -> None:
        done = self._each(request, rows, lambda row: container_remove(row=row))
        text = ngettext("%(count)d container deleted", "%(count)d containers deleted", done) % {"count": done}
        self.message_user(request, text, messages.SUCCESS if done else messages.WARNING)

    def _each(self, request: HttpRequest, rows: QuerySet[Container], verb: Callable[[Container], object]) -> int:
        """How many it worked for; the others are told one by one."""
        done = 0
        for row in rows:
            try:
                verb(row)
            except Fault as fault:
                self.message_user(request, f"{row}: {errors.body(fault)['hint']}", messages.ERROR)
            else:
                done += 1
        return done

    def _of(self, row: Container) -> model.Container | None:
        return vars(row).get(LIVE)
