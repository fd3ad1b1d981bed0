"""An error in words: for the log, and for the people who look at how everything stands. No person's data in either."""

from connector.ports.errors import HotleadError


def logged(error: BaseException) -> dict[str, str]:
    """Fields of a log line: `error`, and `hint` where the error says what to do. Ours with their message; others by class only."""
    if not isinstance(error, HotleadError):
        return {"error": type(error).__name__}
    said = {"error": f"{type(error).__name__}: {error}"}
    return {**said, "hint": error.hint} if error.hint else said


def told(error: BaseException) -> str:
    """Sentences: what happened and what to do, as the error says it; a fault of our own by its class only."""
    if not isinstance(error, HotleadError):
        return f"A fault in hotlead itself ({type(error).__name__}); the log says where."
    return " ".join(filter(None, (_sentence(str(error)), error.hint)))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
