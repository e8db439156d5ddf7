"""What docs/promises.md promises has a test, and what a test proves is promised there."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parents[2]
PROMISE = re.compile(r"^- \*\*([RHS]\d+)\*\* ([A-Z].*?\.)$(?=\n\n|\n- |\n#)", re.MULTILINE | re.DOTALL)


def listed() -> list[tuple[str, str]]:
    """Return the promises of the page: number and sentence."""
    return PROMISE.findall((TOP / "docs/promises.md").read_text(encoding="utf-8"))


def marked() -> dict[str, list[str]]:
    """Return the numbers that tests are marked with, and in which files."""
    found: dict[str, list[str]] = {}
    for path in sorted((TOP / "tests").rglob("*.py")):
        for number in numbers_in(path.read_text(encoding="utf-8")):
            found.setdefault(number, []).append(path.relative_to(TOP).as_posix())
    return found


def numbers_in(code: str) -> Iterator[str]:
    """Yield what is given to `pytest.mark.promise` in this code."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.promise":
            yield from (str(ast.literal_eval(argument)) for argument in node.args)


def test_every_promise_has_a_test_and_every_marked_test_a_promise() -> None:
    promised, proved = {number for number, _ in listed()}, marked()

    differences = [
        *(
            f"{number} is promised, and no test is marked with it"
            for number in sorted(promised - proved.keys(), key=place)
        ),
        *(
            f"{number} is not promised, and marks a test in {', '.join(proved[number])}"
            for number in sorted(proved.keys() - promised, key=place)
        ),
    ]
    assert "\n".join(differences) == ""


def test_every_number_stands_once_and_in_order_with_one_sentence_of_its_own() -> None:
    page = (TOP / "docs/promises.md").read_text(encoding="utf-8")
    numbers = [number for number, _ in listed()]

    assert numbers == re.findall(r"^- \*\*(\w+)\*\*", page, re.MULTILINE)
    assert [number for number, times in Counter(numbers).items() if times > 1] == []
    assert numbers == sorted(numbers, key=place)
    assert [number for number, sentence in listed() if ". " in sentence.replace("\n", " ")] == []


def test_a_mark_is_found_wherever_it_stands() -> None:
    code = """
pytestmark = pytest.mark.promise("R1")

@pytest.mark.promise("R7", "R8")
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.promise("S6"))])
async def test_x(): ...
"""

    assert sorted(numbers_in(code)) == ["R1", "R7", "R8", "S6"]


def place(number: str) -> tuple[int, int]:
    """Return where a number stands in the list."""
    return "RHS".index(number[0]), int(number[1:])
