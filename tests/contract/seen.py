"""What can be read and pressed in a message of the simulated Slack."""

from bot.sandbox.slack import Message


def buttons(message: Message) -> dict[str, dict[str, str]]:
    """Return what can be pressed in a message: label to what Slack wants to know."""
    return {
        element["text"]["text"]: {
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "value": element["value"],
        }
        for block in message.blocks
        for element in block.get("elements", ())
        if element["type"] == "button"
    }


def shown(message: Message) -> str:
    """Return all that is written in a message's blocks, a line each; the text when there are none."""
    texts: list[str] = []
    for block in message.blocks:
        pieces = [block.get("text"), *block.get("elements", ()), block.get("accessory")]
        for piece in pieces:
            if piece and piece["type"] in {"mrkdwn", "plain_text"}:
                texts.append(piece["text"])
            elif piece and piece["type"] == "button":
                texts.append(f"[{piece['text']['text']}]")
    return "\n".join(texts) or message.text


def everything(message: Message) -> str:
    """Return all that can be read of a message, on a screen or a lock screen."""
    return f"{message.text}\n{shown(message)}"
