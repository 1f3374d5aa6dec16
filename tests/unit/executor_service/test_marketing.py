"""What marketing email shows beside its message: address and links, once, wherever the template
has not placed them."""

import pytest

from executor_service.marketing import Imprint
from executor_service.ports import EmailBody

URL = "https://treadle.example.com/u/abc_DEF-123"
IMPRINT = Imprint("Bakery <Öz> Ltd.\n1 Main Street", URL)


def html(markup: str) -> str:
    return IMPRINT.on(EmailBody(markup, "")).html


def text(words: str) -> str:
    return IMPRINT.on(EmailBody("", words)).text


def test_a_plain_body_gets_all_of_it() -> None:
    made = IMPRINT.on(EmailBody("<p>Hi</p>", "Hi"))
    assert made.html == (
        '<p>Hi</p><p style="font-size:12px;line-height:1.5">'
        "Bakery &lt;Öz&gt; Ltd.<br>1 Main Street<br>"
        f'<a href="{URL}" clicktracking="off">Unsubscribe</a> &middot; '
        f'<a href="{URL}#preferences" clicktracking="off">Preferences</a></p>'
    )
    assert made.text == (
        "Hi\n\n-- \nBakery <Öz> Ltd.\n1 Main Street\n"
        f"Unsubscribe: {URL}\nPreferences: {URL}#preferences\n"
    )


@pytest.mark.parametrize("end", ["</body></html>", "</BODY >\n</html>"])
def test_it_stands_before_the_end_of_the_body(end: str) -> None:
    made = html(f"<html><body><p>Hi, &lt;/body&gt;</p>{end}")
    before, after = made.rsplit("</a></p>", 1)
    assert after == end
    assert before.startswith("<html><body><p>Hi, &lt;/body&gt;</p>")


def test_a_part_that_is_empty_stays_so() -> None:
    assert IMPRINT.on(EmailBody("", "Hi")).html == ""
    assert IMPRINT.on(EmailBody("<p>Hi</p>", "")).text == ""


def test_what_the_template_places_is_not_repeated() -> None:
    placed = (
        f'<p>Bakery &lt;Öz&gt; Ltd., 1 Main Street <a href="{URL}">Stop</a> '
        f'<a href="{URL}#preferences">Choose</a></p>'
    )
    assert html(placed) == placed
    words = f"Bakery <Öz> Ltd.\r\n1 Main Street\nStop: {URL} Choose: {URL}#preferences"
    assert text(words) == words


def test_only_what_is_missing_is_added() -> None:
    assert html(f'<a href="{URL}">Stop</a>').count("Unsubscribe") == 0
    made = html(f'<a href="{URL}#preferences">Choose</a>')
    assert made.count("Unsubscribe") == 1
    assert made.count("Preferences") == 0
    assert "1 Main Street" in made


def test_a_comment_shows_nothing() -> None:
    assert "Unsubscribe" in html(f"<!-- {URL} {URL}#preferences 1 Main Street -->")


def test_headers_are_those_of_rfc_8058() -> None:
    assert IMPRINT.headers == {
        "List-Unsubscribe": f"<{URL}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
