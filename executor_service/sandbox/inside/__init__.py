"""What runs in the fork server and its children: the standard library and a JavaScript engine.

Nothing of the executor is imported here, so that no secret can be in these processes' memory.
"""
