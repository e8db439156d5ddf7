"""The page's routes over the real simulated services: what people see, what they do, and who may ask.

Over 300 lines: the page has many small promises.
"""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.sandbox.slack.model import BOT_USER
from bot.sandbox.world import CannotServe, World, serve
from bot.slack.commands import COMMANDS, VERBS

ADA, BEN, CHI = "U0ADA", "U0BEN", "U0CHI"
ORDERS, DESK, GENERAL = "C0ORDERS", "G0DESK", "C0GENERAL"
MUGS = "1ZX000010300000016"
HERE = "http://127.0.0.1:8808"
Json = dict[str, Any]


class Visitor:
    """A browser without a screen: asks and posts as the page does."""

    def __init__(self, world: World, client: httpx.AsyncClient) -> None:
        self.world = world
        self.client = client

    async def gets(self, path: str) -> Json:
        return dict((await self.client.get(path)).json())

    async def posts(self, what: str, **body: object) -> Json:
        return dict((await self.client.post(f"/sandbox/{what}", json=body)).json())

    async def reads(self, user: str, channel: str = ORDERS, thread: str = "") -> list[Json]:
        path = f"/sandbox/messages?user={user}&channel={channel}" + (f"&thread={thread}" if thread else "")
        return list((await self.gets(path))["messages"])


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    world = World()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=world.app), base_url=HERE) as client:
        yield Visitor(world, client)


def posted(visitor: Visitor, text: str = "news", **fields: Any) -> str:  # noqa: ANN401 - fields of any kind
    return visitor.world.slack.workspace.say(BOT_USER, ORDERS, text, **fields).ts


# ── who may ask ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["127.0.0.1:8808", "localhost:8808", "127.8.9.1", "[::1]:8808"])
async def test_whoever_names_this_machine_is_answered(visitor: Visitor, host: str) -> None:
    assert (await visitor.client.get("/", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "10.0.0.1:8808", "", "evil@x"])
@pytest.mark.parametrize("path", ["/", "/sandbox/state", "/slack/api/auth.test", "/trackingmore/v2/carriers"])
async def test_a_name_that_leads_here_from_elsewhere_is_refused(visitor: Visitor, host: str, path: str) -> None:
    assert (await visitor.client.get(path, headers={"host": host})).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "https://127.0.0.1:8808", "http://127.0.0.1:9999"])
async def test_another_sites_script_is_refused(visitor: Visitor, origin: str) -> None:
    answer = await visitor.client.post("/sandbox/clock", json={"pause": True}, headers={"origin": origin})

    assert answer.status_code == 403
    assert not visitor.world.clock.paused


async def test_the_pages_own_script_is_answered(visitor: Visitor) -> None:
    answer = await visitor.client.post("/sandbox/clock", json={"pause": True}, headers={"origin": HERE})

    assert answer.status_code == 200
    assert visitor.world.clock.paused


async def test_a_form_cannot_post(visitor: Visitor) -> None:
    answer = await visitor.client.post(
        "/sandbox/clock", content=b'{"pause": true}', headers={"content-type": "text/plain"}
    )

    assert answer.status_code == 415
    assert not visitor.world.clock.paused


async def test_the_page_runs_its_own_script_only(visitor: Visitor) -> None:
    answer = await visitor.client.get("/")

    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert "<script>" not in answer.text
    assert "style=" not in answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text


