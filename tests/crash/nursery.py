"""The command, loaded once: for every line on standard input it runs anew, in a process of its own.

A line is a JSON list: the file for all that it prints, then its arguments. The answer is its process id, printed while
it stands still and waits for SIGCONT (so that it can be traced from its first call on), and then its exit code,
negative for a signal. Loading Python and all modules takes six times as long as what is to be killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys

import mailhitl.backends.idle
import mailhitl.backends.imap
import mailhitl.backends.smtp
import mailhitl.cli.opening
import mailhitl.daemon.service  # noqa: F401
from mailhitl.cli.main import run


def become(output: str, arguments: list[str]) -> None:
    """Be the command; never returns."""
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(target, 1)
    os.dup2(target, 2)
    sys.argv = ["mailhitl", *arguments]
    os.kill(os.getpid(), signal.SIGSTOP)
    code = 0
    try:
        run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    sys.stdout.flush()
    os._exit(code)


def main() -> None:
    for line in sys.stdin:
        output, *arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(output, arguments)
        os.waitpid(pid, os.WUNTRACED)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
