"""The simulator is held to the example answers: the same keys, values of the same types."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from bot.sandbox.trackingmore.codes import envelope, http_status
from bot.sandbox.trackingmore.tables import ROUTES
from bot.sandbox.trackingmore.wire import MILESTONES
from tests.unit.sandbox.trackingmore.conftest import MUGS, Json, Service

RECORDINGS = Path(__file__).parents[3] / "recordings" / "trackingmore"
NOWHERE = {"tracking_number": "RR000000062DE", "carrier_code": "deutsche-post"}
CROSS_BORDER = {"tracking_number": "LK500027191CN", "carrier_code": "china-post"}
UNKNOWN = {"tracking_number": "700000001017", "carrier_code": "china-ems"}  # FedEx has it
# What stands in some answers only: set by people, told by some carriers, or known after the first scan only.
NOT_ALWAYS = {
    *("destination_country", "destination_code", "customer_phone", "logistics_channel", "lastEvent", "lastUpdateTime"),
    *("checkpoint_status", "substatus", "ItemNode", "singed_by", "weight", "packageStatus"),
    *("ActType", "CountryIso2", "City", "RawStatus", "substatus_num", "status_info", "company"),
}

ASKED: dict[str, tuple[str, Json]] = {
    "01-trackings-post": ("POST /trackings/post", None),
    "01b-trackings-post-minimal": ("POST /trackings/post", MUGS),
    "02-trackings-get-single": ("GET /trackings/china-post/LK500027191CN/en", None),
    "03-trackings-put": ("PUT /trackings/china-post/LK500027191CN", None),
    "04-trackings-delete-single": ("DELETE /trackings/china-post/LK500027191CN", None),
    "05-trackings-batch": ("POST /trackings/batch", [CROSS_BORDER, MUGS]),
    "05b-trackings-batch-all-failed": ("POST /trackings/batch", [CROSS_BORDER]),
    "06-trackings-get-list": ("GET /trackings/get?limit=25&archived=false", None),
    "06b-trackings-get-list-empty": ("GET /trackings/get?limit=25&page=9", None),
    "07-trackings-updatemore": ("POST /trackings/updatemore", [CROSS_BORDER | {"status": "7"}, NOWHERE]),
    "08-trackings-delete-batch": ("POST /trackings/delete", [CROSS_BORDER]),
    "08b-trackings-delete-batch-partial": ("POST /trackings/delete", [CROSS_BORDER, NOWHERE]),
    "09-trackings-realtime": ("POST /trackings/realtime", MUGS),
    "09b-trackings-realtime-two-legs": ("POST /trackings/realtime", CROSS_BORDER),
    "09c-trackings-realtime-nothing": ("POST /trackings/realtime", UNKNOWN),
    "10-trackings-update-carrier": ("POST /trackings/update", CROSS_BORDER | {"update_carrier_code": "china-ems"}),
    "11-trackings-getuserinfo": ("GET /trackings/getuserinfo", None),
    "12-trackings-getstatusnumber": ("GET /trackings/getstatusnumber", None),
    "13-trackings-notupdate": ("POST /trackings/notupdate", [CROSS_BORDER, NOWHERE]),
    "14-trackings-remote": ("POST /trackings/remote", [{"country": "JP", "postcode": f"{n}"} for n in range(40)]),
    "15-trackings-costtime": ("POST /trackings/costtime", None),
    "16-trackings-aircargo": ("POST /trackings/aircargo", None),
    "16b-trackings-aircargo-empty": ("POST /trackings/aircargo", None),
    "17-carriers": ("GET /carriers", None),
    "18-carriers-detect": ("POST /carriers/detect", None),
}


@pytest.mark.parametrize("name", ASKED)
async def test_an_operation_answers_in_the_shape_of_its_example(service: Service, name: str) -> None:
    recording = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    operation, body = ASKED[name]
    if not name.startswith("01"):
        await service.data("POST /trackings/post", CROSS_BORDER | {"title": "Phone cases", "order_id": "#1002"})
        service.passes(minutes=10)

    answer = await service.call(operation, json=body or recording["request"].get("body"))

    assert answer.status_code == recording["http_status"]
    assert differences(answer.json(), recording["response"]) == []


def test_every_operation_has_an_example() -> None:
    examples = {path.stem for path in RECORDINGS.glob("[0-9]*.json")}

    assert examples == set(ASKED)


async def test_a_refusal_is_written_as_in_the_examples() -> None:
    envelopes = json.loads((RECORDINGS / "errors.json").read_text(encoding="utf-8"))["envelopes"]

    for code, example in envelopes.items():
        assert envelope(int(code), []) == example["response"]
        assert http_status(int(code), "documented") == example["http_status"]


async def test_oddities_are_those_that_were_seen_in_real_answers(odd_service: Service) -> None:
    objects = [json.loads(path.read_text(encoding="utf-8"))["tracking"] for path in RECORDINGS.glob("object-*.json")]
    seen = types_of(objects)
    seen["destination_info"].add("list")  # an empty object as PHP writes it
    for number, route in ROUTES.items():
        key = {"tracking_number": number, "carrier_code": route.carrier}
        await odd_service.data("POST /trackings/post", key | {"customer_email": "buyer@example.com"})

    answers = []
    for _ in range(12):
        answers += (await odd_service.data("GET /trackings/get"))["items"]
        odd_service.passes(hours=20)

    told = types_of(answers)
    assert {path: types - seen[path] for path, types in told.items() if types - seen[path]} == {}
    assert told["customer_email"] == {"str", "list"}
    assert told["itemTimeLength"] == {"int", "str", "NoneType"}
    assert told["destination_info"] == {"dict", "list", "NoneType"}
    assert told["leg.milestone"] == {"str", "bool", "NoneType"}
    assert {len(point["Date"]) for answer in answers for point in checkpoints(answer)} == {16, 19}
    assert any(answer["updated_at"] and answer["updated_at"] < answer["created_at"] for answer in answers)
    assert any(next(iter(answer)) != "id" for answer in answers)
    assert "null" in {answer["title"] for answer in answers}


async def test_oddities_of_a_parcel_are_the_same_at_each_read(odd_service: Service) -> None:
    await odd_service.data("POST /trackings/batch", [MUGS, CROSS_BORDER])
    odd_service.passes(hours=1)

    pages = [(await odd_service.call("GET /trackings/get")).text for _ in range(3)]

    assert len(set(pages)) == 1


def differences(answer: Json, example: Json, path: str = "") -> list[str]:
    """Return where an answer has another shape than its example; null fits everything."""
    if answer is None or example is None:
        return []
    if kind(answer) != kind(example):
        return [f"{path} is {kind(answer)}, not {kind(example)}"]
    if isinstance(answer, list):
        pairs = zip(answer, example, strict=False)
        return [said for one, other in pairs for said in differences(one, other, f"{path}[]")]
    if not isinstance(answer, dict):
        return []
    if path == ".data" and any("-" in key for key in example):  # air waybills: keyed by their number
        return differences(list(answer.values()), list(example.values()), path)
    if path.endswith("flight_info"):
        return differences(list(answer.values()), list(example.values()), path)
    odd = (set(answer) ^ set(example)) - NOT_ALWAYS
    common = [key for key in answer if key in example]
    return [f"{path}: {key}" for key in sorted(odd)] + [
        said for key in common for said in differences(answer[key], example[key], f"{path}.{key}")
    ]


def kind(value: Json) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


def types_of(trackings: Iterable[Json]) -> dict[str, set[str]]:
    """Return the types of all fields of tracking objects, by their path; legs are as one, and so are milestones."""
    found: dict[str, set[str]] = defaultdict(set)

    def walk(value: Json, path: str) -> None:
        found[path].add(type(value).__name__)
        if isinstance(value, dict):
            for key, inner in value.items():
                name = "milestone" if key in MILESTONES else key
                walk(inner, re.sub("^(origin|destination)_info[.]", "leg.", f"{path}.{name}" if path else name))
        elif isinstance(value, list):
            for inner in value:
                walk(inner, path + "[]")

    for tracking in trackings:
        walk(tracking, "")
    return found


def checkpoints(answer: Json) -> list[Json]:
    legs = (answer.get("origin_info"), answer.get("destination_info"))
    return [point for leg in legs if isinstance(leg, dict) for point in leg["trackinfo"] or []]
