"""Short ways to write down fields: one function a kind of field, with the platform's defaults for that kind.

Station: Salesforce sandbox, values only.
"""

from __future__ import annotations

from typing import Any

from adapters.salesforce.sandbox.fields import Field, PickValue

READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False}


def picks(*values: str, default: str | None = None) -> tuple[PickValue, ...]:
    """Picklist values whose labels are the values themselves."""
    return tuple(PickValue(value=value, label=value, default=value == default) for value in values)


def label_of(name: str) -> str:
    """A label worked out of a field's API name: `LastModifiedDate` is "Last Modified Date"."""
    words = "".join(f" {char}" if char.isupper() else char for char in name).strip()
    return words.replace(" I D", " ID").removesuffix(" Id") + (" ID" if name.endswith("Id") else "")


def text(name: str, length: int, **more: Any) -> Field:
    """A text field."""
    return Field(name=name, label=more.pop("label", label_of(name)), type="string", length=length, **more)


def area(name: str, length: int = 32000, **more: Any) -> Field:
    """A long text: neither filterable nor sortable."""
    silent = {"filterable": False, "sortable": False, "groupable": False, "aggregatable": False}
    return Field(name=name, label=more.pop("label", label_of(name)), type="textarea", length=length, **(silent | more))


def street(name: str) -> Field:
    """A street: several lines, filterable."""
    return Field(name=name, label=label_of(name), type="textarea", length=255)


def email(name: str = "Email", length: int = 80, **more: Any) -> Field:
    """An e-mail address, looked up by as well."""
    return Field(name=name, label=label_of(name), type="email", length=length, id_lookup=True, **more)


def phone(name: str) -> Field:
    """A telephone number."""
    return Field(name=name, label=label_of(name), type="phone", length=40)


def url(name: str) -> Field:
    """A web address."""
    return Field(name=name, label=label_of(name), type="url", length=255)


def pick(name: str, values: tuple[PickValue, ...], *, length: int = 255, **more: Any) -> Field:
    """A picklist. A default among the values is given to new records."""
    default = next((value.value for value in values if value.default), None)
    return Field(
        name=name,
        label=more.pop("label", label_of(name)),
        type=more.pop("type", "picklist"),
        length=length,
        picks=values,
        default=more.pop("default", default),
        **more,
    )


def lookup(name: str, *references: str, relationship: str | None = None, **more: Any) -> Field:
    """A reference to a record of one of `references`."""
    return Field(
        name=name,
        label=more.pop("label", label_of(name)),
        type="reference",
        length=18,
        references=references,
        relationship=relationship or name.removesuffix("Id"),
        **more,
    )


def flag(name: str, *, default: bool = False, **more: Any) -> Field:
    """A checkbox: never null."""
    return Field(
        name=name,
        label=more.pop("label", label_of(name)),
        type="boolean",
        nillable=False,
        default=default,
        aggregatable=False,
        **more,
    )


def whole(name: str, digits: int = 8, **more: Any) -> Field:
    """A whole number."""
    return Field(name=name, label=more.pop("label", label_of(name)), type="int", precision=digits, **more)


def number(name: str, precision: int, scale: int, *, kind: str = "double", **more: Any) -> Field:
    """A decimal number; `kind` is double, currency or percent."""
    return Field(
        name=name,
        label=more.pop("label", label_of(name)),
        type=kind,
        precision=precision,
        scale=scale,
        groupable=False,
        **more,
    )


def day(name: str, **more: Any) -> Field:
    """A date."""
    return Field(name=name, label=more.pop("label", label_of(name)), type="date", **more)


def moment(name: str, **more: Any) -> Field:
    """A date and time."""
    return Field(name=name, label=more.pop("label", label_of(name)), type="datetime", groupable=False, **more)


def system_fields() -> tuple[Field, ...]:
    """The fields that every ordinary object has."""
    return (
        Field(
            name="Id",
            label="Record ID",
            type="id",
            length=18,
            nillable=False,
            id_lookup=True,
            case_sensitive=True,
            **READ_ONLY,
        ),
        flag("IsDeleted", label="Deleted", **READ_ONLY),
        moment("CreatedDate", nillable=False, **READ_ONLY),
        lookup("CreatedById", "User", nillable=False, **READ_ONLY),
        moment("LastModifiedDate", nillable=False, **READ_ONLY),
        lookup("LastModifiedById", "User", nillable=False, **READ_ONLY),
        moment("SystemModstamp", nillable=False, **READ_ONLY),
    )


def address(prefix: str = "") -> tuple[Field, ...]:
    """The parts of an address field, e.g. `MailingStreet` for the prefix `Mailing`."""
    return (
        street(f"{prefix}Street"),
        text(f"{prefix}City", 40),
        text(f"{prefix}State", 80, label=label_of(f"{prefix}State")),
        text(f"{prefix}PostalCode", 20),
        text(f"{prefix}Country", 80),
    )
