"""Work that would hold the interpreter, done in a child process that the caller supervises.

Meshing, simplifying and unwrapping hold Python's global lock for seconds and cannot be interrupted, so the window would
freeze and cancel would wait. A spawned child has its own lock and can be ended at once, by its handle.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, Final

from paic3d_studio.core.monitor import POLL, SILENT, Monitor
from paic3d_studio.errors import Cancelled, UserError

PATIENCE: Final = 2.0
"""How long an ended child may take to go before it is killed, in seconds."""


class ChildFailed(RuntimeError):
    """A bug inside the child process; the message is the child's own traceback."""


class ChildEnded(UserError):
    """The child process was ended from outside, most likely for want of memory: another try may go well."""


def run_in_child(
    function: Callable[..., Any],
    *arguments: object,
    monitor: Monitor = SILENT,
    has_children: bool = False,
    **options: object,
) -> Any:
    """Return `function(*arguments, **options, monitor=...)`, computed in a spawned child process.

    Args:
        function: importable by name from a module that loads neither torch nor Qt.
        arguments: travel between our own processes, as do `options` and the result; arrays arrive read-only.
        monitor: hears the child's progress; on cancel the child is ended at once.
        has_children: whether `function` starts children of its own, which are then ended first.

    Raises:
        Cancelled: the child has been ended.
        UserError: raised by `function`.
        ChildEnded: the child was ended from outside.
        ChildFailed: `function` raised anything else.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    arguments_of_child = (theirs, has_children)
    child = context.Process(target=_serve, args=arguments_of_child, name=function.__name__, daemon=not has_children)
    child.start()
    theirs.close()
    try:
        _wait_for(ours, monitor)  # the child has started; it reads on, so that sending does not block
        _receive(ours)
        _send(ours, (function, arguments, options))
        return _answer(ours, monitor)
    except (EOFError, ConnectionError) as gone:
        monitor.check()  # Ctrl-C ends a child that has not come so far as to ignore it
        child.join(PATIENCE)
        raise ChildEnded(
            f"The helper program for {function.__name__.replace('_', ' ')} ended unexpectedly (code {child.exitcode}).",
            "Close other programs to free memory, then try again.",
        ) from gone
    finally:
        ours.close()
        _end(child)


def _wait_for(connection: Connection, monitor: Monitor) -> None:
    while not connection.poll(POLL):
        monitor.check()


def _answer(connection: Connection, monitor: Monitor) -> Any:
    """Forward the child's progress until its result or its error arrives."""
    while True:
        _wait_for(connection, monitor)
        match _receive(connection):
            case ("progress", fraction, text):
                monitor.report(fraction, text)
            case ("result", value):
                return value
            case ("user error", message, cure):
                raise UserError(message, cure)
            case ("bug", report):
                raise ChildFailed(report)


def _end(child: multiprocessing.process.BaseProcess) -> None:
    if child.is_alive():
        child.terminate()
        child.join(PATIENCE)
    if child.is_alive():
        child.kill()
    child.join()


def _serve(connection: Connection, has_children: bool) -> None:
    """Run in the child: take the work, report progress, answer with the result or the error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    _send(connection, "started")
    function, arguments, options = _receive(connection)
    monitor = Monitor(lambda fraction, text: _send(connection, ("progress", fraction, text)))
    try:
        with _ending_children() if has_children else nullcontext():
            result = function(*arguments, **options, monitor=monitor)
        _send(connection, ("result", result))
    except UserError as error:
        _send(connection, ("user error", error.message, error.cure))
    except (BrokenPipeError, Cancelled):
        pass  # the parent has gone, or wants no answer
    except Exception:  # noqa: BLE001 - the border of the process: the parent raises it again
        _send(connection, ("bug", traceback.format_exc()))


@contextmanager
def _ending_children() -> Iterator[None]:
    """While the block runs, unwind when this process is ended, so that its children are ended on the way."""

    def leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 as signals call it
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _send(connection: Connection, value: object) -> None:
    """Send a value, its arrays as they lie in memory: copying them into a pickle would hold the interpreter."""
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    connection.send_bytes(len(buffers).to_bytes(4, "little"))
    connection.send_bytes(pickled)
    for buffer in buffers:
        with buffer.raw() as raw:
            connection.send_bytes(raw)


def _receive(connection: Connection) -> Any:
    """Receive what `_send` sent; safe because only our own child stands at the other end."""
    count = int.from_bytes(connection.recv_bytes(), "little")
    pickled = connection.recv_bytes()
    return pickle.loads(pickled, buffers=[connection.recv_bytes() for _ in range(count)])  # noqa: S301
