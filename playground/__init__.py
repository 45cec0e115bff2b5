"""The web side: who may have what, and the pages, the REST interface and the sockets that show it."""
