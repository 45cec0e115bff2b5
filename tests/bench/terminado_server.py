"""A terminado server as its own documentation shows it: `python terminado_server.py PORT`."""

import sys

import terminado
import tornado.ioloop
import tornado.web

if __name__ == "__main__":
    terminals = terminado.SingleTermManager(shell_command=["/bin/sh"])
    app = tornado.web.Application([(r"/ws", terminado.TermSocket, {"term_manager": terminals})])
    app.listen(int(sys.argv[1]), "127.0.0.1")
    try:
        tornado.ioloop.IOLoop.current().start()
    finally:
        terminals.kill_all()
