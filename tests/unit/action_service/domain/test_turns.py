"""How many attempts of a category a process rings for before it has heard of the others."""

from action_service.domain.turns import Window


def test_no_more_are_taken_than_the_limit_leaves_room_for() -> None:
    window = Window(100)
    assert [window.take(60), window.take(60), window.take(1)] == [60, 40, 0]


def test_what_the_server_has_makes_room_or_takes_it() -> None:
    window = Window(100)
    window.take(100)
    window.ask()
    window.learn(30)
    assert window.take(100) == 70
    window.ask()
    window.learn(100)
    assert window.take(1) == 0


def test_what_was_added_while_the_server_was_asked_counts_still() -> None:
    window = Window(100)
    window.take(10)
    window.ask()
    window.take(50)
    window.learn(10)
    assert window.take(100) == 40


def test_those_who_have_waited_find_room_beyond_the_limit() -> None:
    window = Window(100)
    assert window.take(200) == 100
    assert window.take_turns(200) == 25
    assert window.take(1) == 0
    assert window.take_turns(1) == 0


def test_more_than_the_limit_in_the_stream_is_no_debt() -> None:
    window = Window(100)
    window.ask()
    window.learn(500)
    assert window.take_turns(10) == 0
    window.ask()
    window.learn(0)
    assert window.take(10) == 10


def test_it_is_quiet_until_something_is_added_and_once_all_is_gone() -> None:
    window = Window(100)
    assert window.is_quiet
    window.take(1)
    assert not window.is_quiet
    window.ask()
    window.learn(0)
    assert window.is_quiet
