require "socket"

server = TCPServer.new("0.0.0.0", Integer(ENV.fetch("PORT", "2000")))
loop do
  client = server.accept
  while (line = client.gets) && line != "\r\n"; end
  body = "hello from a socket"
  client.write "HTTP/1.1 200 OK\r\nContent-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n#{body}"
  client.close
end
