"""The vocabulary between web and worker: the only room of `runtime` that the web side may enter, beside `errors`.

- `model`: what a container is and what is seen of it;
- `messages`: requests and replies, one tagged union each;
- `framing`: bytes to frames and back, no sockets;
- `pty`: the terminal's binary frames, `pty.v1`;
- `merge`: RFC 7396 merge patches;
- `client`: a blocking and an asyncio client of the worker's socket.
"""

VERSION = 1
