"""Has the org push: deploys an outbound message and a flow for each object whose saves count, to the address that receiving gave.

Station: `hotlead receive --install`. The plan is a trial deployment, which tells of each component whether it is new or differs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from adapters.salesforce.catalog import Catalogue
from adapters.salesforce.client import SalesforceClient
from adapters.salesforce.deploy import Deployer, components, refused
from adapters.salesforce.org import Org
from adapters.salesforce.provision import DIFFERENT, MISSING, PRESENT
from adapters.salesforce.push_files import PushedObject, push_zip
from connector.ports.crm import InstallStep

OBJECTS = ("Lead", "Contact", "Task", "Event", "CampaignMember", "Opportunity")
"""Whose saves are told. An account's change moves nobody at once, and imports of them are large."""


class PushInstall:
    """Plans and makes what pushes, in one org."""

    def __init__(self, *, client: SalesforceClient, catalogue: Catalogue, org: Org) -> None:
        self._client = client
        self._catalogue = catalogue
        self._org = org
        self._deployer = Deployer(client=client)

    def plan(self, *, url: str) -> tuple[InstallStep, ...]:
        """Every message and flow with its state now; what the org would not take is `different`, with its reason."""
        told = self._told(url)
        return (*self._tried(told), *_unseen(told))

    def install(self, *, url: str) -> Iterator[InstallStep]:
        """Deploys what is new or differs, and gives each step as it is then. Raises CrmRefused where the org takes none of it."""
        told = self._told(url)
        plan = self._tried(told)
        if problems := [f"{step.what}: {step.detail}" for step in plan if step.state == DIFFERENT]:
            raise self._deployer.failure("the deployment was refused, nothing was changed", problems)
        wanted = {step.what for step in plan if step.state == MISSING}
        to_deploy = [one for one in told if wanted & {_message_words(one), _flow_words(one)}]
        if to_deploy:
            left = refused(self._deployer.deploy(self._zip(to_deploy), check_only=False))
            if left:
                raise self._deployer.failure(
                    "the deployment was refused, nothing was changed", [f"{name}: {why}" for name, why in left.items()]
                )
        yield from (replace(step, state=PRESENT, detail="") for step in plan)
        yield from _unseen(told)

    def _told(self, url: str) -> tuple[PushedObject, ...]:
        """The objects that the API user sees: what it cannot read, it need not be told of."""
        user = self._org.identity().user
        seen = [name for name in OBJECTS if self._catalogue.describe(name) is not None]
        return tuple(PushedObject(name=name, url=url, user=user) for name in seen)

    def _zip(self, told: list[PushedObject] | tuple[PushedObject, ...]) -> bytes:
        return push_zip(told, api_version=self._client.settings.api_version)

    def _tried(self, told: tuple[PushedObject, ...]) -> tuple[InstallStep, ...]:
        """By a deployment without effect."""
        if not told:
            return ()
        result = self._deployer.deploy(self._zip(told), check_only=True)
        problems = refused(result)
        there = {str(one.get("fullName")): one for one in components(result, "componentSuccesses")}
        if problems and not set(problems) & {name for one in told for name in (one.message, one.flow)}:
            raise self._deployer.failure("the trial deployment was refused", [f"{name}: {why}" for name, why in problems.items()])
        return tuple(
            _step(what, name=name, there=there, problems=problems)
            for one in told
            for what, name in ((_message_words(one), one.message), (_flow_words(one), one.flow))
        )


def _step(what: str, *, name: str, there: Mapping[str, Mapping[str, object]], problems: Mapping[str, str]) -> InstallStep:
    if name in problems:
        return InstallStep(what=what, state=DIFFERENT, detail=problems[name])
    told = there.get(name, {})
    if told.get("created"):
        return InstallStep(what=what, state=MISSING)
    if told.get("changed"):
        return InstallStep(what=what, state=MISSING, detail="is there and differs (another address, or changed by hand); it is put back")
    return InstallStep(what=what, state=PRESENT)


def _unseen(told: tuple[PushedObject, ...]) -> Iterator[InstallStep]:
    seen = {one.name for one in told}
    for name in OBJECTS:
        if name not in seen:
            yield InstallStep(what=f"outbound message and flow of {name}", state=DIFFERENT, detail="the API user cannot see the object")


def _message_words(told: PushedObject) -> str:
    return f"outbound message {told.message} (record ids only)"


def _flow_words(told: PushedObject) -> str:
    return f"flow {told.flow} (sends it after each save that is not hotlead's own)"
