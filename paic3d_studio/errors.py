"""The two kinds of failure: what the artist can mend, and bugs (everything else)."""


class UserError(Exception):
    """A failure the artist can mend: one clear sentence, and what to do about it.

    The window shows it as a message that does not block; the command line prints it and exits with code 2.
    Any other exception is a bug and reaches the log whole.

    Args:
        message: what went wrong, one sentence that names the file or the value.
        cure: what to do about it, one sentence; empty when `message` already says so.
    """

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure

    def __reduce__(self) -> tuple[type[Exception], tuple[str, str]]:
        """Travel between processes whole: Exception alone would leave the cure behind."""
        return type(self), (self.message, self.cure)

    def __str__(self) -> str:
        return f"{self.message} {self.cure}".strip()


class Cancelled(Exception):
    """The artist cancelled the work, or a newer request replaced it."""


class ShapeMismatch(ValueError):
    """Two arrays that must agree in size do not: a bug in the caller."""
