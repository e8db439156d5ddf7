"""The main job, by both ways in: follow a parcel, hear what changes, act with buttons."""

from tests.e2e.stage import BEN, RETURNS, Stage

UPS = "1ZX000010300000016"


async def test_a_parcel_is_followed_told_of_marked_and_archived(stage: Stage) -> None:
    await stage.types(f'/track add {UPS} "Blue mugs"')
    card = await stage.sees("Blue mugs", UPS, "Exception", private=False)

    await stage.moves_until(UPS, "pickup")
    await stage.sees("Out for delivery", thread=card["ts"])

    await stage.presses("Exception", card)
    await stage.sees("<@U0ADA> marked it *exception*", thread=card["ts"])
    await stage.sees("UPS says: 🛵 Out for delivery", private=False)

    await stage.presses("Return to carrier status", card)
    await stage.sees("<@U0ADA> returned it to the carrier's status", thread=card["ts"])

    await stage.presses("Archive", card, user=BEN)
    await stage.sees("<@U0BEN> archived it", thread=card["ts"])

    await stage.types("/track quota")
    await stage.sees("411", private=True)


async def test_a_second_channel_follows_for_nothing(stage: Stage) -> None:
    await stage.types(f"/track add {UPS}")
    await stage.sees(UPS, "Archive", private=False)

    await stage.types(f"/track add {UPS}", channel=RETURNS)
    await stage.sees(UPS, "Archive", channel=RETURNS, private=False)

    assert (await stage.state())["quota"] == "411"
