"""A person at the sandbox's page: what they see there, and what they do with mouse and keyboard."""

from playwright.async_api import ConsoleMessage, Locator, Page, Request, Response, expect

PATIENCE = 15_000  # milliseconds until something that has to appear is given up
CLIENT_ERROR = 400
expect.set_options(timeout=PATIENCE)


class Person:
    """Ada, unless she says that she is somebody else. `troubles` is what the browser complained of."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.troubles: list[str] = []
        self.messages = page.get_by_role("log", name="Messages")
        self.thread = page.get_by_role("complementary", name="Thread")
        self.carrier = page.get_by_role("complementary", name="Carrier")
        self.confirmation = page.get_by_role("dialog")
        page.set_default_timeout(PATIENCE)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    async def opens(self, channel: str) -> None:
        """Open the page in a channel, and wait until the bot is there."""
        await self.page.goto(f"{self.url}/?channel={channel}")
        await expect(self.page.locator("#bot")).to_have_text("Waybill is connected by Socket Mode")

    async def types(self, words: str) -> None:
        """Type into the composer, and send."""
        composer = self.page.get_by_role("textbox", name="Message")
        await composer.fill(words)
        await composer.press("Enter")

    async def goes_to(self, channel: str) -> None:
        """Choose a conversation on the left."""
        await self.conversation(channel).click()

    async def becomes(self, name: str) -> None:
        """Say who sits here now."""
        await self.page.get_by_label("You are").select_option(name)

    async def opens_thread(self, card: Locator) -> None:
        """Open a card's thread."""
        await card.locator("button.thread").click()

    async def lets_carrier_scan(self, number: str, scan: str) -> None:
        """Press "Next scan", and see in the panel what the carrier says."""
        await self.carrier.get_by_role("button", name=f"Next scan: {number}").click()
        await expect(self.parcel(number)).to_contain_text(scan)

    # ── where to look ──────────────────────────────────────────────────────────────────────────────────────────

    def message(self, words: str) -> Locator:
        """Return the newest message in the channel that says this to everybody."""
        return self.messages.locator("article:not(.private)").filter(has_text=words).last

    def private(self, words: str) -> Locator:
        """Return the newest message that says this to nobody else."""
        return self.messages.locator("article.private").filter(has_text=words).last

    def conversation(self, name: str) -> Locator:
        """Return a conversation in the list on the left."""
        return self.page.get_by_role("navigation").get_by_role("button", name=name)

    def parcel(self, number: str) -> Locator:
        """Return a parcel in the carrier's panel."""
        return self.carrier.locator(f'li[data-number="{number}"]')

    # ── what the browser says ──────────────────────────────────────────────────────────────────────────────────

    def _console(self, said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:  # a breach of the content security policy is an error here, too
            self.troubles.append(said.text)

    def _failed(self, request: Request) -> None:
        closed = "/stream?" in request.url and request.failure == "net::ERR_ABORTED"  # by the page: another one opens
        if not closed:
            self.troubles.append(f"{request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= CLIENT_ERROR:
            self.troubles.append(f"{response.url}: {response.status}")
