"""What others repeat of our secrets is masked, and nothing else is."""

import pytest

from common.catalogue import SECRET_MASK as MASK
from executor_service.domain.outcome import JsonValue
from executor_service.secrets import Redactor


@pytest.mark.parametrize(
    ("secrets", "said", "told"),
    [
        ([], "nothing to hide", "nothing to hide"),
        (["s3cret"], "s3cret and S3CRET", f"{MASK} and S3CRET"),
        (["abcd", "abcdefgh"], "abcdefgh abcd", f"{MASK} {MASK}"),
        (["abc"], "abc is too short to tell", "abc is too short to tell"),
        (["a.c+"], "a.c+ abcc", f"{MASK} abcc"),
        (["Bearer tokentoken"], "Bearer for tokentoken", f"Bearer for {MASK}"),
        (["session=0123456789; x=1"], '{"session": "0123456789"}', f'{{"session": "{MASK}"}}'),
        (["pä sswörd"], "p%C3%A4%20ssw%C3%B6rd p%C3%A4+ssw%C3%B6rd", f"{MASK} {MASK}"),
        (['say "hi" now'], r'{"k": "say \"hi\" now"}', f'{{"k": "{MASK}"}}'),
    ],
)
def test_texts(secrets: list[str], said: str, told: str) -> None:
    assert Redactor(secrets).text(said) == told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (None, None),
        (True, True),
        (1234, MASK),
        (12345, 12345),
        (12.34, 12.34),
        ({"1234": ["1234", {"a": 1234}]}, {MASK: [MASK, {"a": MASK}]}),
    ],
)
def test_json(said: JsonValue, told: JsonValue) -> None:
    assert Redactor(["1234"]).json(said) == told
