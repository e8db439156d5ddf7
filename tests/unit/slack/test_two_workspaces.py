"""Nothing crosses from one workspace to another."""

import pytest

from tests.unit.slack.two_workspaces import live


@pytest.mark.promise("S3")
@pytest.mark.parametrize("seed", range(4))
async def test_nobody_sees_a_word_of_another_workspace(seed: int) -> None:
    looked = await live(seed, operations=750)

    assert looked > 50_000
