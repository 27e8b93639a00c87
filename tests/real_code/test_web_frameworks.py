"""Workflows in web applications: what objects of Django and Starlette do in workflow code."""

from __future__ import annotations

from pathlib import Path

from tests.real_code.checked import surprises

_MODELS = """\
from django.db import models


class ItemManager(models.Manager):
    def published(self):
        return self.filter(published=True)


class Item(models.Model):
    name = models.CharField(max_length=20)
    published = ItemManager()

    @property
    def title(self):
        return self.name.title()
"""


def test_rows_of_a_database_are_read_and_written_in_steps(tmp_path: Path) -> None:
    text = """\
from django.db import transaction
from django.utils import timezone
from models import Item
from temporalio import workflow


@workflow.defn
class Publish:
    @workflow.run
    async def run(self, number: int) -> None:
        Item.objects.create(name="a")  # expect: network
        await Item.objects.aget(pk=number)  # expect: network
        Item.published.published().count()  # expect: network
        Item(name="b").save()  # expect: network
        with transaction.atomic():  # expect: network
            pass
        timezone.now()  # expect: clock
"""
    assert surprises(tmp_path, models=_MODELS, publish=text) == set()


def test_users_are_made_and_asked_in_steps(tmp_path: Path) -> None:
    text = """\
from django.contrib.auth.models import User
from temporalio import workflow


@workflow.defn
class Welcome:
    @workflow.run
    async def run(self, name: str, user: User) -> bool:
        User.objects.create_user(name)  # expect: network
        await User.objects.acreate_user(name)  # expect: network
        user.set_unusable_password()  # expect: random
        return user.has_perm("welcome")  # expect: network
"""
    assert surprises(tmp_path, welcome=text) == set()


def test_a_lazy_query_is_run_by_the_loop_over_it(tmp_path: Path) -> None:
    text = """\
from models import Item
from temporalio import workflow


@workflow.defn
class Names:
    @workflow.run
    async def run(self) -> list[str]:
        query = Item.objects.filter(name="a").order_by("name")
        names = []
        for item in query:  # expect: network
            names.append(item.name)
        async for item in query.reverse():  # expect: network
            names.append(item.name)
        return names
"""
    assert surprises(tmp_path, models=_MODELS, names=text) == set()


def test_what_is_read_of_a_file_that_was_opened_is_one_finding(tmp_path: Path) -> None:
    text = """\
import csv

from temporalio import workflow


@workflow.defn
class Lines:
    @workflow.run
    async def run(self, path: str) -> int:
        count = 0
        with open(path) as file:  # expect: filesystem
            for row in csv.reader(file):
                count += len(row)
        with open(path) as file:  # expect: filesystem
            for line in file:
                count += len(line)
        return count
"""
    assert surprises(tmp_path, lines=text) == set()


def test_a_new_object_of_a_manager_is_not_what_the_class_holds(tmp_path: Path) -> None:
    text = """\
from models import Item
from temporalio import workflow


@workflow.defn
class Rename:
    @workflow.run
    async def run(self, number: int) -> None:
        item = Item.objects.get(pk=number)  # expect: network
        item.name = "b"
        item = Item.published.get(pk=number)  # expect: network
        item.name = "c"
"""
    assert surprises(tmp_path, models=_MODELS, rename=text) == set()


def test_a_manager_of_an_unknown_package_gives_new_objects_too(tmp_path: Path) -> None:
    text = """\
from orm import Manager
from temporalio import workflow


class Item:
    objects = Manager()


cache: dict[int, Item] = {}


@workflow.defn
class Rename:
    @workflow.run
    async def run(self, number: int) -> None:
        item = Item.objects.get(pk=number)  # expect: gap
        item.name = "b"
        held = cache.get(number)
        held.name = "c"  # expect: global-write
        cache[number] = held  # expect: global-write
"""
    assert surprises(tmp_path, rename=text) == set()


def test_a_web_socket_talks_to_the_network(tmp_path: Path) -> None:
    text = """\
from dbos import DBOS
from fastapi import HTTPException, WebSocket


async def send(socket: WebSocket, text: str) -> None:
    if not text:
        raise HTTPException(status_code=400, detail="nothing to send")
    await socket.send_text(text)


sockets: list[WebSocket] = []


@DBOS.workflow()
async def tell(text: str) -> None:
    await send(sockets[-1], text)  # expect: network
"""
    assert surprises(tmp_path, hub=text) == set()
