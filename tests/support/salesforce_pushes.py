"""What tests of the Salesforce sandbox's Outbound Messages and acts ask and read. Station: tests, support."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from tests.support.push_receiver import Received, Receiver
from tests.support.served_salesforce import Served

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OUT = "{http://soap.sforce.com/2005/09/outbound}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
SF = "{urn:sobject.enterprise.soap.sforce.com}"
ACK = (
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    b"</soapenv:Body></soapenv:Envelope>"
)


def message(served: Served, listener: Receiver, **settings: Any) -> int:
    """The number of a new outbound message about leads."""
    body = {
        "target": f"{listener.url}/hooks/sf/secret",
        "object": "Lead",
        "fields": ["Email", "LastName", "HasOptedOutOfEmail"],
        **settings,
    }
    return int(served.control("POST", "pushes", body)["number"])


def flush(served: Served, advance_s: float = 0) -> dict[str, Any]:
    """The list of subscribers, once everything due after so many seconds was answered."""
    served.control("PUT", "clock", {"advance_s": advance_s})
    return dict(served.control("POST", "pushes/flush"))


def notifications(one: Received) -> ElementTree.Element:
    """The notifications element of an envelope."""
    (body,) = ElementTree.fromstring(one.body).findall(f"{SOAP}Body")
    (found,) = body.findall(f"{OUT}notifications")
    return found


def leads(listener: Receiver) -> list[tuple[str, str]]:
    """(notification id, record id) of everything sent so far."""
    return [
        (str(one.findtext(f"{OUT}Id")), str(one.findtext(f"{OUT}sObject/{SF}Id")))
        for received in listener.received
        for one in notifications(received).findall(f"{OUT}Notification")
    ]


def act(served: Served, **asked: Any) -> dict[str, Any]:
    """What a person's act gives."""
    return dict(served.control("POST", "acts", asked))


def all_rows(served: Served, record: str) -> list[dict[str, Any]]:
    """What queryAll knows of a lead."""
    return list(
        served.client.query_all(f"SELECT Id, IsDeleted, MasterRecordId FROM Lead WHERE Id = '{record}'", include_deleted=True)["records"]
    )
