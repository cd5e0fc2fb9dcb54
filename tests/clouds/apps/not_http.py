import os
import socket

server = socket.create_server(("0.0.0.0", int(os.environ["PORT"])))
while True:
    peer = server.accept()[0]
    peer.sendall(b"220 mail.example.com ESMTP\r\n")
    peer.close()
