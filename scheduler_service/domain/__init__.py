"""Rules of time, without I/O: when a wait ends, and how long to hold back after a failure."""
