"""Nothing crosses from one workspace to another, whatever a hundred thousand operations do."""

import pytest

from tests.unit.slack.two_workspaces import live


@pytest.mark.promise("S3")
@pytest.mark.parametrize("seed", range(100))
async def test_nobody_sees_a_word_of_another_workspace_for_long(seed: int) -> None:
    looked = await live(1000 + seed, operations=1000)

    assert looked > 50_000
