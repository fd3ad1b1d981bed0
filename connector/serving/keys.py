"""What a process shows of the keys it knows, so that no key seals before every process can open with it; and waiting until that is so."""

import time
from collections.abc import Callable, Mapping
from hashlib import sha256

from connector.bootstrap import Installation
from connector.flows.rotate_key import knows_fact, reads_fact, who_lacks
from connector.ports.errors import SecretsError
from connector.ports.inbox import Worker
from connector.serving.names import machine_name

ASKED_EVERY_S = 0.5


def require_key(here: Installation) -> None:
    """Raises SecretsError where the key is missing, is none, or can be read by others: better at the start than at the first secret."""
    here.vault.keys  # noqa: B018 - opening the vault is the check


def key_facts(here: Installation) -> Mapping[str, float]:
    """The keys that this process knows; none where its key cannot be read, which is told wherever one is needed."""
    try:
        facts = {knows_fact(key): 1.0 for key in here.vault.keys}
    except SecretsError:
        return {}
    return facts if here.key_file is None else {**facts, _reads(here): 1.0}


def wait_until_known(here: Installation, key: str, *, patience_s: float, told: Callable[[tuple[Worker, ...]], None]) -> None:
    """Comes back once every live process of the installation knows the key, or reads the key file that this one does.

    `told` hears once whom it waits for. Raises SecretsError naming those who still do not know it after so many seconds.
    """
    if not here.is_shared:
        return
    facts = frozenset({knows_fact(key)} if here.key_file is None else {knows_fact(key), _reads(here)})
    until, waiting = time.monotonic() + patience_s, False
    while lacking := _lacking(here, facts):
        if time.monotonic() >= until:
            names = ", ".join(map(shown, lacking))
            raise SecretsError(
                f"Not every process knows the new key yet: {names}. Nothing was sealed with it.",
                hint=_what_to_do(here),
            )
        if not waiting:
            told(lacking)
            waiting = True
        time.sleep(ASKED_EVERY_S)


def shown(worker: Worker) -> str:
    machine, process, _ = (*worker.name.split(":"), "", "")[:3]
    return f"hotlead {worker.role} on {machine} (process {process})"


def _lacking(here: Installation, facts: frozenset[str]) -> tuple[Worker, ...]:
    with here.store.read() as tx:
        workers = tx.workers.all()
    return who_lacks(workers, facts=facts, now=here.clock(), but=here.worker)


def _what_to_do(here: Installation) -> str:
    if here.key_file is None:
        return "Give them the same keys, start them again, and give this command again; or just again, where they were stopped by now."
    path = (here.settings.data_dir / "key").resolve()
    return (
        f"Copy {path} there (it holds the new key and the present one), or put its first line in front of HOTLEAD_SECRET_KEY there and "
        "start them again; then give this command again."
    )


def _reads(here: Installation) -> str:
    """Two processes show the same only where they read the same file of the same machine."""
    where = f"{machine_name()} {(here.settings.data_dir / 'key').resolve()}"
    return reads_fact(sha256(where.encode()).hexdigest()[:8])
