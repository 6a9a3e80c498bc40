"""The questions of the command line, each a function from typed values to a value: what the library answers.

`cloudplan` lists them; the command line reads files, asks here, and shows what comes back.
"""
