"""Reads of the database. Access is granted here: nothing else turns an id into a row."""
