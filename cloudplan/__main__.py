"""Run the command line with ``python -m cloudplan``."""

from cloudplan.cli import main

main()
