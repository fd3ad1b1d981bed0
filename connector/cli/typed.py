"""What a person types after an option: settings as key=value, lists, and `@FILE` for what stands in a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from rich.markup import escape
from rich.prompt import Prompt

from connector.ports.crm import CrmKind, Setting
from connector.ports.errors import UsageError


class Ask(Protocol):
    """Asks whoever typed the command. `default` stands for no answer; empty: there must be one."""

    def __call__(self, question: str, *, secret: bool, default: str) -> str: ...


def ask_here(question: str, *, secret: bool, default: str) -> str:
    """Asks on this terminal."""
    return Prompt.ask(question, password=secret, default=default, show_default=bool(default))


def pairs(given: Sequence[str], *, folder: Path) -> Mapping[str, str]:
    """Settings by name. Raises UsageError where one has no `=`."""
    found = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"'--set {key}' has no value.", hint="Write --set key=value; @FILE as the value reads it from a file.")
        found[key.strip()] = value_of(value, folder=folder)
    return found


def value_of(text: str, *, folder: Path) -> str:
    """The value as typed, or what stands in the file that `@FILE` names (keys of many lines, secrets that no shell history should see).

    A relative path is one from `folder`, where the command was typed.
    """
    if not text.startswith("@"):
        return text
    return read_text(folder / text[1:], hint="Give the path of a UTF-8 text file after the @.").strip()


def addresses(text: str, *, folder: Path) -> tuple[str, ...]:
    """E-mail addresses in small letters: comma-separated, or one a line of `@FILE`."""
    words = value_of(text, folder=folder).replace(",", "\n").splitlines()
    return tuple(dict.fromkeys(w.strip().lower() for w in words if w.strip()))


def read_text(file: Path, *, hint: str) -> str:
    """The text of a file. Raises UsageError, with `hint`, where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as err:
        raise UsageError(f"{file} is not UTF-8 text.", hint=hint) from err
    except OSError as err:
        raise UsageError(f"{file} cannot be read: {err.strerror}.", hint=hint) from err


def complete(kind: CrmKind, *, given: Mapping[str, str], ask: Ask | None, folder: Path) -> Mapping[str, str]:
    """What was given, completed by asking for what is required and for secrets, where somebody is there to ask (None: nobody)."""
    known = {s.name: s for s in kind.settings}
    for name in given:
        if name not in known:
            raise UsageError(f"'{name}' is no setting of {kind.abilities.label}.", hint=f"Settings: {', '.join(known)}.")
    settings = dict(given)
    has_secret = any(known[n].secret for n in given)
    for setting in kind.settings:
        if setting.name not in settings and (setting.required or (setting.secret and ask is not None and not has_secret)):
            settings[setting.name] = value_of(_asked(setting, ask=ask), folder=folder)
            has_secret = has_secret or (setting.secret and bool(settings[setting.name]))
    return settings


def _asked(setting: Setting, *, ask: Ask | None) -> str:
    if ask is None:
        raise UsageError(f"The setting '{setting.name}' ({setting.label}) is missing.", hint=f"Give --set {setting.name}=… {setting.help}")
    question = setting.label + (f" [dim]({escape(setting.help)})[/]" if setting.help else "")
    answer = ask(question, secret=setting.secret, default=setting.default)
    return answer or setting.default
