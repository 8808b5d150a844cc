"""The command line. Each command is a module that loads when it is called; see the table in `main`.

Commands that need no server (`validate`, `translate`, `explain request -f`) run the pure line on files;
the others talk to a server's Unix socket through `client`. `up` is the exception: it runs a mesh itself.
"""
