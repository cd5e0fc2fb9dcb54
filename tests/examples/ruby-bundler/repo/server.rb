require "socket"
require_relative "lib/page"

server = TCPServer.new(Integer(ENV.fetch("PORT")))
loop do
  client = server.accept
  path = client.gets.to_s.split[1]
  client.gets until $_.nil? || $_ == "\r\n"
  body = Page.show(path)
  client.write "HTTP/1.1 200 OK\r\nContent-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n#{body}"
  client.close
end
