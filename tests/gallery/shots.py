"""`python -m tests.gallery.shots [FOLDER]`: takes the pictures in docs/pictures, unattended.

A sandbox and a bot start as they do in the tests, people follow some parcels, and the browser takes pictures.
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright, expect

from tests.conftest import BROWSERS, QUIET
from tests.e2e.person import Person
from tests.e2e.stage import BEN, Stage

FOLDER = Path("docs/pictures")
MUGS, PARTS, CHAIR, TEA, INK = "1ZX000010300000016", "7000070103", "700000001017", "RB400013711GB", "09987000020033P"
FOLLOWED = {
    TEA: f'royal-mail {TEA} "Tea samples"',
    INK: f'dpd {INK} "Printer ink" order:1038',
    PARTS: f'dhl {PARTS} "Spare parts" order:1041',
    CHAIR: f'fedex {CHAIR} "Office chair" for:@ben',
    MUGS: f'ups {MUGS} "Blue mugs" order:1042',
}


def main(folder: Path) -> None:
    """Leave the pictures in the folder, and say how big they are."""
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(perform(folder))
    for picture in sorted(folder.glob("*.png")):
        sys.stdout.write(f"{picture}: {picture.stat().st_size // 1024} KB\n")


async def perform(folder: Path) -> None:
    """Start sandbox, bot and browser, and play the scene in them."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    with tempfile.TemporaryDirectory() as data:
        stage = Stage(Path(data))
        try:
            await stage.start()
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=path, args=list(QUIET))
                page = await browser.new_page(viewport={"width": 1440, "height": 900})
                await play(Person(page, stage.url), stage, folder)
        finally:
            await stage.stop()


async def play(ada: Person, stage: Stage, folder: Path) -> None:
    """Follow parcels until there is something to see, and take a picture at each good moment."""
    await ada.opens("C0ORDERS")
    await ada.page.get_by_label("You are").focus()  # no caret that blinks
    for number, words in FOLLOWED.items():
        await ada.types(f"/track add {words}")
        await expect(ada.message(number)).to_be_visible()
        await ada.carrier.get_by_role("button", name=f"Look now: {number}").click()
    await expect(ada.messages.locator("article.private")).to_have_count(len(FOLLOWED))
    await dismiss_all(ada, stage)
    await expect(ada.message("held by customs")).to_be_visible()
    await stage.moves_until(INK, "delivered")
    await expect(ada.message("✅ Delivered · Printer ink")).to_be_visible()
    await stage.moves_until(CHAIR, "undelivered")
    await expect(ada.message("Office chair")).to_contain_text("Delivery attempt failed")
    mugs = ada.message("Blue mugs")
    await stage.moves_until(MUGS, "pickup")
    await expect(mugs).to_contain_text("🛵 Out for delivery")
    await stage.types("The mugs come today, at last. I'll be at the front desk.", user=BEN)
    await expect(ada.message("front desk")).to_be_visible()
    await ada.messages.press("End")
    await expect(ada.message("front desk")).to_be_in_viewport()
    await ada.opens_thread(mugs)
    await expect(ada.thread).to_contain_text("Out For Delivery Today")
    await shoot(ada, folder / "sandbox.png")

    await ada.page.get_by_label("Close thread").click()
    await ada.types("/track add 9261290983497923666238")
    await expect(ada.private("fits FedEx and USPS")).to_be_visible()
    await ada.types("/track list")
    await expect(ada.private("5 parcels in this channel")).to_be_visible()
    await shoot(ada, folder / "private-answers.png")

    await dismiss_all(ada, stage)
    await ada.carrier.get_by_role("tab", name="Faults").click()
    await ada.carrier.get_by_label("Down (HTTP 502)").check()
    await ada.types('/track add 9400100000000010000010 "Sticker sheets"')
    await expect(ada.private("is not answering")).to_be_visible()
    await shoot(ada, folder / "provider-down.png")


async def dismiss_all(ada: Person, stage: Stage) -> None:
    """Dismiss what only Ada sees."""
    for one in await stage.messages():
        if one["ephemeral"]:
            await ada.messages.locator(f'[data-dismiss="{one["ts"]}"]').click()


async def shoot(ada: Person, path: Path) -> None:
    """Take a picture once nothing moves any more."""
    await ada.page.mouse.move(0, 0)
    await ada.page.evaluate("document.activeElement.blur()")
    await ada.page.screenshot(path=path, animations="disabled")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else FOLDER)
