"""OpenGL contexts that somebody else made and keeps: a window's."""

from __future__ import annotations

from typing import Any, Final, Protocol, Self

import moderngl

DrawingError: Final = moderngl.Error
"""What drawing raises when the driver refuses a shader or a buffer."""


class FunctionLoader(Protocol):
    """Finds the functions of the current context; the window's toolkit knows them."""

    def load(self, name: str) -> int:
        """Return the address of the OpenGL function `name`, 0 when there is none."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def release(self) -> None:
        """Let go of the context."""
        ...


def adopted_context(loader: FunctionLoader) -> moderngl.Context:
    """Return the current context as moderngl sees it.

    Raises:
        Exception: it is no OpenGL 3.3; moderngl raises nothing more precise.
    """
    settings: dict[str, Any] = {"context": loader}
    return moderngl.create_context(require=330, **settings)
