"""Hours outside which the law of a place lets nobody be solicited, whatever a workflow says.

Rules for the United States: the federal one, and those of states that are stricter by the hour or
by the day. They are written for telephone solicitation; most cover text messages, and here all do.
Each row names its source and the day from which it is applied. States without a row have the
federal hours. The table is data, not advice: a law may change before it does (`REVIEWED`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

REVIEWED: Final = date(2026, 11, 23)


@dataclass(frozen=True, slots=True)
class Hours:
    """Wall times between which people may be reached: `opens` inclusive, `closes` exclusive."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The hours of a place, as a rule of `quiet_hours`; a day without hours is quiet throughout."""

    # ISO 3166-1 or 3166-2.
    region: str
    # From Monday to Sunday.
    week: tuple[Hours | None, ...]
    works_on_holidays: bool
    source: str
    effective: date

    def on(self, day: date) -> Hours | None:
        """The hours of a day."""
        if not self.works_on_holidays and day in us_holidays(day.year):
            return None
        return self.week[day.weekday()]

    def forbids(self, local: datetime) -> bool:
        """Whether nobody may be reached when the clock there shows `local`."""
        if local.date() < self.effective:
            return False
        hours = self.on(local.date())
        return hours is None or not hours.opens <= local.time() < hours.closes

    def openings(self, day: date) -> Sequence[time]:
        """The wall times of a day at which quiet may end."""
        hours = self.on(day)
        return () if hours is None else (hours.opens,)

    def words(self, day: date) -> str:
        """The rule as people read it, on a day."""
        hours = self.on(day)
        if hours is None:
            return f"no messages on this day in {self.region}"
        return f"allowed hours {hours.opens:%H:%M}-{hours.closes:%H:%M} in {self.region}"


def _hours(opens: int, closes: int) -> Hours:
    return Hours(time(opens), time(closes))


def _daily(opens: int, closes: int) -> tuple[Hours | None, ...]:
    return (_hours(opens, closes),) * 7


def _no_sundays(opens: int, closes: int) -> tuple[Hours | None, ...]:
    return (*(_hours(opens, closes),) * 6, None)


def _row(
    region: str,
    week: tuple[Hours | None, ...],
    source: str,
    effective: date = date(2000, 1, 1),
    *,
    holidays: bool = True,
) -> Ceiling:
    return Ceiling(region, week, holidays, source, effective)


