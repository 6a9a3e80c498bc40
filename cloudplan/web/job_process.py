"""The process of a job: the command line, run in the folder of the job, and how it ended written there.

It is started as `python -P -m cloudplan.web.job_process FOLDER`; nothing that was uploaded is on the path of Python.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

BUG = 1
"""The exit status of a command that was interrupted, or that failed with a traceback."""


def main() -> NoReturn:
    """Run the command line that the folder says, and leave its exit status there."""
    folder = Path(sys.argv[1]).absolute()
    write(folder / "pid", str(os.getpid()))
    status = BUG
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a server in the background may not have heard it
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # whoever asked before is heard now
        from cloudplan.cli import main as command_line  # noqa: PLC0415 - an interruption is heard from here on

        said = json.loads((folder / "job.json").read_bytes())
        os.chdir(folder / "files")
        sys.argv = ["cloudplan", *said["arguments"]]
        command_line()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else BUG
    except KeyboardInterrupt:
        status = BUG
    finally:
        write(folder / "ended.json", json.dumps({"status": status}))
    sys.exit(status)


def write(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.write_text(text, encoding="utf-8")
    staged.replace(path)


if __name__ == "__main__":
    main()
