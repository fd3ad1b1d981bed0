"""`hotlead up`: receivers, clock and jobs, until it is told to end."""

import os
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import typer
from rich.markup import escape

from connector.cli.frame import THEN, Frame, frame_of
from connector.cli.setting_up import set_up
from connector.settings import Settings, load_settings

ARRIVALS = {"push": "receives pushes", "feed": "follows its feed of changes", "polling": "polls"}
"""How a connection hears of changes at the soonest, for people."""


def add_to(app: typer.Typer) -> None:
    app.command("up", rich_help_panel=THEN)(up)
    app.command("work", rich_help_panel=THEN)(work_command)


def up(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on (default: 127.0.0.1, or the setting `host`).")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes a free one (default: 8686, or the setting `port`).")
    ] = None,
) -> None:
    """Stay up: receive what the CRMs push, poll what they do not, score and write back at once, and do the night's work."""
    from connector.cli.carrying import carry
    from connector.serving.logs import log_for_machines
    from connector.serving.supervisor import supervise
    from connector.serving.worker import open_serving

    frame = frame_of(context)
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = load_settings(data_dir=frame.data_dir, options=given)
    log_for_machines(settings.log_level)
    set_up(settings)
    plain = Settings(**settings.model_dump())
    supervise(plain, opening=partial(open_serving, plain, carry=carry), told=ReadyLines(frame=frame, settings=settings))
    frame.say("Ended. What was under way is put back and goes on with the next `hotlead up`.")


def work_command(
    context: typer.Context,
    threads: Annotated[
        int | None, typer.Option(min=1, max=64, help="Jobs side by side (default: 4, or the setting `job_threads`).")
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Show this process's figures to Prometheus there; 0 takes a free port (default: nowhere)."),
    ] = None,
    metrics_host: Annotated[str, typer.Option(help="Address to show them on; they ask for no token.")] = "127.0.0.1",
) -> None:
    """Take jobs of an installation on PostgreSQL, beside `hotlead up` and others, on this machine or any other."""
    from connector.serving.logs import log_for_machines
    from connector.serving.working import FiguresAt, Working, work

    frame = frame_of(context)
    settings = load_settings(data_dir=frame.data_dir)
    log_for_machines(settings.log_level)

    def told(said: Working) -> None:
        frame.say(f"Working as [bold]{escape(said.worker)}[/]. Ctrl-C ends it." + (f" Figures: {said.figures}" if said.figures else ""))
        frame.give({"ready": True, "worker": said.worker, "metrics": said.figures})

    figures = None if metrics_port is None else FiguresAt(host=metrics_host, port=metrics_port)
    work(settings, threads=threads or settings.job_threads, told=told, figures=figures)
    frame.say("Ended. What was under way goes on elsewhere.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyLines:
    """Says that a worker is ready: the addresses, what is connected, and what to do next where nothing is."""

    frame: Frame
    settings: Settings

    def __call__(self, said: Any) -> None:
        url = f"http://{self.settings.host}:{said.port}"
        frame = self.frame
        where = f"process {os.getpid()}, {escape(str(self.settings.data_dir))}"
        frame.say(f"[bold green]hotlead is up[/] at [bold]{url}[/] ({where}). Ctrl-C ends it.")
        frame.say(f"  How it stands: {url}/health   Figures: {url}/metrics")
        for one in said.connections:
            stands = f"[yellow]failing[/]: {escape(one.trouble)}" if one.trouble else f"{ARRIVALS[one.changes]}, live: {one.live}"
            frame.say(f"  [bold]{escape(one.name)}[/] ({one.crm}): {stands}")
        if not said.connections:
            frame.say(
                "Nothing is connected yet. In another terminal: [bold]hotlead connect salesforce[/] or [bold]hotlead connect hubspot[/]."
            )
        elif all(one.changes == "polling" and not one.trouble for one in said.connections):
            frame.say("Changes are polled. To have them pushed: [bold]hotlead receive NAME[/].")
        frame.give({"ready": True, "url": url, "pid": os.getpid(), "worker": said.pid, "connections": said.connections})
