"""The command line `odibi-core`: one module a command, loaded when it is called."""
