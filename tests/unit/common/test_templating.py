import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import templating
from common.templating import (
    ContextNeeds,
    TemplateRenderError,
    TemplateSyntaxError,
    check,
    has_markup,
    needs,
    render,
)
from common.templating.environment import HTML

CONTEXT: dict[str, Any] = {
    "contact": {
        "first_name": "Ann",
        "last_name": None,
        "nickname": "",
        "tags": ["vip", "new"],
        "owner": None,
        "custom_fields": {"plan": "pro", "score": 7, "rate": 1.5, "active": True, "a b": "x"},
    },
    "steps": {"hook": {"response": {"id": 3, "items": [{"sku": "a"}, {"sku": "b"}]}}},
    "event": {"size": "large"},
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("no merge fields", "no merge fields"),
        ("Hi {{contact.first_name}}!", "Hi Ann!"),
        ("{{ contact.first_name | upcase | append: '!' }}", "ANN!"),
        ("{{ contact.custom_fields.score }}", "7"),
        ("{{ contact.custom_fields.score | plus: 5 }}", "12"),
        ("{{ contact.custom_fields.rate }}", "1.5"),
        ("{{ contact.custom_fields.active }}", "true"),
        ("{{ contact.custom_fields['a b'] }}", "x"),
        ("{{ contact.nickname }}", ""),
        ("{{ contact.tags | join: ', ' }}", "vip, new"),
        ("{{ contact.tags.size }}{{ contact.tags.first }}{{ contact.tags[1] }}", "2vipnew"),
        ("{{ event.size }}", "large"),
        ("{{ steps.hook.response.id }}", "3"),
        ("{{ steps['hook'].response.items[1].sku }}", "b"),
        ("{{ steps.hook.response.items | map: 'sku' | join: '+' }}", "a+b"),
        ("{{ steps.hook.response }}", '{"id":3,"items":[{"sku":"a"},{"sku":"b"}]}'),
        ("{{ contact.tags | json }}", '["vip","new"]'),
        ("{% for t in contact.tags %}{{ forloop.index }}{{ t }} {% endfor %}", "1vip 2new "),
        ("{% assign n = contact.first_name %}{{ n | downcase }}", "ann"),
        ("{% capture x %}{{ contact.first_name }}{% endcapture %}{{ x }}{{ x }}", "AnnAnn"),
        ("{% raw %}{{ contact.first_name }}{% endraw %}", "{{ contact.first_name }}"),
        ("{% comment %}hidden{% endcomment %}shown", "shown"),
        ("{% for i in (1..3) %}{{ i }}{% endfor %}", "123"),
        ("{{ '2026-01-26T10:00:00Z' | date: '%d.%m.%Y' }}", "26.01.2026"),
        ("{{ 0 | date: '%Y-%m-%d %H' }}", "1970-01-01 00"),
        ("{{ '<b>bold</b> <!-- x --> & <script>no</script>text' | strip_html }}", "bold  & text"),
        ("{{ 'a < b' | strip_html }}", "a < b"),
    ],
)
def test_rendering(source: str, expected: str) -> None:
    assert check(source) == ()
    assert render(source, CONTEXT) == expected


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("{{ contact.company }}", "contact.company"),
        ("{{ contact.last_name }}", "contact.last_name"),
        ("{{ contact.owner.email }}", "contact.owner.email"),
        ("{{ contact.first_name.length }}", "contact.first_name.length"),
        ("{{ contact.company | upcase }}", "contact.company"),
        ("{{ contact.company | size }}", "contact.company"),
        ("{{ 'x' | append: contact.company }}", "contact.company"),
        ("{{ contact.tags[9] }}", "contact.tags[9]"),
        ("{{ user.name }}", "user.name"),
        ("{{ steps['my step'].output }}", 'steps["my step"].output'),
        ("{% for t in contact.labels %}{{ t }}{% endfor %}", "contact.labels"),
        ("{% for i in (1..contact.count) %}{{ i }}{% endfor %}", "contact.count"),
        ("{% assign c = contact.company %}{{ c }}", "contact.company"),
        ("{{ contact.custom_fields.missing | plus: 1 }}", "contact.custom_fields.missing"),
    ],
)
def test_a_missing_value_is_an_error_that_names_it(source: str, path: str) -> None:
    with pytest.raises(TemplateRenderError) as failed:
        render(source, CONTEXT)
    assert failed.value.missing == path
    assert path in str(failed.value)


