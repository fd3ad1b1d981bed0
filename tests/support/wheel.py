"""Builds the wheel, looks inside, installs it in a clean environment with the locked versions, and asks it to work.

Run by `make wheel`: not a pytest test, because it makes an environment of its own.
"""

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = {"connector", "adapters", "mappings", "jobs"}
DEMO_PEOPLE = "500"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="hotlead-wheel-") as name:
        folder = Path(name)
        wheel = _build(folder)
        _look_inside(wheel)
        hotlead = _install(folder / "env", wheel)
        said = _run(hotlead, "--version", cwd=folder)
        if not said.startswith("hotlead "):
            raise SystemExit(f"`hotlead --version` said {said!r}")
        demo = _run(hotlead, "demo", "--exit", "--people", DEMO_PEOPLE, cwd=folder)
        if "Who is worth calling now" not in demo:
            raise SystemExit(f"`hotlead demo --exit` showed no hot list:\n{demo}")
    sys.stdout.write(f"wheel: {wheel.name} holds {', '.join(sorted(PACKAGES))}; installed clean, {said.strip()}, demo ran\n")


def _build(folder: Path) -> Path:
    _run(Path(sys.executable), "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _look_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {n.split("/")[0] for n in names if ".dist-info/" not in n}
    if top != PACKAGES:
        raise SystemExit(f"the wheel holds {sorted(top)}, not just {sorted(PACKAGES)}")
    for needed in ("mappings/scoring/b2b_default.yaml", "adapters/kit/sandbox/templates/sandbox_record.html", "connector/py.typed"):
        if needed not in names:
            raise SystemExit(f"the wheel lacks {needed}")


def _install(folder: Path, wheel: Path) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    _run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(ROOT / "requirements.txt"), cwd=folder)
    _run(python, "-m", "pip", "install", "--quiet", "--no-deps", str(wheel), cwd=folder)
    return folder / "bin" / "hotlead"


def _run(program: Path, *arguments: str, cwd: Path) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "HOTLEAD_"))}
    done = subprocess.run([str(program), *arguments], cwd=cwd, env=clean, text=True, capture_output=True, timeout=600, check=False)
    if done.returncode:
        raise SystemExit(f"{program.name} {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