@pytest.mark.parametrize("name", ["page.css", "page.js", "dates.js", "parcel.svg", "lock.svg"])
async def test_all_that_the_page_needs_comes_from_here(visitor: Visitor, name: str) -> None:
    answer = await visitor.client.get(f"/static/{name}")

    assert answer.status_code == 200
    assert answer.headers["content-security-policy"]
    assert "https://" not in answer.text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("clock", {"speed": "fast"}),
        ("clock", {"speed": -1}),
        ("clock", {"step_seconds": -3600}),
        ("parcel", {"number": MUGS, "do": "lose"}),
        ("parcel", {"number": "1Z000", "do": "move"}),
        ("fault", {"service": "TrackingMore", "name": "no such", "value": True}),
        ("fault", {"service": "Slack", "name": "no such", "value": True}),
        ("type", {"user": ADA, "channel": ORDERS}),
        ("slack", {"do": "burn", "channel": ORDERS}),
        ("slack", {}),
    ],
)
async def test_what_makes_no_sense_gets_a_sentence(visitor: Visitor, what: str, body: Json) -> None:
    answer = await visitor.client.post(f"/sandbox/{what}", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("That was not understood: ")


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'"x"', b"\xff"])
async def test_a_body_that_is_no_object_gets_a_sentence(visitor: Visitor, body: bytes) -> None:
    answer = await visitor.client.post("/sandbox/type", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400


async def test_a_body_that_is_too_big_is_not_read(visitor: Visitor) -> None:
    answer = await visitor.client.post("/sandbox/type", json={"text": "x" * 70_000})

    assert answer.status_code == 413


# ── what people see ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_people_see_the_conversations_they_are_in(visitor: Visitor) -> None:
    of_ben = [one["id"] for one in (await visitor.gets(f"/sandbox/state?user={BEN}"))["channels"]]
    of_chi = [one["id"] for one in (await visitor.gets(f"/sandbox/state?user={CHI}"))["channels"]]

    assert DESK in of_ben
    assert DESK not in of_chi
    assert (await visitor.client.get(f"/sandbox/messages?user={CHI}&channel={DESK}")).status_code == 404


async def test_the_state_tells_who_is_there_and_how_things_stand(visitor: Visitor) -> None:
    visitor.world.clock.pause()

    state = await visitor.gets("/sandbox/state")

    assert [one["name"] for one in state["users"]] == ["Ada", "Ben", "Chi"]
    assert state["bot"] == {"connected": False, "how": "none", "words": "Waybill is not connected"}
    assert state["clock"] == {"now": visitor.world.clock.now().isoformat(), "speed": 1.0, "paused": True}
    assert state["quota"] == "412"
    assert not any(one["value"] for one in state["faults"])
    assert MUGS in [one["number"] for one in state["parcels"]]


async def test_an_address_for_requests_counts_as_a_connection_until_nobody_answers_there() -> None:
    world = World(request_url="http://127.0.0.1:9/slack/events")

    before = world.page.screen.state(ADA)["bot"]
    await world.slack.type(user=ADA, channel=ORDERS, text="/track")

    assert before["connected"]
    assert world.page.screen.state(ADA)["bot"]["words"] == "No answer at http://127.0.0.1:9/slack/events"


async def test_a_card_is_shown_with_the_number_of_its_replies(visitor: Visitor) -> None:
    card = posted(visitor, "Blue mugs")
    posted(visitor, "in transit", thread_ts=card)
    last = posted(visitor, "out for delivery", thread_ts=card)

    (shown,) = await visitor.reads(ADA)

    assert (shown["ts"], shown["text"], shown["replies"]) == (card, "Blue mugs", 2)
    assert "<b>2 replies</b>" in shown["html"]
    assert f'data-stamp="{last.partition(".")[0]}" data-format="{{ago}}"' in shown["html"]
    assert [one["text"] for one in await visitor.reads(ADA, thread=card)] == [
        "Blue mugs",
        "in transit",
        "out for delivery",
    ]


async def test_a_reply_that_was_also_sent_to_the_channel_says_so_in_both_places(visitor: Visitor) -> None:
    card = posted(visitor, "Blue *mugs*")
    posted(visitor, "delivered", thread_ts=card, broadcast=True)

    in_channel = (await visitor.reads(ADA))[1]["html"]
    in_thread = (await visitor.reads(ADA, thread=card))[1]["html"]

    assert "Replied to a thread: " in in_channel
    assert f'data-thread="{card}">Blue mugs</button>' in in_channel
    assert "Also sent to the channel" in in_thread


async def test_a_private_answer_is_seen_and_dismissed_by_its_reader_only(visitor: Visitor) -> None:
    ts = posted(visitor, "for your eyes", only_for=ADA)

    seen_by_ben = await visitor.reads(BEN)
    tried = await visitor.posts("dismiss", user=BEN, channel=ORDERS, ts=ts)
    (seen_by_ada,) = await visitor.reads(ADA)
    await visitor.posts("dismiss", user=ADA, channel=ORDERS, ts=ts)

    assert seen_by_ben == []
    assert "error" in tried
    assert "Only visible to you" in seen_by_ada["html"]
    assert await visitor.reads(ADA) == []


async def test_a_message_for_all_cannot_be_dismissed(visitor: Visitor) -> None:
    ts = posted(visitor)

    assert "error" in await visitor.posts("dismiss", user=ADA, channel=ORDERS, ts=ts)
    assert len(await visitor.reads(ADA)) == 1


async def test_a_name_is_not_repeated_over_each_line_that_a_person_says(visitor: Visitor) -> None:
    await visitor.posts("type", user=ADA, channel=ORDERS, text="hello")
    await visitor.posts("type", user=ADA, channel=ORDERS, text="anybody?")
    await visitor.posts("type", user=BEN, channel=ORDERS, text="yes")

    assert ["compact" in one["html"] for one in await visitor.reads(ADA)] == [False, True, False]


async def test_only_the_words_of_others_are_news(visitor: Visitor) -> None:
    async def latest() -> str:
        state = await visitor.gets(f"/sandbox/state?user={ADA}")
        return str(next(one["latest"] for one in state["channels"] if one["id"] == ORDERS))

    await visitor.posts("type", user=ADA, channel=ORDERS, text="hello")
    posted(visitor, "psst", only_for=ADA)
    before = await latest()
    news = posted(visitor)

    assert before == ""
    assert await latest() == news


# ── what people do ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_command_that_nobody_takes_gets_slackbots_private_answer(visitor: Visitor) -> None:
    done = await visitor.posts("type", user=ADA, channel=ORDERS, text="/track list")

    assert done["delivery"]["failed"] == "dispatch_failed"
    assert [one["name"] for one in await visitor.reads(ADA)] == ["Slackbot"]
    assert await visitor.reads(BEN) == []


async def test_a_button_that_nobody_takes_says_so_to_the_one_who_pressed(visitor: Visitor) -> None:
    button = {
        "type": "button",
        "action_id": "a",
        "value": "archive P-1",
        "text": {"type": "plain_text", "text": "Archive"},
    }
    ts = posted(visitor, "card", blocks=[{"type": "actions", "block_id": "b", "elements": [button]}])

    done = await visitor.posts(
        "press", user=ADA, channel=ORDERS, ts=ts, action_id="a", block_id="b", value="archive P-1"
    )

    assert "dispatch_failed" in done["error"]
    (delivery,) = (await visitor.gets("/sandbox/deliveries"))["deliveries"]
    assert (delivery["kind"], delivery["error"]) == ("interactive", "dispatch_failed")


async def test_what_slacks_client_would_not_let_one_do_is_refused(visitor: Visitor) -> None:
    answer = await visitor.client.post("/sandbox/type", json={"user": CHI, "channel": DESK, "text": "hi"})

    assert answer.status_code == 409
    assert answer.json() == {"error": f"{CHI} is not in {DESK}."}


async def test_the_bot_is_invited_and_removed_and_a_channel_archived(visitor: Visitor) -> None:
    async def general() -> Json:
        state = await visitor.gets(f"/sandbox/state?user={ADA}")
        return dict(next(one for one in state["channels"] if one["id"] == GENERAL))

    assert not (await general())["has_bot"]
    await visitor.posts("slack", do="invite", channel=GENERAL)
    assert (await general())["has_bot"]
    await visitor.posts("slack", do="remove", channel=GENERAL)
    assert not (await general())["has_bot"]
    await visitor.posts("slack", do="archive", channel=GENERAL)
    assert (await general())["archived"]
    await visitor.posts("slack", do="unarchive", channel=GENERAL)
    assert not (await general())["archived"]


async def test_the_clock_is_sped_up_paused_stepped_and_resumed(visitor: Visitor) -> None:
    clock = visitor.world.clock

    await visitor.posts("clock", pause=True)
    before = clock.now()
    stepped = await visitor.posts("clock", step_seconds=10_800)
    resumed = await visitor.posts("clock", speed=600, resume=True)

    assert stepped["now"] == (before + timedelta(hours=3)).isoformat()
    assert (resumed["speed"], resumed["paused"]) == (600, False)


async def test_a_parcel_is_moved_and_brought_to_its_end(visitor: Visitor) -> None:
    async def mugs() -> Json:
        state = await visitor.gets("/sandbox/state")
        return dict(next(one for one in state["parcels"] if one["number"] == MUGS))

    visitor.world.clock.pause()
    before = await mugs()
    await visitor.posts("parcel", number=MUGS, do="move")
    moved = await mugs()
    await visitor.posts("parcel", number=MUGS, do="finish")
    finished = await mugs()

    assert before["where"] != moved["where"]
    assert (finished["status"], finished["words"], finished["next"]) == ("delivered", "Delivered", "")


@pytest.mark.parametrize(
    ("service", "name"),
    [
        *[("TrackingMore", name) for name in ("down", "hang", "slow", "rate_limited", "quota_gone", "key_refused")],
        *[("Slack", name) for name in ("busy", "down", "late")],
    ],
)
async def test_a_fault_is_switched_on_and_off(visitor: Visitor, service: str, name: str) -> None:
    async def stands() -> object:
        state = await visitor.gets("/sandbox/state")
        return next(one["value"] for one in state["faults"] if (one["service"], one["name"]) == (service, name))

    assert await stands() is False
    await visitor.posts("fault", service=service, name=name, value=True)
    assert await stands() is True
    await visitor.posts("fault", service=service.lower(), name=name, value=False)
    assert await stands() is False


async def test_a_busy_slack_answers_429_and_a_refused_key_4001(visitor: Visitor) -> None:
    await visitor.posts("fault", service="slack", name="busy", value=True)
    await visitor.posts("fault", service="trackingmore", name="key_refused", value=True)

    slack = await visitor.client.post("/slack/api/auth.test", headers={"authorization": "Bearer xoxb-sandbox-0001"})
    answer = await visitor.client.get(
        "/trackingmore/v2/trackings/getuserinfo", headers={"Trackingmore-Api-Key": "sandbox-key-0001"}
    )

    assert (slack.status_code, slack.headers["retry-after"]) == (429, "3")
    assert answer.json()["meta"]["code"] == 4001


async def test_calls_are_listed_the_newest_first(visitor: Visitor) -> None:
    await visitor.client.post("/slack/api/auth.test", headers={"authorization": "Bearer xoxb-sandbox-0001"})
    await visitor.client.get("/trackingmore/v2/carriers", headers={"Trackingmore-Api-Key": "sandbox-key-0001"})
    await visitor.client.post("/slack/api/auth.test", headers={"authorization": "Bearer wrong"})

    slack = (await visitor.gets("/sandbox/calls?service=slack"))["calls"]
    provider = (await visitor.gets("/sandbox/calls?service=trackingmore"))["calls"]

    assert [(one["what"], one["answer"]) for one in slack] == [("auth.test", "invalid_auth"), ("auth.test", "ok")]
    assert [(one["what"], one["answer"]) for one in provider] == [("GET /v2/carriers", "200")]
    assert len((await visitor.gets("/sandbox/calls"))["calls"]) == 3
    assert len((await visitor.gets("/sandbox/calls?service=slack&most=1"))["calls"]) == 1


async def test_a_call_that_made_something_was_taken_and_a_refused_one_was_not(visitor: Visitor) -> None:
    faults = visitor.world.trackingmore.faults
    faults.rate_limits = False

    async def add() -> None:
        await visitor.client.post(
            "/trackingmore/v2/trackings/post",
            json={"tracking_number": MUGS, "carrier_code": "ups"},
            headers={"Trackingmore-Api-Key": "sandbox-key-0001"},
        )

    await add()
    await add()
    faults.existing_is_201 = True
    await add()

    calls = (await visitor.gets("/sandbox/calls?service=trackingmore"))["calls"]
    assert [(one["answer"], one["ok"]) for one in calls] == [("201", True), ("4016", False), ("200", True)]


# ── what is hinted at ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_every_hint_is_a_command_that_the_bot_or_slack_knows(visitor: Visitor) -> None:
    hints = [one["usage"].split() for one in (await visitor.gets("/sandbox/state"))["commands"]]

    assert all(word in VERBS for command, word in hints if command == "/track")
    assert [word for command, word in hints if command != "/track"] == ["@waybill"]


async def test_every_subcommand_has_a_hint(visitor: Visitor) -> None:
    hints = [one["usage"] for one in (await visitor.gets("/sandbox/state"))["commands"]]

    assert {f"/track {one.name}" for one in COMMANDS} <= set(hints)


# ── what comes by itself ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_stream_begins_with_the_state_and_goes_on_with_what_changes(visitor: Visitor) -> None:
    visitor.world.clock.pause()
    news = visitor.world.page.news(ADA)
    first = await anext(news)

    posted(visitor, "for Ben", only_for=BEN)
    visitor.world.slack.workspace.say(BEN, DESK, "psst")
    told = {await anext(news), await anext(news)}
    await news.aclose()  # type: ignore[attr-defined] # an async generator, typed as what it is used for

    assert json.loads(first.partition("data: ")[2])["clock"]["paused"]
    assert any(one.startswith("event: state\n") and "psst" not in one for one in told)
    assert f'event: messages\ndata: {{"channel": "{DESK}"}}\n\n' in told


async def test_the_stream_ends_when_the_server_does(visitor: Visitor) -> None:
    news = visitor.world.page.news(ADA)
    await anext(news)

    visitor.world.page.close()

    assert [one async for one in news] == []


# ── where it is served ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.test", "::"])  # noqa: S104 - it is refused
async def test_it_is_served_to_this_machine_only(host: str) -> None:
    with pytest.raises(CannotServe, match="this machine only"):
        await serve(World(), host=host, port=0)
