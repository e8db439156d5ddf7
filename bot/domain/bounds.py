"""What a request of Slack's is like at most: whatever exceeds it is none, whoever has sent it."""

REQUEST_MAX = 256 * 1024
"""Bytes."""
DEEPEST, MOST_FIELDS = 64, 200


def within_bounds(value: object) -> dict[str, object]:
    """Return the value, if it is an object that nests no deeper and is no wider than a request.

    Raises:
        ValueError: it is not.
    """
    layer = [value]
    for _ in range(DEEPEST):
        below: list[object] = []
        for one in layer:
            if isinstance(one, dict):
                if len(one) > MOST_FIELDS:
                    raise ValueError("too many fields")
                below += one.values()
            elif isinstance(one, list):
                below += one
        if not below:
            break
        layer = below
    else:
        raise ValueError("too deep")
    if not isinstance(value, dict):
        raise ValueError("no object")  # noqa: TRY004 - not the caller's type is wrong but what was sent
    return value
