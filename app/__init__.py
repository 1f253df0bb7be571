"""The service: HTTP, sign-in, tables, queue and command line."""
