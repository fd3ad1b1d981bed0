"""What query jobs and ingest jobs of Bulk API 2.0 have in common: how their CSV is laid out, and how a job moves on.

Station: Salesforce sandbox, below `bulk` and `bulk_ingest`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response

from adapters.salesforce.sandbox.errors import ApiRefusal

DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_AFTER = {"UploadComplete": "InProgress", "InProgress": "JobComplete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a job's CSV is laid out, in the API's words."""

    delimiter: str
    ending: str

    @classmethod
    def asked(cls, body: dict[str, Any]) -> Layout:
        """As the body that makes a job asks for it. Raises ApiRefusal for a delimiter or line ending that the API does not know."""
        delimiter, ending = str(body.get("columnDelimiter", "COMMA")), str(body.get("lineEnding", "LF"))
        if delimiter not in DELIMITERS or ending not in ENDINGS:
            raise ApiRefusal(400, "INVALIDENTITY", f"Unknown delimiter or line ending: {delimiter}, {ending}")
        return cls(delimiter=delimiter, ending=ending)

    def about(self) -> dict[str, Any]:
        """What the API tells of every job's CSV."""
        return {"concurrencyMode": "Parallel", "contentType": "CSV", "lineEnding": self.ending, "columnDelimiter": self.delimiter}

    def rows(self, text: str) -> list[list[str]]:
        """The rows of an upload, the head among them; empty lines are none."""
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[self.delimiter]) if row]

    def answer(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], headers: dict[str, str] | None = None) -> Response:
        """An answer with these rows below a head of columns, every cell in quotation marks."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=DELIMITERS[self.delimiter], lineterminator=ENDINGS[self.ending], quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        writer.writerows(rows)
        return Response(out.getvalue().encode(), 200, headers, content_type="text/csv; charset=UTF-8")


def moved_on(state: str) -> str:
    """The state after one more question: each moves a job on, so that a client has to wait for the end."""
    return _AFTER.get(state, state)
