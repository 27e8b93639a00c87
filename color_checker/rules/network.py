"""CC206: workflow code talks to the network."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class Network(EffectRule):
    """Workflow code talks to the network.

    ## What it does

    Finds sockets, HTTP, DNS, database and mail calls that workflow or pure code can reach, in the standard
    library and in the clients that the catalog knows (requests, httpx, aiohttp, boto3, SQLAlchemy, psycopg,
    redis …). Building a URL or an object that does no request is fine.

    ## Why is this bad

    The request is sent again at every replay: the customer is charged again, the mail goes out again. And
    its answer is not recorded: the replay may get another one, or none, and take another path.

    ## Use instead

    Do the request in a step, which the engine retries, records, and does not repeat on replay.
    """

    code = "CC206"
    name = "network"
    effect = Effect.NETWORK
    does = "talks to the network"
    harm = "A replay sends the request again and may get another answer."
    instead = "do it in a step and use its recorded result"

    bad = (
        Example(
            title="a Temporal workflow sends a request",
            files={
                "workflows.py": """\
import requests
from temporalio import workflow


@workflow.defn
class Price:
    @workflow.run
    async def run(self, item: str) -> str:
        answer = requests.get(f"https://shop.example/{item}", timeout=5)  # expect: network
        return answer.text
"""
            },
        ),
        Example(
            title="a repository in another file runs a query",
            files={
                "repository.py": """\
import psycopg


class Users:
    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def mail(self, user: str) -> str:
        row = self.connection.execute("select mail from users where name = %s", (user,)).fetchone()
        return str(row[0]) if row else ""


def address(user: str) -> str:
    return Users(psycopg.connect("dbname=users")).mail(user)
""",
                "flows.py": """\
from runtime_min import step, workflow

from repository import address


@step
async def send(mail: str) -> None:
    print(mail)


@workflow
async def welcome(user: str) -> None:
    await send(address(user))  # expect: network
""",
            },
        ),
        Example(
            title="a client object made elsewhere, reached through self and a base class",
            files={
                "clients.py": """\
import httpx


class Client:
    def __init__(self) -> None:
        self.http = httpx.Client(base_url="https://pay.example")

    def post(self, path: str, body: dict[str, str]) -> str:
        return self.http.post(path, json=body).text


class Payments(Client):
    def charge(self, order: str) -> str:
        return self.post("/charge", {"order": order})
""",
                "app.py": """\
from dbos import DBOS

from clients import Payments

payments = Payments()


@DBOS.workflow()
def checkout(order: str) -> str:
    return payments.charge(order)  # expect: network
""",
            },
        ),
        Example(
            title="an orchestrator opens a URL",
            files={
                "orchestrators.py": """\
from urllib.request import urlopen

from durabletask import task, worker


def report(ctx: task.ActivityContext, body: str) -> int:
    return len(body)


def fetch(ctx: task.OrchestrationContext, url: str):
    body = urlopen(url).read().decode()  # expect: network
    size = yield ctx.call_activity(report, input=body)
    return size


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(fetch)
    w.add_activity(report)
"""
            },
        ),
    )
    good = (
        Example(
            title="the request is in an activity",
            files={
                "activities.py": """\
import httpx
from temporalio import activity


class Shop:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    @activity.defn
    async def price(self, item: str) -> str:
        return (await self.http.get(f"/{item}")).text
""",
                "workflows.py": """\
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import Shop


@workflow.defn
class Price:
    @workflow.run
    async def run(self, item: str) -> str:
        return await workflow.execute_activity_method(
            Shop.price, item, start_to_close_timeout=timedelta(seconds=5)
        )
""",
            },
        ),
        Example(
            title="the function that does the request runs inside a recorded step",
            files={
                "handlers.py": """\
import requests
from restate import Context, Service

prices = Service("prices")


def fetch(item: str) -> str:
    return requests.get(f"https://shop.example/{item}", timeout=5).text


@prices.handler()
async def price(ctx: Context, item: str) -> str:
    first = await ctx.run_typed("fetch", fetch, item=item)
    second = await ctx.run_typed("fetch again", lambda: fetch(item))
    return first + second
"""
            },
        ),
        Example(
            title="URLs are only built, and a dictionary has a get of its own",
            files={
                "flows.py": """\
from urllib.parse import quote, urlencode

from runtime_min import workflow


@workflow
async def link(user: str, requests: dict[str, str]) -> str:
    query = urlencode({"user": user, "what": requests.get(user, "")})
    return f"https://shop.example/{quote(user)}?{query}"
"""
            },
        ),
        Example(
            title="a durable step of AWS does the request",
            files={
                "handler.py": """\
import boto3
from aws_durable_execution_sdk_python import DurableContext, StepContext, durable_execution, durable_step


@durable_step
def save(step_context: StepContext, order: str) -> str:
    boto3.client("s3").put_object(Bucket="orders", Key=order, Body=order.encode())
    return order


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> str:
    return context.step(save(event["order"]))
"""
            },
        ),
    )
