"""`python -m netbsd_dm` is the command netbsd-dm."""

from .cli.app import main

main()
