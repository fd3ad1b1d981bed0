"""The floor of `connector.core`: the standard library and NumPy."""

import subprocess
import sys

ASK = """
import importlib, pkgutil, sys
before = set(sys.modules)
import connector.core
for found in pkgutil.iter_modules(connector.core.__path__):
    importlib.import_module("connector.core." + found.name)
roots = {name.split(".")[0] for name in set(sys.modules) - before if not name.startswith("_sysconfigdata_")}
print(*sorted(roots - set(sys.stdlib_module_names) - {"connector"}))
"""


def test_core_imports_numpy_and_nothing_else_from_outside() -> None:
    answer = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}{ASK}"], capture_output=True, text=True, check=True
    )

    assert answer.stdout.split() == ["numpy"]
