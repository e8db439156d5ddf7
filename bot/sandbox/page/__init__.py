"""The workspace in a browser: what people see of the simulated Slack, and the panel that moves the carriers."""

from bot.sandbox.page.routes import Page

__all__ = ["Page"]