FEDERAL: Final = _row("US", _daily(8, 21), "47 CFR 64.1200(c)(1); 16 CFR 310.4(c)")
STATES: Final = {
    row.region.removeprefix("US-"): row
    for row in (
        _row("US-AL", _no_sundays(8, 20), "Ala. Admin. Code 770-X-5-.17", holidays=False),
        _row("US-CT", _daily(9, 20), "Conn. Gen. Stat. 42-288a", date(2023, 10, 1)),
        _row("US-FL", _daily(8, 20), "Fla. Stat. 501.616(6)", date(2021, 7, 1)),
        _row("US-KY", _daily(10, 21), "Ky. Rev. Stat. 367.46955"),
        _row("US-LA", _no_sundays(8, 20), "La. Rev. Stat. 45:844.11 ff.", holidays=False),
        _row("US-MA", _daily(8, 20), "Mass. Gen. Laws 159C"),
        _row("US-MD", _daily(8, 20), "Md. Code Com. Law 14-4501 ff.", date(2024, 1, 1)),
        _row("US-MI", _daily(9, 21), "Mich. Comp. Laws 445.111 ff."),
        _row("US-MN", _daily(9, 21), "Minn. Stat. 325E.30"),
        _row("US-MS", _no_sundays(8, 20), "Miss. Code 77-3-701 ff.", holidays=False),
        _row("US-NM", _daily(9, 21), "N.M. Stat. 57-12-22"),
        _row("US-NV", _daily(9, 20), "Nev. Rev. Stat. 599B"),
        _row("US-OK", _daily(8, 20), "Okla. Stat. 15-775C.4", date(2022, 11, 1)),
        _row("US-PA", _daily(8, 21), "73 Pa. Stat. 2241 ff.", holidays=False),
        _row(
            "US-RI",
            (*(_hours(9, 18),) * 5, _hours(10, 17), None),
            "R.I. Gen. Laws 5-61-2(9), 5-61-3.6",
            holidays=False,
        ),
        _row("US-SD", _no_sundays(9, 21), "S.D. Codified Laws 37-30-28, 37-30A"),
        _row(
            "US-TX",
            (*(_hours(9, 21),) * 6, _hours(12, 21)),
            "Tex. Bus. & Com. Code 301.051; S.B. 140 (2025)",
        ),
        _row("US-UT", _no_sundays(8, 21), "Utah Code 13-25a-103", holidays=False),
        _row("US-WA", _daily(8, 20), "Wash. Rev. Code 80.36.390", date(2022, 6, 9)),
        _row("US-WY", _daily(8, 20), "Wyo. Stat. 40-12-301 ff."),
    )
}
# Those of states with a row. A number moves with its owner, so an area code says where somebody may
# be at home, not where they are.
_AREA_CODES: Final = {
    "AL": "205 251 256 334 659 938",
    "CT": "203 475 860 959",
    "FL": "239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904 941"
    " 954",
    "KY": "270 364 502 606 859",
    "LA": "225 318 337 504 985",
    "MA": "339 351 413 508 617 774 781 857 978",
    "MD": "227 240 301 410 443 667",
    "MI": "231 248 269 313 517 586 616 679 734 810 906 947 989",
    "MN": "218 320 507 612 651 763 924 952",
    "MS": "228 471 601 662 769",
    "NM": "505 575",
    "NV": "702 725 775",
    "OK": "405 539 572 580 918",
    "PA": "215 223 267 272 412 445 484 570 582 610 717 724 814 835 878",
    "RI": "401",
    "SD": "605",
    "TX": "210 214 254 281 325 346 361 409 430 432 469 512 621 682 713 726 737 806 817 830 832 903"
    " 915 936 940 945 956 972 979",
    "UT": "385 435 801",
    "WA": "206 253 360 425 509 564",
    "WY": "307",
}
_STATE_OF: Final = {code: state for state, codes in _AREA_CODES.items() for code in codes.split()}
_NAMES: Final = {
    "alabama": "AL",
    "connecticut": "CT",
    "florida": "FL",
    "kentucky": "KY",
    "louisiana": "LA",
    "massachusetts": "MA",
    "maryland": "MD",
    "michigan": "MI",
    "minnesota": "MN",
    "mississippi": "MS",
    "new mexico": "NM",
    "nevada": "NV",
    "oklahoma": "OK",
    "pennsylvania": "PA",
    "rhode island": "RI",
    "south dakota": "SD",
    "texas": "TX",
    "utah": "UT",
    "washington": "WA",
    "wyoming": "WY",
}
# With the territories, where federal law holds too.
_FEDERAL_REGIONS: Final = frozenset({"US", "PR", "VI", "GU", "AS", "MP"})


def ceilings_of(region: str, e164: str, state: str = "") -> tuple[Ceiling, ...]:
    """The rules for whoever has a number of `region` (ISO 3166-1).

    That of the number's area code, and that of the `state` the contact is known to live in, as a
    name or a postal code: both hold.
    """
    if region not in _FEDERAL_REGIONS:
        return ()
    given = state.strip().casefold()
    states = {_STATE_OF.get(e164[2:5], ""), _NAMES.get(given, given.upper())}
    return (FEDERAL, *(STATES[name] for name in sorted(states) if name in STATES))


@lru_cache
def us_holidays(year: int) -> frozenset[date]:
    """Federal holidays (5 U.S.C. 6103), and the days on which they are observed."""
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11)]
    fixed += [date(year, 12, 25), date(year + 1, 1, 1)]
    observed = [day + _OBSERVED.get(day.weekday(), timedelta(0)) for day in fixed]
    return frozenset((*fixed, *observed, *_movable(year)))


_OBSERVED: Final = {5: timedelta(days=-1), 6: timedelta(days=1)}


def _movable(year: int) -> Iterable[date]:
    monday, thursday = 0, 3
    for month, weekday, number in (
        (1, monday, 3),
        (2, monday, 3),
        (9, monday, 1),
        (10, monday, 2),
        (11, thursday, 4),
    ):
        first = date(year, month, 1)
        yield first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))
    last_of_may = date(year, 5, 31)
    yield last_of_may - timedelta(days=last_of_may.weekday())
