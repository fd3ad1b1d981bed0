"""How Salesforce pushes: Outbound Messages, which a flow or a workflow rule sends as SOAP.

Station: Salesforce adapter, fulfils `Hooks`. The org cannot sign, so that the address holds a secret (the receiver compares it) and the
message must name our org. A deletion sends none. Source: "SOAP API Developer Guide", Outbound Messaging, seen 2026-11.
"""

from collections.abc import Iterator

from adapters.salesforce.message_reader import MalformedMessage, read_message
from adapters.salesforce.soql import is_id, is_name, long_id
from connector.ports.hooks import BadEvent, Hint, HookAnswer, HookFault, HookKeys, HookRefused, HookRequest

MOST_BYTES = 1_048_576

ACK = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    b"</soapenv:Body></soapenv:Envelope>"
)
"""Without `true` in it the org sends the message again, whatever the HTTP status."""


class SalesforceHooks:
    """Fulfils `Hooks`. Keeps nothing."""

    most_bytes: int = MOST_BYTES
    has_secret_path: bool = True

    def verify(self, request: HookRequest, *, keys: HookKeys) -> None:
        """Raises HookRefused unless the body is an Outbound Message of one of our orgs.

        The secret of the path is the receiver's to compare.
        """
        if len(request.body) > MOST_BYTES:
            raise HookRefused(HookFault.TOO_LARGE, status=413)
        try:
            message = read_message(request.body)
        except MalformedMessage:
            raise HookRefused(HookFault.MALFORMED, status=400) from None
        if not _is_ours(message.org, keys.accounts):
            raise HookRefused(HookFault.WRONG_ACCOUNT, status=403)

    def kept(self, body: bytes) -> bytes:
        """The body byte by byte, without its SessionId elements. Empty where it is no Outbound Message: nothing unknown is kept."""
        try:
            spans = read_message(body).session_spans
        except MalformedMessage:
            return b""
        for start, end in reversed(spans):
            body = body[:start] + body[end:]
        return body

    def answer(self) -> HookAnswer:
        """The acknowledgement that ends the org's tries."""
        return HookAnswer(status=200, body=ACK, content_type="text/xml; charset=utf-8")

    def split(self, body: bytes) -> Iterator[Hint | BadEvent]:
        """One hint a notification, in their order."""
        try:
            message = read_message(body)
        except MalformedMessage:
            yield BadEvent(place=0, reason="not an Outbound Message")
            return
        for place, told in enumerate(message.notifications):
            if not is_id(told.id):
                yield BadEvent(place=place, reason="no notification id")
            elif not is_name(told.kind) or "." in told.kind:
                yield BadEvent(place=place, reason="no kind of record")
            elif not is_id(told.record):
                yield BadEvent(place=place, reason="no record id")
            else:
                yield Hint(event=long_id(told.id), source=told.kind, record=long_id(told.record))


def _is_ours(org: str, accounts: tuple[str, ...]) -> bool:
    """Whether the org is one of ours, each in its form of 15 or of 18 characters."""
    is_whole = is_id(org) and org in (org[:15], long_id(org))
    return is_whole and long_id(org) in {long_id(account) for account in accounts if is_id(account)}
