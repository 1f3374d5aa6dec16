"""The queries that docs/operations.md recommends, on the real schema."""

import re

import pytest
from sqlalchemy import text

from common.db import create_engine
from tests.support.deployments import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
QUERIES = [
    query.strip()
    for block in re.findall(r"```sql\n(.*?)```", PAGE, re.S)
    for query in block.split(";")
    if query.strip()
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.splitlines()[0].strip("- ."))
async def test_the_query_runs(query: str, database_url: str) -> None:
    engine = create_engine(database_url, search_path="public")
    async with engine.connect() as connection:
        rows = (await connection.execute(text(query))).all()
    await engine.dispose()
    # Of nothing there are no groups, and none is counted.
    assert "GROUP BY" in query or len(rows) == 1
    assert all(row[0] == 0 for row in rows)
