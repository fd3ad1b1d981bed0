"""Public holidays put into a ladder's calendar, from the country it names."""

from dataclasses import replace
from datetime import datetime

from connector.core.ladder import Calendar
from connector.ports.errors import UsageError


def with_public_holidays(calendar: Calendar, now: datetime) -> Calendar:
    """The calendar with the public holidays of this year and the next off. Raises UsageError for a country that is not known."""
    if not calendar.country:
        return calendar
    # The calendars of all countries: loaded where a ladder names one, not by every command.
    import holidays

    try:
        days = holidays.country_holidays(calendar.country, years=(now.year, now.year + 1))
    except NotImplementedError as err:
        raise UsageError(
            f"The ladder's calendar names the country '{calendar.country}', whose public holidays are not known.",
            hint="Give an ISO code such as US or JP, or leave the country out and list the days off.",
        ) from err
    return replace(calendar, off=calendar.off | frozenset(days))
