"""What the API and the engine do, without a word about protocols or SQL."""
