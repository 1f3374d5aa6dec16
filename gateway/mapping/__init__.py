"""Between the REST bodies and the protobuf messages; nothing is decided here."""
