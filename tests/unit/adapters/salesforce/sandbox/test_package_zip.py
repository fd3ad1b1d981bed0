"""Metadata packages: what a zip asks for."""

import io
import zipfile

import pytest

from adapters.salesforce.sandbox.package_zip import PackageError, read_package

NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
MANIFEST = f"<Package {NAMESPACE}><types><members>Lead.A__c</members><members>Lead.B__c</members><name>CustomField</name></types></Package>"
LEAD = (
    f"<CustomObject {NAMESPACE}><fields><fullName>A__c</fullName><type>Checkbox</type></fields>"
    "<fields><fullName>B__c</fullName><type>Text</type></fields></CustomObject>"
)


def _zip(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def test_package_names_its_fields_whatever_folder_it_lies_in() -> None:
    for root in ("", "unpackaged/"):
        package = read_package(_zip(**{f"{root}package.xml": MANIFEST, f"{root}objects/Lead.object": LEAD}))

        assert package.named == {"CustomField": frozenset({"Lead.A__c", "Lead.B__c"})}
        assert [(part.kind, part.full_name) for part in package.parts] == [
            ("CustomField", "Lead.A__c"),
            ("CustomField", "Lead.B__c"),
        ]
        assert package.parts[1].metadata["type"] == "Text"


def test_destructive_changes_name_what_goes() -> None:
    empty = f"<Package {NAMESPACE}></Package>"

    package = read_package(_zip(**{"package.xml": empty, "destructiveChanges.xml": MANIFEST}))

    assert package.removed == (("CustomField", "Lead.A__c"), ("CustomField", "Lead.B__c"))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"not a zip", "could not be read"),
        (_zip(**{"objects/Lead.object": LEAD}), "No package.xml found"),
        (_zip(**{"package.xml": "<Package>"}), "Error parsing file"),
        (_zip(**{"package.xml": "<!DOCTYPE x [<!ENTITY a 'b'>]><Package/>"}), "document type is not allowed"),
    ],
)
def test_zip_that_is_no_package_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(PackageError, match=words):
        read_package(raw)
