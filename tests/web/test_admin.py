"""The admin: useful lists, actions that call the services, and no secret anywhere."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from playground.models import ApiToken, Container, LoginLink, Share, ShareGuest
from playground.selectors.access import sees_host, sees_host_annotated
from playground.services.container_delete import container_delete
from playground.services.container_launch import Wish, container_launch
from playground.services.login_links import login_link_create
from playground.services.recordings import recording_list, recording_start
from playground.services.sharing import link_secret, share_create, share_join
from playground.services.tokens import token_create
from runtime.errors import Code, Fault
from runtime.protocol import messages
from tests.support.fake_worker import FakeWorker

LISTS = [
    "playground_container",
    "playground_image",
    "playground_apitoken",
    "playground_loginlink",
    "playground_share",
    "auth_user",
    "auth_group",
]


@pytest.fixture
def admin(staff: User, worker: FakeWorker) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def act(client: Client, model: str, action: str, *ids: object) -> str:
    data = {"action": action, "_selected_action": [str(id) for id in ids]}
    return client.post(reverse(f"admin:playground_{model}_changelist"), data, follow=True).content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", LISTS)
def test_lists_in_both_languages(name: str, language: str, admin: Client, ann: User) -> None:
    container_launch(user=ann, wish=Wish(image="busybox", name="mine"))
    token_create(user=ann, label="ci")
    login_link_create(user=ann)
    page = admin.get(reverse(f"admin:{name}_changelist"), headers={"Accept-Language": language})
    assert page.status_code == 200
    if name == "playground_container":
        text = page.content.decode()
        assert ("运行中" if language == "zh-hans" else "running") in text
        assert "256.0" in text
    assert admin.get(reverse("admin:index"), headers={"Accept-Language": language}).status_code == 200


def test_what_was_shared_and_who_came(admin: Client, ann: User, bob: User, worker: FakeWorker) -> None:
    found = container_launch(user=ann, wish=Wish(image="busybox", name="mine")).container
    share = share_create(user=ann, id=found.id, terminal=found.terminals[0].id)
    share_join(user=bob, secret=link_secret(share))
    changelist = admin.get(reverse("admin:playground_share_changelist")).content.decode()
    page = admin.get(reverse("admin:playground_share_change", args=[share.pk])).content.decode()
    for text in (changelist, page):
        assert found.id in text
        assert "mine" in text
        assert link_secret(share).partition(".")[2] not in text, "the link is the owner's to give"
    assert "bob" in page
    for url in ("add", "delete"):
        args = [share.pk] if url == "delete" else []
        assert admin.get(reverse(f"admin:playground_share_{url}", args=args)).status_code == 403
    answer = admin.post(reverse("admin:playground_share_change", args=[share.pk]), {"terminal": "another"})
    assert answer.status_code == 403
    text = act(admin, "share", "stop", share.pk)
    assert "1 terminal is shared no more" in text
    assert Share.objects.get().ended_at is not None
    assert ShareGuest.objects.count() == 1, "who came is to be seen afterwards"
    assert [call.users for call in worker.calls if isinstance(call, messages.Dismiss)] == [[str(bob.pk)]]


def test_staff_who_may_only_look_end_no_sharing(ann: User, worker: FakeWorker) -> None:
    found = container_launch(user=ann, wish=Wish(image="busybox")).container
    share = share_create(user=ann, id=found.id, terminal=found.terminals[0].id)
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_share"))
    client = Client()
    client.force_login(looker)
    assert 'value="stop"' not in client.get(reverse("admin:playground_share_changelist")).content.decode()
    act(client, "share", "stop", share.pk)
    assert Share.objects.get().ended_at is None


def test_containers_show_what_is(admin: Client, ann: User, worker: FakeWorker) -> None:
    first = container_launch(user=ann, wish=Wish(image="busybox")).container
    second = container_launch(user=ann, wish=Wish(image="debian")).container
    worker.forget(second.id)
    asked = len(worker.calls)
    page = admin.get(reverse("admin:playground_container_changelist")).content.decode()
    assert len(worker.calls) == asked + 1, "one question for the whole list"
    assert str(first.pid) in page
    assert "running" in page
    assert "lost" in page
    filtered = admin.get(reverse("admin:playground_container_changelist"), {"q": "ann", "image": "debian"})
    assert filtered.context["cl"].result_count == 1


def test_containers_without_a_worker(admin: Client, ann: User, worker: FakeWorker) -> None:
    container_launch(user=ann, wish=Wish(image="busybox"))
    worker.stop()
    for name in ("playground_container", "playground_image"):
        page = admin.get(reverse(f"admin:{name}_changelist"))
        assert page.status_code == 200
        assert "worker does not answer" in page.content.decode()


def test_stop_and_delete_are_the_services(admin: Client, ann: User, worker: FakeWorker) -> None:
    one, two, three = (container_launch(user=ann, wish=Wish(image="busybox")).container.id for _ in range(3))
    assert "2 containers stopped" in act(admin, "container", "stop", one, two)
    assert [worker.containers[id].world.info.state for id in (one, two, three)] == ["stopped", "stopped", "running"]
    worker.refuse("delete", Fault(Code.INTERNAL_ERROR, "no"))
    page = act(admin, "container", "delete_for_good", one, two)
    assert "1 container deleted" in page
    assert "went wrong" in page
    assert len(worker.containers) == Container.objects.count() == 2


def test_start_is_the_service(admin: Client, ann: User, worker: FakeWorker) -> None:
    one, two = (container_launch(user=ann, wish=Wish(image="busybox")).container.id for _ in range(2))
    act(admin, "container", "stop", one)
    worker.forget(two)
    page = act(admin, "container", "start", one, two)
    assert "1 container started" in page
    assert "removed there" in page
    assert worker.containers[one].world.info.state == "running"


def test_one_container_shows_what_is(admin: Client, ann: User, worker: FakeWorker) -> None:
    found = container_launch(user=ann, wish=Wish(image="busybox")).container
    page = admin.get(reverse("admin:playground_container_change", args=[found.id])).content.decode()
    assert str(found.pid) in page
    assert "running" in page
    worker.stop()
    page = admin.get(reverse("admin:playground_container_change", args=[found.id])).content.decode()
    assert "worker does not answer" in page
    assert "unknown" in page


def test_login_addresses_are_lent_by_administrators_only(admin: Client, ann: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    data = {"action": "login_addresses", "_selected_action": [str(ann.pk), str(bob.pk)]}
    page = admin.post(reverse("admin:auth_user_changelist"), data, follow=True).content.decode()
    (address,) = re.findall(r"http://testserver(/login/[\w-]+)", page)
    assert "Login address for ann: " in page
    assert "User bob is not active" in page
    client = Client()
    assert client.get(address).status_code == 302
    assert client.session["_auth_user_id"] == str(ann.pk)
    staff = User.objects.create_user("assistant", is_staff=True)
    staff.user_permissions.add(*Permission.objects.filter(content_type__app_label="auth"))
    client.force_login(staff)
    page = client.post(reverse("admin:auth_user_changelist"), data, follow=True).content.decode()
    assert "/login/" not in page
    assert LoginLink.objects.count() == 1


def test_a_row_cannot_be_changed_or_dropped_past_the_worker(admin: Client, ann: User, worker: FakeWorker) -> None:
    id = container_launch(user=ann, wish=Wish(image="busybox")).container.id
    assert admin.get(reverse("admin:playground_container_change", args=[id])).status_code == 200
    assert admin.post(reverse("admin:playground_container_change", args=[id]), {"pids": 9}).status_code == 403
    assert admin.get(reverse("admin:playground_container_delete", args=[id])).status_code == 403
    act(admin, "container", "delete_selected", id)
    assert Container.objects.exists()
    assert admin.get(reverse("admin:playground_container_add")).status_code == 403
    assert not [call for call in worker.calls if isinstance(call, messages.Delete)]


def test_a_person_with_containers_is_not_deleted_past_the_worker(admin: Client, ann: User) -> None:
    container_launch(user=ann, wish=Wish(image="busybox"))
    admin.post(reverse("admin:auth_user_delete", args=[ann.pk]), {"post": "yes"})
    assert User.objects.filter(pk=ann.pk).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("away", [False, True])
def test_a_persons_recordings_go_with_the_person(admin: Client, ann: User, worker: FakeWorker, away: bool) -> None:
    found = container_launch(user=ann, wish=Wish(image="busybox")).container
    recording_start(user=ann, id=found.id, terminal=found.terminals[0].id)
    container_delete(user=ann, id=found.id)
    if away:
        worker.refuse("recordings", Fault(Code.WORKER_UNAVAILABLE, "no answer"))
    page = admin.post(reverse("admin:auth_user_delete", args=[ann.pk]), {"post": "yes"}, follow=True).content.decode()
    assert not User.objects.filter(pk=ann.pk).exists()
    assert bool(recording_list(user=ann).recordings) == away
    assert ("manage.py reconcile" in page) == away


def test_images_come_from_the_worker(admin: Client) -> None:
    page = admin.get(reverse("admin:playground_image_changelist")).content.decode()
    for word in ("busybox", "debian", "teaching tools", "sha256:"):
        assert word in page
    assert admin.get(reverse("admin:playground_image_add")).status_code == 403


def test_tokens_are_watched_and_revoked(admin: Client, ann: User) -> None:
    secret = token_create(user=ann, label="ci")
    link = login_link_create(user=ann)
    row = ApiToken.objects.get()
    pages = "".join(
        admin.get(address).content.decode()
        for address in (
            reverse("admin:playground_apitoken_changelist"),
            reverse("admin:playground_apitoken_change", args=[row.pk]),
            reverse("admin:playground_loginlink_changelist"),
            reverse("admin:playground_loginlink_change", args=[LoginLink.objects.get().pk]),
        )
    )
    assert row.prefix in pages
    for hidden in (secret, link, row.digest, LoginLink.objects.get().digest):
        assert hidden not in pages
    assert "1 token revoked" in act(admin, "apitoken", "revoke", row.pk)
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_a_quota_is_set_with_the_person(admin: Client, ann: User) -> None:
    page = admin.get(reverse("admin:auth_user_change", args=[ann.pk])).content.decode()
    assert "quota-0-memory_bytes" in page or "quota-__prefix__-memory_bytes" in page


def test_who_is_no_staff(ann: User, worker: FakeWorker) -> None:
    client = Client()
    client.force_login(ann)
    for name in LISTS:
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 302


def test_staff_without_the_right_cannot_act(worker: FakeWorker, ann: User, bob: User) -> None:
    id = container_launch(user=ann, wish=Wish(image="busybox")).container.id
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    client = Client()
    client.force_login(bob)
    assert client.get(reverse("admin:playground_container_changelist")).status_code == 403
    assert client.get(reverse("admin:playground_image_changelist")).status_code in (302, 403)
    act(client, "container", "stop", id)
    assert worker.containers[id].world.info.state == "running"


@pytest.mark.parametrize(
    ("language", "name"), [("en", "Can see every process of the host"), ("zh-hans", "可查看宿主机上的所有进程")]
)
def test_the_permission_to_see_the_host_is_given_here(language: str, name: str, admin: Client, ann: User) -> None:
    permission = Permission.objects.get(codename="view_host")
    for page in (reverse("admin:auth_user_change", args=[ann.pk]), reverse("admin:auth_group_add")):
        text = admin.get(page, headers={"Accept-Language": language}).content.decode()
        assert re.search(rf'<option value="{permission.pk}">[^<]*{name}</option>', text)
    admin.post(reverse("admin:auth_group_add"), {"name": "instructors", "permissions": [permission.pk]})
    group = Group.objects.get(name="instructors")
    assert not sees_host(user=ann)
    ann.groups.add(group)
    assert sees_host(user=User.objects.get(pk=ann.pk))


def test_people_show_who_sees_the_host(admin: Client, ann: User, bob: User) -> None:
    group = Group.objects.create(name="instructors")
    group.permissions.add(Permission.objects.get(codename="view_host"))
    ann.groups.add(group)
    gone = User.objects.create_user("gone", is_active=False)
    gone.user_permissions.add(Permission.objects.get(codename="view_host"))
    people = {user.username: user for user in sees_host_annotated(User.objects.all())}
    for user in people.values():
        assert getattr(user, "may_see_host") is sees_host(user=user), user  # noqa: B009
    assert {name for name, user in people.items() if sees_host(user=user)} == {"root", "ann"}
    assert "sees the host" in admin.get(reverse("admin:auth_user_changelist")).content.decode().lower()
