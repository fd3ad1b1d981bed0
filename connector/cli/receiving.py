"""Commands that let others send: `receive` for a CRM's pushes, `site` for first-party events."""

from typing import Annotated

import typer
from rich.markup import escape

from connector.cli.frame import PARTLY, SET_UP, Frame, frame_of, looking, writing
from connector.cli.tables import steps_table
from connector.cli.typed import value_of
from connector.flows.receiving import start_receiving, stop_receiving
from connector.flows.sites import KnownSite, change_site, make_site, remove_site, renew_secret
from connector.ports.crm import Crm, CrmKind, InstallStep

site = typer.Typer(
    name="site", help="Sites and products that send first-party events: make, change, list, remove them.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    app.command("receive", rich_help_panel=SET_UP)(receive)
    app.add_typer(site, rich_help_panel=SET_UP)


def receive(
    context: typer.Context,
    connection: Annotated[str, typer.Argument(help="The connection whose CRM is to push what changes.")],
    secret: Annotated[
        str, typer.Option("--secret", help="What the CRM signs with; @FILE reads a file. Asked for where it is needed and missing.")
    ] = "",
    new_address: Annotated[bool, typer.Option("--new-address", help="Make another secret address; the old one ends.")] = False,
    off: Annotated[bool, typer.Option("--off", help="Take no more pushes of this connection.")] = False,
    install: Annotated[bool, typer.Option("--install", help="Make what pushes in the CRM, where its API allows that.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --install: only show what would be made.")] = False,
) -> None:
    """Have a CRM push what changes, instead of only polling: prints the address and what to do in that CRM."""
    frame = frame_of(context)
    made_there: tuple[InstallStep, ...] = ()
    with writing(frame) as here:
        chosen = here.connections([connection])[0]
        kind = here.kinds[chosen.crm]
        if off:
            stop_receiving(store=here.store, vault=here.vault, connection=chosen)
            frame.say(f"[bold]{escape(connection)}[/] takes no more pushes; changes are polled.")
            frame.give({"connection": connection, "receiving": False})
            return
        made = start_receiving(
            store=here.store,
            vault=here.vault,
            kind=kind,
            connection=chosen,
            public_url=here.settings.public_url,
            secret=_secret(frame, kind=kind, given=secret, public_url=here.settings.public_url),
            new_path=new_address,
        )
        if install:
            made_there = _install(frame, crm=here.open(chosen), url=made.url, dry_run=dry_run)
    frame.say(f"[bold]{escape(connection)}[/] receives at:\n")
    frame.out.print(f"  {made.url}\n", markup=False, soft_wrap=True) if not frame.json else None
    if not made.signed:
        frame.say("Its last part is a secret: who knows it can have records read again. Treat it like a password.")
    if made_there and not dry_run:
        frame.say(f"{kind.abilities.label} pushes to it, as far as listed above.")
    else:
        frame.say(f"In {kind.abilities.label}, in this order:")
        for number, step in enumerate(kind.abilities.receiving, start=1):
            frame.say(f"  {number}. {escape(step)}")
    frame.say("\nPushes are taken while [bold]hotlead up[/] runs; what they may miss is still polled, every half hour.")
    told = {"connection": connection, "receiving": True, "url": made.url, "signed": made.signed, "steps": kind.abilities.receiving}
    frame.give({**told, "installed": made_there, "dry_run": dry_run} if install else told)
    if any(step.state == "different" for step in made_there):
        raise typer.Exit(PARTLY)


def _install(frame: Frame, *, crm: Crm, url: str, dry_run: bool) -> tuple[InstallStep, ...]:
    """The steps as they are then; empty where the CRM lets no program do it."""
    plan = crm.plan_push(url=url)
    missing = [step for step in plan if step.state == "missing"]
    if not plan:
        frame.say(f"{crm.abilities.label} lets no program set its pushes up; it is done by hand.")
        return ()
    frame.say(f"{len(plan) - len(missing)} of {len(plan)} there, {len(missing)} to make.")
    frame.show(steps_table(plan))
    if dry_run or not missing:
        return plan
    done = tuple(crm.install_push(url=url))
    frame.say(f"{sum(step.state == 'present' for step in done)} of {len(plan)} there now.")
    return done


def _secret(frame: Frame, *, kind: CrmKind, given: str, public_url: str) -> str:
    """What was given, or typed in where the CRM signs and somebody is there to ask. Empty keeps what is known."""
    if given:
        return value_of(given, folder=frame.folder)
    if kind.hooks.has_secret_path or frame.ask is None or not public_url:
        return ""
    question = f"Secret that {kind.abilities.label} signs with [dim](Enter keeps the one that is known)[/]"
    return value_of(frame.ask(question, secret=True, default=""), folder=frame.folder)


Name = Annotated[str, typer.Argument(help="Your name for it, such as www or product.")]
Origins = Annotated[
    list[str] | None, typer.Option("--origin", help="Where its pages live, such as https://www.example.com; once for each.")
]


@site.command("add")
def add(
    context: typer.Context,
    name: Name,
    origins: Origins = None,
    consent: Annotated[
        bool, typer.Option("--consent/--no-consent", help="Whether page views are taken only from visitors who agreed.")
    ] = True,
    test: Annotated[bool, typer.Option("--test", help="Its visitors are no real people.")] = False,
) -> None:
    """Make a site: a public key for its pages, a secret for its servers."""
    frame = frame_of(context)
    with writing(frame) as here:
        made = make_site(
            store=here.store,
            vault=here.vault,
            name=name,
            origins=origins or (),
            at=here.clock(),
            needs_consent=consent,
            production=not test,
        )
        url = here.settings.public_url
    frame.say(f"Site [bold]{name}[/] is made.")
    _show(frame, made, url=url)


@site.command("renew")
def renew(context: typer.Context, name: Name) -> None:
    """Give a site a new secret; the one before it still counts until the next renewal."""
    frame = frame_of(context)
    with writing(frame) as here:
        renewed = renew_secret(store=here.store, vault=here.vault, name=name)
        url = here.settings.public_url
    _show(frame, renewed, url=url)


@site.command("change")
def change(
    context: typer.Context,
    name: Name,
    origins: Origins = None,
    consent: Annotated[
        bool | None, typer.Option("--consent/--no-consent", help="Whether page views are taken only from visitors who agreed.")
    ] = None,
) -> None:
    """Change where a site's pages live, or whether visitors must have agreed."""
    frame = frame_of(context)
    with writing(frame) as here:
        changed = change_site(store=here.store, name=name, origins=origins, needs_consent=consent)
    frame.say(f"Site [bold]{name}[/]: {escape(', '.join(changed.origins)) or 'no pages'}; {_consent(needed=changed.needs_consent)}.")
    frame.give({"site": name, "origins": changed.origins, "needs_consent": changed.needs_consent})


@site.command("list")
def show_all(context: typer.Context) -> None:
    """The sites there are, without their secrets."""
    frame = frame_of(context)
    with looking(frame) as here, here.store.read() as tx:
        sites = tx.sites.all()
    for one in sites:
        frame.say(f"[bold]{one.name}[/]: {escape(', '.join(one.origins)) or 'no pages'}; {_consent(needed=one.needs_consent)}")
    if not sites:
        frame.say("There is no site yet: [bold]hotlead site add www --origin https://www.example.com[/].")
    frame.give({"sites": [{"name": s.name, "origins": s.origins, "public_key": s.public_key} for s in sites]})


@site.command("remove")
def remove(context: typer.Context, name: Name) -> None:
    """Refuse a site's events from now on; what they led to stays."""
    frame = frame_of(context)
    with writing(frame) as here:
        remove_site(store=here.store, name=name)
    frame.say(f"Events of [bold]{escape(name)}[/] are refused from now on.")
    frame.give({"site": name, "removed": True})


def _consent(*, needed: bool) -> str:
    return "page views only of visitors who agreed" if needed else "page views of everybody"


def _show(frame: Frame, known: KnownSite, *, url: str) -> None:
    """How its pages and its servers send."""
    address = url.rstrip("/") or "https://the.address.of.hotlead"
    consent = ' data-consent="required"' if known.site.needs_consent else ""
    script = f'<script async src="{address}/site.js" data-key="{known.site.public_key}"{consent}></script>'
    if known.site.origins:
        frame.say("In its pages, before </head>:\n")
        frame.out.print(f"  {script}\n", markup=False, soft_wrap=True) if not frame.json else None
    frame.say("Its servers sign with (Standard Webhooks), shown this once:\n")
    frame.out.print(f"  {known.secrets[0]}\n", markup=False, soft_wrap=True) if not frame.json else None
    frame.say(f"and send to [bold]POST {escape(address)}/events[/]; [bold]{escape(address)}/openapi.json[/] says how.")
    if not url:
        frame.say("[yellow]public_url is not set:[/] put the address under which your pages and servers reach hotlead in its place.")
    frame.give({"site": known.site.name, "public_key": known.site.public_key, "secret": known.secrets[0], "script": script})
