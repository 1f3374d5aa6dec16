"""Contacts from CSV files: taken in whole by the api, carried out by the engine bit by bit."""
