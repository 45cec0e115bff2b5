"""A terminado server as its own documentation shows it: `python terminado_server.py PORT`."""

import sys

import tornado.ioloop
import tornado.web
from terminado.management import SingleTermManager
from terminado.websocket import TermSocket

if __name__ == "__main__":
    terminals = SingleTermManager(shell_command=["/bin/sh"])
    app = tornado.web.Application([(r"/ws", TermSocket, {"term_manager": terminals})])
    app.listen(int(sys.argv[1]), "127.0.0.1")
    tornado.ioloop.IOLoop.current().start()
