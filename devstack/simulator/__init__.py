"""Stands in for the outside world, so that nothing has to be mocked and nothing leaves the machine.

It speaks the providers' own HTTP; the official SDKs talk to it by base URL. Everything it accepted
is kept in an inbox, and it can be told to fail the way networks and providers fail.
"""