@pytest.mark.parametrize(
    "source",
    [
        '{{ contact.company | default: "there" }}',
        '{{ contact.last_name | default: "there" }}',
        '{{ contact.nickname | default: "there" }}',
        '{{ contact.company | upcase | default: "there" }}',
        '{{ contact.owner.email.domain | default: "there" }}',
        "{% if contact.company %}no{% else %}there{% endif %}",
        "{% if contact.company == nil %}there{% endif %}",
        "{% unless contact.company contains 'x' %}there{% endunless %}",
        "{% if contact.custom_fields.count > 3 %}no{% else %}there{% endif %}",
        "{% case contact.company %}{% when 'x' %}no{% else %}there{% endcase %}",
        "{% assign c = contact.company | default: 'there' %}{{ c }}",
    ],
)
def test_default_and_conditions_take_missing_values(source: str) -> None:
    assert render(source, CONTEXT) == "there"


def test_default_keeps_zero_and_allows_false() -> None:
    context = {"contact": {"zero": 0, "no": False}}
    assert render("{{ contact.zero | default: 5 }}", context) == "0"
    assert render("{{ contact.no | default: 5 }}", context) == "5"
    assert render("{{ contact.no | default: 5, allow_false: true }}", context) == "false"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ contact.first_name", "'{{' is never closed by '}}' (line 1, column 1)"),
        ("a\nbc {% if x", "'{%' is never closed by '%}' (line 2, column 4)"),
        ("{% if contact.x %}", "expected tag endif, found end of expression (at the end)"),
        ("{% raw %}{{", "'raw' is never ended"),
        ("{{ }}", "line 1"),
        ("{{ contact..x }}", "line 1"),
        ("{% nosuchtag %}", "unexpected tag 'nosuchtag'"),
        ("{% include 'x' %}", "unexpected tag 'include'"),
        ("{% render 'x' %}", "unexpected tag 'render'"),
        ("{{ contact.x | upcas }}", "unknown filter 'upcas'; did you mean 'upcase'?"),
        ("{{ contact.x | safe }}", "unknown filter 'safe'"),
        ("{{ contat.x }}", "unknown value 'contat'; did you mean 'contact'?"),
        ("{{ now }}", "values start with contact, workflow"),
        ("{{ forloop.index }}", "unknown value 'forloop'"),
        ("{% assign contact = 1 %}", "'contact' is a reserved name"),
        ("{{ x" + " " * 200 + "}}", "blanks in a row"),
        ("{{ contact" + ".a" * 2000 + "}}", "longer than 2,000 characters"),
        ("{{ '" + "x" * templating.MAX_SOURCE + "' }}", "longer than 262,144 characters"),
        ("a\n{{ contact.x | }}", "line 2"),
        ("{{ contact.limit }}", "'limit' is a word of Liquid; write it as [\"limit\"] (line 1"),
        ("{{ contact.x | append }}", "filter 'append' needs 1 argument"),
        ("{{ contact.x | upcase: 1 }}", "filter 'upcase' takes at most 0 arguments, not 1"),
        ("{{ contact.x | default: 1, alow: 2 }}", "filter 'default' has no argument of that name"),
        ("{% if true %}" * 40 + "{% endif %}" * 40, "nesting"),
    ],
)
def test_problems_are_found_without_rendering(source: str, problem: str) -> None:
    assert any(problem in found for found in check(source)), check(source)


def test_some_templates_read_more_than_others() -> None:
    source = "{{ course.name }} for {{ contact.first_name }}"
    assert check(source, ["course"]) == ()
    (found,) = check(source)
    assert found.startswith("unknown value 'course'")
    (found,) = check("{{ curse.name }}", ["course"])
    assert found.endswith("did you mean 'course'?")


def test_all_problems_come_at_once() -> None:
    assert len(check("{{ contat.x | upcas }}{{ wrkflow.y | dwncase }}")) == 4


def test_a_template_that_cannot_be_read_is_not_rendered() -> None:
    with pytest.raises(TemplateSyntaxError):
        render("{{ contact.first_name", CONTEXT)
    with pytest.raises(TemplateRenderError, match="outside of a loop"):
        render("{% break %}", CONTEXT)


