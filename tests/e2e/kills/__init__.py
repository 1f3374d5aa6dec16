"""`kill -9` of processes that all go on with the same stack, one test after the other."""
