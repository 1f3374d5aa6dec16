"""Request and response bodies: what the REST interface promises, apart from how it is served."""