HOSTILE = {
    "unclosed": "{{" * 100_000,
    "unclosed tags": "{%" * 100_000,
    "blanks": "{{" + " " * 200_000,
    "blanks in a tag": "{% if" + " " * 200_000,
    "raw": "{% raw %}" * 20_000,
    "many tags": '{{ "a" }}' * 20_000,
    "nested loops": "{% for i in (1..5000) %}{% for j in (1..5000) %}{% endfor %}{% endfor %}",
    "many loops": "{% for i in (1..5000) %}{% endfor %}" * 5_000,
    "empty blocks": "{% for i in (1..5000) %}"
    + "{% if false %}{% endif %}" * 5_000
    + "{% endfor %}",
    "long range": "{% for i in (1..99999999999) offset: 99999999998 %}x{% endfor %}",
    "dynamic range": "{% for i in (1..contact.huge) %}x{% endfor %}",
    "range in a filter": "{{ (1..5000) | join: ',' }}{{ (-9999999..1) | join: ',' }}",
    "replace": '{{ "x" ' + '| replace: "x", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" ' * 30 + "}}",
    "replace nothing": '{{ contact.long | replace: "", contact.long }}',
    "append": '{% assign a = "x" %}'
    "{% for i in (1..100) %}{% assign a = a | append: a %}{% endfor %}{{ a }}",
    "join": "{{ contact.list | join: contact.long }}",
    "uniq": "{% for i in (1..1000) %}{{ contact.list | uniq | size }}{% endfor %}",
    "large filters": "{% for i in (1..5000) %}{{ contact.long | upcase | escape | size }}"
    "{% endfor %}",
    "large comparisons": "{% for i in (1..5000) %}{% if contact.long contains 'aab' %}{% endif %}"
    "{% endfor %}",
    "large output": "{% for i in (1..5000) %}{{ contact.long }}{% endfor %}",
    "capture": "{% for i in (1..5000) %}{% capture x %}{{ contact.long }}{% endcapture %}"
    "{% endfor %}",
    "big numbers": "{{ 9" + " | times: 999999999999" * 80 + " }}",
    "strftime": '{{ "now" | date: "%999999999d" }}{{ contact.long | date: "%Y" }}',
    "strip_html": "{{ contact.tags_soup | strip_html }}",
    "locals": "".join(f"{{% assign a{i} = contact.long %}}" for i in range(5000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_templates_end_soon(name: str) -> None:
    context = {
        "contact": {
            "long": "a" * 200_000,
            "list": [f"{n}" for n in range(5000)],
            "huge": 10**12,
            "tags_soup": "<" * 200_000 + ">",
        }
    }
    source = HOSTILE[name]
    started = time.process_time()
    check(source)
    try:
        text = render(source, context)
    except templating.TemplateError as error:
        text = str(error)
    assert len(text) <= 1 << 20
    assert time.process_time() - started < 4


def test_nothing_of_python_can_be_reached() -> None:
    class Secretive:
        password = "hunter2"

    for source in (
        "{{ contact.it.password }}",
        "{{ contact.it.__class__ }}",
        "{{ contact.__class__ }}",
        "{{ contact.first_name.upper }}",
        "{{ contact.keys }}",
        "{{ contact.list | map: '__class__' | join }}",
    ):
        context = {"contact": {"it": Secretive(), "first_name": "x", "list": [Secretive()]}}
        with pytest.raises(TemplateRenderError):
            render(source, context)


EVIL = "<script>alert(\"1\")</script>\n<img src=x onerror='y'>"
# With these the author's own template says which text becomes markup.
ARGUMENTS = {
    "append": ': "<b>"',
    "prepend": ': "<b>"',
    "replace": ': "alert", contact.evil',
    "replace_first": ': "alert", contact.evil',
    "replace_last": ': "alert", contact.evil',
    "remove": ': "alert"',
    "remove_first": ': "alert"',
    "remove_last": ': "alert"',
    "join": ': "<br>"',
    "split": ': "a"',
    "truncate": ": 500",
    "truncatewords": ": 500",
    "slice": ": 0, 500",
    "date": ': "%Y"',
    "concat": ": contact.list",
    "default": ": contact.evil",
    "map": ': "x"',
}


@pytest.mark.parametrize("name", sorted(HTML.filters))
@pytest.mark.parametrize("value", ["contact.evil", "contact.list"])
def test_html_escapes_whatever_the_filter(name: str, value: str) -> None:
    context = {"contact": {"evil": EVIL, "list": [EVIL, {"x": EVIL}]}}
    source = f"<p>{{{{ {value} | {name}{ARGUMENTS.get(name, '')} }}}}</p>"
    try:
        text = render(source, context, html=True)
    except TemplateRenderError:
        return
    assert "<script" not in text
    assert "<img" not in text
    assert text.startswith("<p>")


def test_html_escapes_values_and_nothing_else() -> None:
    context = {"contact": {"name": "<Ann & Bob>"}}
    source = "<b>{{ contact.name }}</b>{{ contact.none | default: '<i>x</i>' }}"
    assert render(source, context, html=True) == "<b>&lt;Ann &amp; Bob&gt;</b><i>x</i>"
    assert render("<b>{{ contact.name }}</b>", context) == "<b><Ann & Bob></b>"


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("plain", set[str]()),
        ("{{ contact.email }}", {"contact.email"}),
        ("{{ contact.email }}{{ contact['email'] }}", {"contact.email"}),
        ("{{ contact.custom_fields.plan | default: workflow.name }}",
         {"contact.custom_fields.plan", "workflow.name"}),
        ("{{ contact }}{{ contact.email }}", {"contact"}),
        ("{{ contact[user.field] }}", {"contact", "user.field"}),
        ("{{ contact.tags[0] }}{{ contact.tags.size }}", {"contact.tags"}),
        ("{% for t in contact.tags %}{{ t.name }}{% endfor %}", {"contact.tags"}),
        ("{% assign c = contact %}{{ c.email }}", {"contact"}),
        ("{% if event.type == 'x' %}{{ steps.hook.status }}{% endif %}",
         {"event.type", "steps.hook.status"}),
        ("{% for i in (1..contact.n) %}{{ i }}{% endfor %}", {"contact.n"}),
        ("{% capture x %}{{ account.name }}{% endcapture %}", {"account.name"}),
    ],
)  # fmt: skip
def test_needs(source: str, paths: set[str]) -> None:
    assert {".".join(path) for path in needs(source).paths} == paths


def test_needs_say_what_the_engine_asks() -> None:
    found = needs("{{ contact.email }}{{ steps.hook.response.id }}{{ steps.b.x }}")
    assert found.roots == {"contact", "steps"}
    assert found.contact_paths == {"email"}
    assert not found.whole_contact
    assert found.uses_steps
    assert not found.uses_event
    assert found.step_names == {"hook", "b"}
    assert needs("{{ steps[contact.x].y }}").step_names is None
    both = found | ContextNeeds.of([("contact",), ("event", "type")])
    assert both.whole_contact
    assert both.uses_event
    assert both.contact_paths == {""}


_NAMES = ["first_name", "tags", "custom_fields", "plan", "response", "hook", "x"]
_PATHS = st.tuples(
    st.sampled_from(["contact", "steps", "event", "user"]),
    st.lists(st.sampled_from(_NAMES), max_size=3),
).map(lambda path: ".".join([path[0], *path[1]]))
_PIECES = st.one_of(
    _PATHS.map(lambda path: f"{{{{ {path} | default: '-' }}}}"),
    _PATHS.map(lambda path: f"{{% if {path} %}}y{{% endif %}}"),
    _PATHS.map(lambda path: f"{{% for i in {path} %}}{{{{ i | default: '-' }}}}{{% endfor %}}"),
    _PATHS.map(lambda path: f"{{% assign v = {path} %}}{{{{ v.plan | default: '-' }}}}"),
    _PATHS.map(lambda path: f"{{{{ {path}.size | default: '-' }}}}"),
)


def _outcome(source: str, context: dict[str, Any]) -> str:
    try:
        return render(source, context)
    except TemplateRenderError as error:
        return str(error)


@given(st.lists(_PIECES, max_size=5).map("".join))
def test_the_part_of_the_context_that_is_needed_is_enough(source: str) -> None:
    part = needs(source).select(CONTEXT)
    assert _outcome(source, part) == _outcome(source, CONTEXT)


@given(st.text(alphabet="{}%|. 'ab\n-raw", max_size=60))
def test_any_text_is_either_rendered_or_refused(source: str) -> None:
    problems = check(source)
    try:
        text = render(source, CONTEXT)
    except TemplateSyntaxError as error:
        assert problems == error.problems
    except TemplateRenderError:
        assert has_markup(source)
    else:
        assert has_markup(source) or text == source
