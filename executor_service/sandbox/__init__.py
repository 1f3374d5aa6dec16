"""Runs scripts that strangers wrote. The boundary is the operating system's, not the engine's.

An executor starts a *fork server* (`inside`): a fresh process with an empty environment and one
socket, which loads the JavaScript engine, gives up everything that it can do without, and then
forks a child for each run. The child gives up the rest before it reads the script. It has one
file descriptor: a socket to the executor, over which it is given the script and asks for `fetch`.

`inside` is what runs in those processes; it imports the standard library and an engine, nothing
else. All other modules are the executor's side, which takes every byte from a child as hostile.
"""
