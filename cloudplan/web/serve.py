"""`cloudplan serve`: pages on one's own machine, in a browser, and the same as JSON."""

import gc
import os
import secrets
import signal
import socket
import tempfile
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.base.errors import BadInputError, Fault, MachineError
from cloudplan.base.processes import cores
from cloudplan.cli import talking, values
from cloudplan.cli.verbs import commands

ADDRESS = "127.0.0.1"
PORT = 8627
"""The port by default, so that an address that was kept leads somewhere after a restart."""
PATIENCE = 10.0
"""Seconds that searches have to end with their best plan when the server is stopped."""


@commands.command(example="cloudplan serve -o my-work")
def serve(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where files and results stay; it is made."),
    ] = Path("cloudplan-work"),
    port: Annotated[
        int, typer.Option(help="The port; 0 is any that is free.", parser=values.whole(0, 65535), metavar="PORT")
    ] = PORT,
    open: Annotated[bool, typer.Option("--open", help="Also open the address in the browser of this machine.")] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Jobs that run at a time. Default: one for each core.", parser=values.whole(1, 256), metavar="N"
        ),
    ] = None,
) -> None:
    """Serve pages to this machine alone: hand files in, size, look, download. Ctrl-C ends it.

    The address has a word in it that changes with each start: who does not know it gets nothing.
    """
    try:
        import fcntl  # noqa: F401, PLC0415 - not on every system

        import uvicorn  # noqa: PLC0415 - an extra

        from cloudplan.web.app import app  # noqa: PLC0415 - likewise
    except ImportError as error:
        message = f"{error.name} is missing; pip install 'cloudplan[web]', on Linux, macOS or WSL"
        raise MachineError([Fault(message, where="serve")]) from None
    from cloudplan.web.desk import Desk  # noqa: PLC0415 - after what is missing was told
    from cloudplan.web.folder import Folder  # noqa: PLC0415
    from cloudplan.web.running import Queue  # noqa: PLC0415

    os.umask(0o077)  # what stays here is nobody else's
    gc.enable()  # commands end soon and do without; this one does not
    signal.signal(signal.SIGTERM, _interrupted)
    folder = Folder(output)
    with _bound(port) as door, folder.alone():
        tempfile.tempdir = str(folder.path / "tmp")
        token, number = secrets.token_urlsafe(24), door.getsockname()[1]
        queue = Queue(folder.jobs, workers or cores())
        queue.open()
        address = f"http://{ADDRESS}:{number}/{token}/"
        talking.serving(address, folder.path)
        if open:
            webbrowser.open(leading_to(address, folder.path))
        server = uvicorn.Server(
            uvicorn.Config(
                app(Desk(folder, queue), token, number),
                log_level="error",
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=2,
                ws="none",
            )
        )
        try:
            server.run(sockets=[door])
        except KeyboardInterrupt:
            pass  # what uvicorn raises again once it is down
        finally:
            talking.left_running([job.id for job in queue.close(PATIENCE)])


def leading_to(address: str, folder: Path) -> str:
    """Write a page that leads to an address, and return where it is; others see the arguments of a browser, not it."""
    page = folder / "open.html"
    page.unlink(missing_ok=True)
    page.touch(mode=0o600)
    page.write_text(f'<!doctype html><meta http-equiv="refresh" content="0; url={address}">\n', encoding="utf-8")
    return page.as_uri()


def _interrupted(*_: object) -> None:
    """End as with Ctrl-C; uvicorn hears it first, and calls this once it is down."""
    raise KeyboardInterrupt


def _bound(port: int) -> socket.socket:
    """Return a socket that hears this machine alone; raise BadInputError when the port is taken."""
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((ADDRESS, port))
        door.listen()  # who asks at once waits until the answers come
    except OSError as error:
        door.close()
        raise BadInputError(
            [Fault(f"{port}: {error.strerror}; allowed: another port, or 0 for any", where="--port")]
        ) from None
    return door
